/** `countersign doctor`: what this machine can attest, and what is missing. @module */
import { parseArgs } from 'node:util'
import { thisMachine } from '../../quoter/index.ts'
import type { Command } from '../command.ts'
import { examine } from '../doctor/examine.ts'
import { renderExamination } from '../doctor/render.ts'
import { thisSystem } from '../doctor/system.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'

const HELP = `countersign doctor [--quote] [--json]

Says which TEE this machine has and can be asked for quotes, and what is missing: devices, kernel, registers, clock.

  --quote   make one real quote and take it apart; nothing is verified against a vendor
  --json    for machines

Exit code 0 for a report. With --quote: 1 when the quote is not usable, 3 when there is no TEE to ask.

Example: countersign doctor --json
`

export const command: Command = {
  summary: 'what this machine can attest, and what is missing',
  help: HELP,
  async run(args, io): Promise<ExitCode> {
    const { values } = parseArgs({
      args: [...args],
      options: { quote: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
    })
    const found = await examine({ machine: thisMachine(), system: thisSystem(), now: io.now() }, values)
    io.out(values.json ? `${JSON.stringify(found)}\n` : renderExamination(found, io))
    if (found.quote === undefined || found.quote.ok) return EXIT_OK
    return found.quoter === 'none' ? EXIT_NOT_PERFORMED : EXIT_NOT_VERIFIED
  },
}
