/** `countersign log init`: begins a history, once. @module */
import { parseArgs } from 'node:util'
import { beginLineage } from '../../storage/index.ts'
import { UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { openPlace } from './place.ts'
import type { Subcommand } from './subcommand.ts'

const HELP = `countersign log init -c FILE [--operational FILE] [--json]
countersign log init DIR --host NAME [--lineage NAME] [--json]

Begins the history of a gateway in its folder or bucket. A gateway never does so by itself: a disk that was not mounted
looks like a new one, and a second history would begin in silence.

Of an image, whose configuration is in two files, -c FILE is the measured half and --operational FILE the other.

Example: countersign log init -c countersign.yaml
`

export const subcommand: Subcommand = {
  summary: 'begin the history of a new gateway',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        operational: { type: 'string' },
        host: { type: 'string' },
        lineage: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const [folder, ...more] = positionals
    if (more.length > 0) throw new UsageError('init takes one folder', 'See countersign log init --help.')
    const place = await openPlace(
      { folder, config: values.config, operational: values.operational, lineage: values.lineage },
      io,
    )
    const host = values.host ?? place.host
    if (host === undefined || (place.host !== undefined && host !== place.host))
      throw new UsageError('the name of the gateway is needed', 'Give --host as in measured.host, or -c FILE alone.')
    const inception = await beginLineage(place.store, { name: place.lineage, host })
    if (values.json) io.out(`${JSON.stringify({ ok: true, lineage: place.lineage, ...inception })}\n`)
    else io.out(`lineage ${place.lineage} of ${host} begins in ${place.title}\n`)
    return EXIT_OK
  },
}
