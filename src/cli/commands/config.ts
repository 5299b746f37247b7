/** `countersign config check`: reads a configuration as `serve` would, and says what its measured part comes to. @module */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { decodeSplitConfig, type GatewayConfig, loadConfig, loadSplitConfig } from '../../server/config/index.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { renderFields } from '../output.ts'

const HELP = `countersign config check FILE [--operational FILE | --measured] [--json]

Reads a configuration strictly and prints the digest of its measured part: what sessions and lock files name.

  --operational FILE  the configuration is in two files, as images have it: FILE is the half that comes from outside
  --measured          FILE is the measured half alone

Example: countersign config check countersign.yaml
`

/** In place of a half that is not known yet. It opens nothing: only the other half is judged. */
const ANY_OPERATIONAL = 'operational:\n  apiKeys: dangerously-none\n'

interface Asked {
  readonly operational?: string | undefined
  readonly isMeasuredOnly: boolean
}

async function read(file: string, { operational, isMeasuredOnly }: Asked, env: Io['env']): Promise<GatewayConfig> {
  if (operational !== undefined) return (await loadSplitConfig({ measured: file, operational }, { env })).config
  if (!isMeasuredOnly) return loadConfig(file, { env })
  const measured = { text: await readFile(file, 'utf8'), file }
  return decodeSplitConfig({ measured, operational: { text: ANY_OPERATIONAL, file: 'no file' } }, env).config
}

export const command: Command = {
  summary: 'check a configuration file',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        operational: { type: 'string' },
        measured: { type: 'boolean', default: false },
      },
    })
    const [verb, file, ...more] = positionals
    if (verb !== 'check' || file === undefined || more.length > 0)
      throw new UsageError(
        'config knows one verb: check FILE',
        'For example: countersign config check countersign.yaml',
      )
    const asked = { operational: values.operational, isMeasuredOnly: values.measured }
    const { measured, operational, digest } = await read(file, asked, io.env)
    const models = measured.models.map(({ id }) => id)
    const keys = values.measured
      ? 'not in this half'
      : operational.apiKeys === 'dangerously-none'
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
