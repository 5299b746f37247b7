/** `countersign inspect`: draws the structure of a file without judging, and says so on its first line. @module */
import { parseArgs } from 'node:util'
import { MalformedError } from '../../errors.ts'
import { type Command, UsageError } from '../command.ts'
import { recognise } from '../evidence/recognise.ts'
import { EXIT_NOT_VERIFIED, EXIT_OK } from '../exit-codes.ts'
import { readInput } from '../files.ts'
import { inspectFile } from '../inspect/inspect-file.ts'
import { readPins } from '../inspect/pins.ts'
import { inspectionJson, renderInspection } from '../inspect/render.ts'
import { printable } from '../output.ts'

const HELP = `countersign inspect FILE [--json | --pins]

Draws what a file holds, with byte offsets, lengths and values: archives (*.cmw.json), receipts, SEV-SNP reports and certificate tables,
TDX quotes, Nitro documents, certificates and revocation lists (DER or PEM), Intel's TCB info and QE identity, event logs; also
compressed, in hex or in base64. A malformed file is drawn up to its fault. Nothing is verified.

  --json  the whole tree as one JSON object
  --pins  of a receipt or its archive: what the answer relied on and its engine, as the members "dependencies" and "engines" of a policy.
          Verify it first, then keep the roles that are the same from one answer to the next

Exit codes: 0 decoded, 1 malformed, 2 usage.

Example: countersign inspect quote.bin
`

export const command: Command = {
  summary: 'show what a file says, without judging',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false }, pins: { type: 'boolean', default: false } },
    })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0)
      throw new UsageError('one file is due', 'For example: countersign inspect answer.cmw.json')
    if (values.json && values.pins)
      throw new UsageError(
        '--json and --pins exclude each other',
        'For example: countersign inspect answer.cmw.json --pins',
      )
    try {
      const recognised = await recognise(await readInput(file))
      if (values.pins) {
        io.out(`${JSON.stringify(readPins(recognised), undefined, 2)}\n`)
        io.err('not verified: this is what the file says of itself. Pin it once countersign verify passes.\n')
        return EXIT_OK
      }
      const inspection = inspectFile(recognised)
      const { wrapping } = recognised
      const title = wrapping.length === 0 ? inspection.title : `${inspection.title} (in ${wrapping.join(', in ')})`
      io.out(values.json ? inspectionJson({ ...inspection, title }) : renderInspection({ ...inspection, title }))
      return inspection.fault === undefined ? EXIT_OK : EXIT_NOT_VERIFIED
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      io.err(
        `not verified: ${error.failure}: ${printable(error.message)}\nSee countersign inspect --help for what is read.\n`,
      )
      return EXIT_NOT_VERIFIED
    }
  },
}
