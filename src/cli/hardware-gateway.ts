/** A gateway on the hardware of this machine. Where there is none it does not start: nothing here knows a simulated one. @module */
import { type CollateralFetcher, createCollateralFetcher, createMemoryCache } from '../collateral/index.ts'
import { CountersignError } from '../errors.ts'
import { type Detected, detectQuoter, type MachineDeps, type MachineReport, thisMachine } from '../quoter/index.ts'
import type { GatewayConfig } from '../server/config/index.ts'
import { createGateway, createStore, type Gateway } from '../server/index.ts'
import { beginLineage } from '../storage/index.ts'
import { type Io, UsageError } from './command.ts'
import { printable } from './output.ts'
import { createTrialUpstreams } from './trial-gateway.ts'

export interface HardwareOptions {
  readonly config: GatewayConfig
  /** `begin`: the store has no history and is to have one. */
  readonly lineage: 'begin' | 'continue'
  readonly enrolmentToken: string
  /** In tests another one. */
  readonly machine?: MachineDeps
}

export interface HardwareGateway {
  readonly gateway: Gateway
  readonly url: string
}

/**
 * Detects the device, begins a boot and listens. The first quote may still be under way.
 * @throws UsageError on a machine without a TEE that this gateway can ask
 */
export async function startHardwareGateway(options: HardwareOptions, io: Io): Promise<HardwareGateway> {
  const { config, lineage, enrolmentToken, machine = thisMachine() } = options
  const { operational, measured } = config
  const { quoter, report } = await detectQuoter(operational.quoter, machine)
  if (quoter === undefined) {
    machine.files.close()
    throw noTee(report)
  }
  tell({ quoter, report }, io)
  try {
    const store = await createStore(config)
    if (lineage === 'begin') await beginLineage(store, { name: operational.lineage, host: measured.host })
    const upstreams = await createTrialUpstreams(config, io)
    const gateway = await createGateway({
      config,
      quoter,
      upstreams,
      store,
      enrolmentToken,
      collateral: operational.collateral === 'vendors' ? createFetcher(io) : 'none',
    }).catch(async (error: unknown) => {
      await upstreams.close()
      throw error
    })
    const { url } = await gateway.listen().catch(async (error: unknown) => {
      // It would go on asking for quotes, and hold the history.
      await gateway.close()
      throw error
    })
    void gateway.ended.then(() => quoter.close())
    return { gateway, url }
  } catch (error) {
    await quoter.close()
    throw error
  }
}

/** Everything that was looked for, so that nobody need ask again. */
function noTee({ lookups, platforms }: MachineReport): UsageError {
  const found = platforms.map(({ name, why }) => `  ${name}: ${why}`).join('\n')
  const asked = lookups.map(({ what, detail }) => `  ${what}: ${detail}`).join('\n')
  return new UsageError(
    'this machine has no TEE that can be asked for quotes, so nothing is served',
    printableLines(
      `Platforms:\n${found}\nLooked for:\n${asked}\ncountersign doctor says more. For a trial on any machine add --simulated; it proves nothing about hardware.`,
    ),
  )
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

function tell({ quoter, report }: Detected, io: Io): void {
  const { register, available, why } = report.runtime
  const platform = report.platforms.find(({ available }) => available)
  io.err(`countersign: quotes of ${platform?.name ?? quoter?.tee}: ${printable(platform?.why ?? '')}\n`)
  const state = available ? 'can carry the configuration' : 'cannot carry the configuration'
  io.err(`countersign: ${register} ${state}: ${printable(why)}\n`)
}

/** The vendors alone; kept in memory, since what they say is small and ends soon. */
function createFetcher(io: Pick<Io, 'now'>): CollateralFetcher {
  return createCollateralFetcher({
    fetch: globalThis.fetch,
    cache: createMemoryCache(),
    clock: { now: () => io.now(), monotonicMs: () => performance.now() },
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  })
}

const REMEDIES = {
  snp: 'HOST_DATA is not its digest. Launch the machine with it, or verifiers show it as the word of the gateway',
  nitro:
    'PCR16 is not what it should come to. Start the enclave again, or verifiers show it as the word of the gateway',
} as const

/** For whoever waits: says when the first quote has verified, or why not yet. */
export async function tellReadiness(gateway: Gateway, io: Pick<Io, 'err'>): Promise<void> {
  try {
    const { ready, evidence, log, upstreams } = await gateway.ready()
    io.err(
      ready
        ? 'countersign: the first quote has verified\n'
        : `countersign: not ready yet: evidence ${printable(evidence)}, log ${printable(log)}, upstreams ${printable(upstreams)}\n`,
    )
    const first = gateway.evidence()?.attestation
    // A TDX guest's own check does not replay; what came of its register is told when a session is measured.
    if (first !== undefined && first.hardware.tee !== 'tdx' && first.configuration.source === 'gateway')
      io.err(`countersign: the hardware does not carry the configuration: ${REMEDIES[first.hardware.tee]}\n`)
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error
    io.err(`countersign: not ready: ${printable(error.message)}\n`)
  }
}
