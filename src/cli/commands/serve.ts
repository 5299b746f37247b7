/** `countersign serve`: runs the gateway until it is told to stop. @module */
import { parseArgs } from 'node:util'
import { createDefaultConfig, exampleConfig, type GatewayConfig, loadConfig } from '../../server/config/index.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { paint, SIMULATED_BANNER } from '../output.ts'
import { startTrialGateway } from '../trial-gateway.ts'

const HELP = `countersign serve [-c FILE] [options]

Runs the gateway. Point an OpenAI client at the address that it prints.

  -c, --config FILE             configuration; --example prints one to start from
  --simulated                   on a simulated TEE: proves nothing about hardware
  --dangerously-no-api-keys     without a configuration: serve the embedded model to whoever can connect
  --example                     print a commented configuration

Example: countersign serve --simulated --dangerously-no-api-keys
`

async function readConfiguration(
  values: { readonly config?: string | undefined; readonly open: boolean },
  io: Io,
): Promise<GatewayConfig> {
  if (values.config !== undefined) return loadConfig(values.config, { env: io.env })
  if (values.open) return createDefaultConfig({ env: io.env })
  throw new UsageError(
    'serve needs a configuration with API keys',
    'Give one with -c FILE (countersign serve --example > countersign.yaml), or for a trial add --dangerously-no-api-keys.',
  )
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

export const command: Command = {
  summary: 'run the gateway',
  help: HELP,
  async run(args, io) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string', short: 'c' },
        simulated: { type: 'boolean', default: false },
        'dangerously-no-api-keys': { type: 'boolean', default: false },
        example: { type: 'boolean', default: false },
      },
    })
    if (values.example) {
      io.out(exampleConfig)
      return EXIT_OK
    }
    if (!values.simulated)
      throw new UsageError(
        'no quoter for real hardware is built yet',
        'For a trial on any machine add --simulated; it proves nothing about hardware.',
      )
    const config = await readConfiguration({ config: values.config, open: values['dangerously-no-api-keys'] }, io)
    const stopped = stopSignal()
    const { gateway, url, policyFile, lockFile } = await startTrialGateway(
      { config, folder: config.operational.dataDir },
      io,
    )
    io.err(`${paint(SIMULATED_BANNER, '33;1', io.colour)}\n`)
    if (config.operational.apiKeys === 'dangerously-none')
      io.err(`${paint('No API keys: whoever can connect may ask', '33;1', io.colour)}\n`)
    io.out(`listening on ${url}/v1\npolicy ${policyFile}\nlock   ${lockFile}\n`)
    await stopped
    io.err('countersign: finishing what is under way\n')
    await gateway.close()
    return EXIT_OK
  },
}
