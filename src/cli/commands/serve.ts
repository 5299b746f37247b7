/** `countersign serve`: runs the gateway until it is told to stop. @module */
import { parseArgs } from 'node:util'
import { CountersignError } from '../../errors.ts'
import {
  checkEnvironment,
  createDefaultConfig,
  type EnvironmentRules,
  exampleConfig,
  type GatewayConfig,
  loadConfig,
  loadSplitConfig,
  namedVariables,
  type SplitConfig,
} from '../../server/config/index.ts'
import type { Gateway } from '../../server/index.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { type HardwareOptions, startHardwareGateway, tellReadiness } from '../hardware-gateway.ts'
import { paint, printable, SIMULATED_BANNER } from '../output.ts'
import { createTrialUpstreams, startTrialGateway } from '../trial-gateway.ts'

const HELP = `countersign serve [-c FILE] [options]

Runs the gateway on this machine's TEE (countersign doctor shows which). Point an OpenAI client at the address that it prints.

  -c, --config FILE             configuration; --example prints one to start from
  --operational FILE            the configuration is in two files: FILE has what need not be measured, at most 64 KiB; it
                                may be a partition. For images: enclave/cvm, enclave/nitro
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
  readonly operational?: string | undefined
  readonly open: boolean
  /** A machine without a TEE: its environment is a developer's. */
  readonly isTrial: boolean
}

async function readFiles({ config, operational, open }: Source, io: Io): Promise<SplitConfig> {
  const { env } = io
  if (config !== undefined && operational !== undefined)
    return loadSplitConfig({ measured: config, operational }, { env })
  if (operational !== undefined)
    throw new UsageError('--operational goes with --config', 'Give the measured half with -c FILE.')
  if (config !== undefined) return { config: await loadConfig(config, { env }), secrets: {} }
  if (open) return { config: createDefaultConfig({ env }), secrets: {} }
  throw new UsageError(
    'serve needs a configuration with API keys',
    'Give one with -c FILE (countersign serve --example > countersign.yaml), or for a trial add --dangerously-no-api-keys.',
  )
}

interface Read {
  readonly config: GatewayConfig
  /** With the secrets of the operational file. */
  readonly io: Io
}

function rulesFor({ operational, isTrial }: Source): EnvironmentRules {
  if (operational !== undefined) return 'sealed'
  return isTrial ? 'trial' : 'hardware'
}

async function readConfiguration(source: Source, io: Io): Promise<Read> {
  const { config, secrets } = await readFiles(source, io)
  checkEnvironment(io.env, { rules: rulesFor(source), named: namedVariables(config) })
  // The S3 library looks for its credentials nowhere else.
  Object.assign(process.env, secrets)
  return { config, io: { ...io, env: { ...io.env, ...secrets } } }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

/** What cannot be taken is told, and changes nothing: the gateway goes on as it was. */
async function reload(gateway: Gateway, source: Source, io: Io): Promise<void> {
  try {
    const { config, io: world } = await readConfiguration(source, io)
    await gateway.reload(config, () => createTrialUpstreams(config, world))
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
        operational: { type: 'string' },
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
    const source = {
      config: values.config,
      operational: values.operational,
      open: values['dangerously-no-api-keys'],
      isTrial: values.simulated,
    }
    const { config, io: world } = await readConfiguration(source, io)
    const stopped = stopSignal()
    const lineage = values.inception ? 'begin' : 'continue'
    const start = values.simulated ? startSimulated : startHardware
    const { gateway, address } = await start({ config, lineage, enrolmentToken: tokenFor(config, world) }, world)
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
