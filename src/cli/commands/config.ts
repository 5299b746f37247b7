/** `countersign config check`: reads a configuration as `serve` would, and says what its measured part comes to. @module */
import { parseArgs } from 'node:util'
import { loadConfig } from '../../server/config/index.ts'
import { type Command, UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { renderFields } from '../output.ts'

const HELP = `countersign config check FILE [--json]

Reads a configuration strictly and prints the digest of its measured part: what sessions and lock files name.

Example: countersign config check countersign.yaml
`

export const command: Command = {
  summary: 'check a configuration file',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false } },
    })
    const [verb, file, ...more] = positionals
    if (verb !== 'check' || file === undefined || more.length > 0)
      throw new UsageError(
        'config knows one verb: check FILE',
        'For example: countersign config check countersign.yaml',
      )
    const { measured, operational, digest } = await loadConfig(file, { env: io.env })
    const models = measured.models.map(({ id }) => id)
    const keys =
      operational.apiKeys === 'dangerously-none'
        ? 'none: whoever can connect may ask'
        : String(operational.apiKeys.length)
    if (values.json) io.out(`${JSON.stringify({ ok: true, digest, host: measured.host, models })}\n`)
    else
      io.out(
        `${file} is valid\n${renderFields([
          ['measured', digest],
          ['host', measured.host],
          ['models', models.join(', ')],
          ['API keys', keys],
        ])}\n`,
      )
    return EXIT_OK
  },
}
