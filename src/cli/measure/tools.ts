/** `countersign measure tools`: what each tool server of a configuration is and lists now, for writing its digests there. @module */
import { parseArgs } from 'node:util'
import { loadConfig } from '../../server/config/index.ts'
import { type MeasuredToolServer, measureToolServer, type ToolServerConfig } from '../../tools/index.ts'
import { type Io, UsageError } from '../command.ts'
import { EXIT_NOT_VERIFIED, EXIT_OK } from '../exit-codes.ts'
import { printable, renderFields } from '../output.ts'
import type { Verb } from './verb.ts'

const EXAMPLE = 'For example: countersign measure tools countersign.yaml'
const HELP = `countersign measure tools CONFIG [--json]

Starts or contacts each server of measured.tools as it is now, and shows what the configuration has to say of it: the digest of its list of
tools, the digests of the files that its command runs, and its identity, which receipts name with each call. No tool is called. Programs get
the variables that the configuration names, and requests the bearer token. Exit code 1 when something is not as the configuration says.

  --json  the result for machines, with every tool and its schema

Example: countersign measure tools countersign.yaml
`
const OPTIONS = { json: { type: 'boolean', default: false } } as const

/** One server, and what the configuration says of it. */
interface Measured {
  readonly said: ToolServerConfig
  readonly now: MeasuredToolServer
}

function toolsSaid({ said, now }: Measured): string {
  return said.kind === 'http' ? now.server.digest : said.tools
}

function filesOf(config: ToolServerConfig): readonly { readonly path: string; readonly digest: string }[] {
  return config.kind === 'mcp-stdio' ? config.files : []
}

function isAsSaid(measured: Measured): boolean {
  const { said, now } = measured
  const files = filesOf(now.config)
  return (
    now.server.digest === toolsSaid(measured) && filesOf(said).every(({ digest }, i) => digest === files[i]?.digest)
  )
}

/** Names, descriptions and paths were chosen by whoever made the server and the configuration. */
function render(measured: Measured): string {
  const { said, now } = measured
  const { id, identity, digest, definitions } = now.server
  const noted = (value: string, expected: string | undefined): string =>
    value === expected ? value : `${value}\n  not ${expected ?? 'none'}, as the configuration says`
  return renderFields([
    ['server', `${id}, ${said.kind}`],
    ['identity', identity],
    ['tools', noted(digest, toolsSaid(measured))],
    ...filesOf(now.config).map((file, i): readonly [string, string] => [
      'file',
      `${printable(file.path)}\n  ${noted(file.digest, filesOf(said)[i]?.digest)}`,
    ]),
    ...definitions.map(({ name }): readonly [string, string] => ['tool', printable(name)]),
  ])
}

function json(all: readonly Measured[]): string {
  const servers = all.map((measured) => {
    const { server, config } = measured.now
    const { id, identity, digest, definitions } = server
    const files = filesOf(config)
    return {
      id,
      kind: config.kind,
      identity,
      tools: digest,
      asConfigured: isAsSaid(measured),
      ...(files.length === 0 ? {} : { files }),
      definitions,
    }
  })
  return `${JSON.stringify({ servers })}\n`
}

async function measure(configs: readonly ToolServerConfig[], io: Io): Promise<readonly Measured[]> {
  const measured: Measured[] = []
  // One after another: who fails is named, and no program is left behind.
  for (const said of configs) {
    const now = await measureToolServer(said, { env: io.env, monotonicMs: () => performance.now() })
    measured.push({ said, now })
    await now.server.close()
  }
  return measured
}

export const verb: Verb = {
  summary: 'the lists of tools of a configuration, and who the servers are',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) throw new UsageError('measure tools wants one configuration', EXAMPLE)
    const { measured: config } = await loadConfig(file, { env: io.env })
    if (config.tools === undefined)
      throw new UsageError(`${file} has no tool servers`, 'Write them as measured.tools; see docs/context.md.')
    const measured = await measure(config.tools, io)
    io.out(values.json ? json(measured) : `${measured.map(render).join('\n\n')}\n`)
    return measured.every(isAsSaid) ? EXIT_OK : EXIT_NOT_VERIFIED
  },
}
