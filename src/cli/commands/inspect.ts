/** `countersign inspect`: draws the structure of a file without judging, and says so on its first line. @module */
import { parseArgs } from 'node:util'
import { MalformedError } from '../../errors.ts'
import { type Command, UsageError } from '../command.ts'
import { recognise } from '../evidence/recognise.ts'
import { EXIT_NOT_VERIFIED, EXIT_OK } from '../exit-codes.ts'
import { readInput } from '../files.ts'
import { inspectFile } from '../inspect/inspect-file.ts'
import { inspectionJson, renderInspection } from '../inspect/render.ts'
import { printable } from '../output.ts'

const HELP = `countersign inspect FILE [--json]

Draws what a file holds, with byte offsets, lengths and values: archives (*.cmw.json), receipts, SEV-SNP reports and certificate tables,
TDX quotes, Nitro documents, certificates and revocation lists (DER or PEM), Intel's TCB info and QE identity, event logs; also
compressed, in hex or in base64. A malformed file is drawn up to its fault. Nothing is verified.

  --json  the whole tree as one JSON object

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
      options: { json: { type: 'boolean', default: false } },
    })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0)
      throw new UsageError('one file is due', 'For example: countersign inspect answer.cmw.json')
    try {
      const recognised = await recognise(await readInput(file))
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
