/** `countersign log restore`: makes a store of a backup. @module */
import { parseArgs } from 'node:util'
import { createFileStore, restoreStore } from '../../storage/index.ts'
import { UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { copyProgress, renderCopied } from './copy-progress.ts'
import { openPlace } from './place.ts'
import type { Subcommand } from './subcommand.ts'

const HELP = `countersign log restore BACKUP DIR [--json]
countersign log restore BACKUP -c FILE [--operational FILE] [--json]

Copies a backup into an empty folder or bucket and reads the copy back. Before a gateway runs on it, say that the original
is gone: countersign log adopt.

Of an image, whose configuration is in two files, -c FILE is the measured half and --operational FILE the other.

Example: countersign log restore /mnt/backup/2026-11-21 /var/lib/countersign
`

export const subcommand: Subcommand = {
  summary: 'make a folder or bucket of a backup',
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
    const [backup, folder, ...more] = positionals
    if (backup === undefined || more.length > 0)
      throw new UsageError('restore takes a backup and a store', 'See countersign log restore --help.')
    const { store, title } = await openPlace(
      { folder, config: values.config, operational: values.operational, lineage: undefined },
      io,
    )
    const progress = copyProgress(io)
    const copied = await restoreStore(createFileStore(backup), store, { onProgress: progress.show })
    progress.end()
    if (values.json) io.out(`${JSON.stringify({ ok: true, target: title, ...copied })}\n`)
    else io.out(`${title} holds ${renderCopied(copied)}, read back and equal\nnext: countersign log adopt\n`)
    return EXIT_OK
  },
}
