/** `countersign serve`: runs the gateway until it is told to stop. @module */
import { parseArgs } from 'node:util'
import { CountersignError } from '../../errors.ts'
import { createDefaultConfig, exampleConfig, type GatewayConfig, loadConfig } from '../../server/config/index.ts'
import type { Gateway } from '../../server/index.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { type HardwareOptions, startHardwareGateway, tellReadiness } from '../hardware-gateway.ts'
import { paint, printable, SIMULATED_BANNER } from '../output.ts'
import { createTrialUpstreams, startTrialGateway } from '../trial-gateway.ts'

const HELP = `countersign serve [-c FILE] [options]

Runs the gateway on this machine's TEE (countersign doctor shows which). Point an OpenAI client at the address that it prints.

  -c, --config FILE             configuration; --example prints one to start from
  --simulated                   on a simulated TEE: proves nothing about hardware
  --inception                   begin the history of this gateway in a store that has none; once, on purpose
  --dangerously-no-api-keys     without a configuration: serve the embedded model to whoever can connect
  --example                     print a commented configuration

On SIGHUP it reads its configuration again: operational settings change at once, a changed measured part is a new session.

Example: countersign serve -c countersign.yaml
Trial:   countersign serve --simulated --dangerously-no-api-keys
`

interface Source {
  readonly config?: string | undefined
  readonly open: boolean
}

async function readConfiguration({ config, open }: Source, io: Io): Promise<GatewayConfig> {
  if (config !== undefined) return loadConfig(config, { env: io.env })
  if (open) return createDefaultConfig({ env: io.env })
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

/** What cannot be taken is told, and changes nothing: the gateway goes on as it was. */
async function reload(gateway: Gateway, source: Source, io: Io): Promise<void> {
  try {
    const config = await readConfiguration(source, io)
    await gateway.reload(config, () => createTrialUpstreams(config, io))
    io.err('countersign: configuration read again\n')
  } catch (error) {
    // Whatever it is, the gateway that runs is as it was: a mistake in a file must not end it.
    const reason = error instanceof Error ? error.message : 'unknown'
    io.err(`countersign: configuration not taken: ${printable(reason)}\n`)
  }
}

function tokenFor({ operational }: GatewayConfig, io: Io): string {
  const { witnesses } = operational
  if (witnesses === 'none' || witnesses.enrolmentTokenEnv === 'none') return 'none'
  const token = io.env[witnesses.enrolmentTokenEnv]
  if (token === undefined || token === '')
    throw new CountersignError('ERR_CONFIG', `environment variable ${witnesses.enrolmentTokenEnv} is not set`)
  return token
}

interface Started {
  readonly gateway: Gateway
  /** Where it listens, and what it wrote. */
  readonly address: string
}

async function startSimulated(options: HardwareOptions, io: Io): Promise<Started> {
  const folder = options.config.operational.dataDir
  const { gateway, url, policyFile, lockFile } = await startTrialGateway({ ...options, folder }, io)
  io.err(`${paint(SIMULATED_BANNER, '33;1', io.colour)}\n`)
  return { gateway, address: `listening on ${url}/v1\npolicy ${policyFile}\nlock   ${lockFile}\n` }
}

async function startHardware(options: HardwareOptions, io: Io): Promise<Started> {
  const { gateway, url } = await startHardwareGateway(options, io)
  void tellReadiness(gateway, io)
  return { gateway, address: `listening on ${url}/v1\n` }
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
        inception: { type: 'boolean', default: false },
        'dangerously-no-api-keys': { type: 'boolean', default: false },
        example: { type: 'boolean', default: false },
      },
    })
    if (values.example) {
      io.out(exampleConfig)
      return EXIT_OK
    }
    const source = { config: values.config, open: values['dangerously-no-api-keys'] }
    const config = await readConfiguration(source, io)
    const stopped = stopSignal()
    const lineage = values.inception ? 'begin' : 'continue'
    const start = values.simulated ? startSimulated : startHardware
    const { gateway, address } = await start({ config, lineage, enrolmentToken: tokenFor(config, io) }, io)
    if (config.operational.apiKeys === 'dangerously-none')
      io.err(`${paint('No API keys: whoever can connect may ask', '33;1', io.colour)}\n`)
    io.out(address)
    const onHangUp = (): void => void reload(gateway, source, io)
    process.on('SIGHUP', onHangUp)
    const failure = await Promise.race([stopped.then(() => undefined), gateway.ended])
    if (failure === undefined) io.err('countersign: finishing what is under way\n')
    // A terminal that closes sends both signals: until all is flushed none of them ends the process at once.
    await gateway.close()
    process.off('SIGHUP', onHangUp)
    if (failure !== undefined) throw failure
    return EXIT_OK
  },
}
