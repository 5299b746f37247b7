/** `countersign log adopt`: makes a copy the original. @module */
import { parseArgs } from 'node:util'
import { adoptLineage } from '../../storage/index.ts'
import { UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { openPlace } from './place.ts'
import type { Subcommand } from './subcommand.ts'

const HELP = `countersign log adopt DIR [--lineage NAME] [--json]
countersign log adopt -c FILE [--operational FILE] [--json]

Lets a gateway continue a restored backup, or a copied folder. Only where the original is gone for good: two gateways that
continue one history would show two histories, which witnesses and auditors take for fraud.

Of an image, whose configuration is in two files, -c FILE is the measured half and --operational FILE the other.

Example: countersign log adopt /var/lib/countersign
`

export const subcommand: Subcommand = {
  summary: 'continue a restored or copied history whose original is gone',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        operational: { type: 'string' },
        lineage: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const [folder, ...more] = positionals
    if (more.length > 0) throw new UsageError('adopt takes one folder', 'See countersign log adopt --help.')
    const place = await openPlace(
      { folder, config: values.config, operational: values.operational, lineage: values.lineage },
      io,
    )
    const inception = await adoptLineage(place.store, { name: place.lineage })
    if (values.json) io.out(`${JSON.stringify({ ok: true, lineage: place.lineage, ...inception })}\n`)
    else io.out(`${place.title} is the original of lineage ${place.lineage} of ${inception.host} now\n`)
    return EXIT_OK
  },
}
