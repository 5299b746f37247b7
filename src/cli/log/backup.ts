/** `countersign log backup`: copies a store, also while a gateway writes it. @module */
import { parseArgs } from 'node:util'
import { backupStore, createFileStore } from '../../storage/index.ts'
import { UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { copyProgress, renderCopied } from './copy-progress.ts'
import { openPlace } from './place.ts'
import type { Subcommand } from './subcommand.ts'

const HELP = `countersign log backup DIR TARGET [--json]
countersign log backup -c FILE [--operational FILE] TARGET [--json]

Copies the history of a gateway, running or not, into a new folder and reads the copy back. A backup can be verified
like its original; a gateway runs on it only after restore and adopt.

Of an image, whose configuration is in two files, -c FILE is the measured half and --operational FILE the other.

Example: countersign log backup -c countersign.yaml /mnt/backup/2026-11-21
`

export const subcommand: Subcommand = {
  summary: 'copy the history of a gateway',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        operational: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const target = positionals.at(-1)
    if (target === undefined || positionals.length !== (values.config === undefined ? 2 : 1))
      throw new UsageError('backup takes a store and a new folder', 'See countersign log backup --help.')
    const folder = values.config === undefined ? positionals[0] : undefined
    const { store } = await openPlace(
      { folder, config: values.config, operational: values.operational, lineage: undefined },
      io,
    )
    const taken = Math.floor(io.now().getTime() / 1000)
    const progress = copyProgress(io)
    const copied = await backupStore(store, createFileStore(target), { taken, onProgress: progress.show })
    progress.end()
    if (values.json) io.out(`${JSON.stringify({ ok: true, target, ...copied })}\n`)
    else io.out(`${target} holds ${renderCopied(copied)}, read back and equal\n`)
    return EXIT_OK
  },
}
