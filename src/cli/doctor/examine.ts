/** Everything that doctor finds out, as the JSON that it prints. @module */
import { detectQuoter, type MachineDeps, type MachineReport } from '../../quoter/index.ts'
import { describeSystem, type SystemFacts, type SystemReport } from './system.ts'
import { type TriedQuote, tryQuote } from './try-quote.ts'

export interface Examination extends SystemReport {
  readonly platforms: MachineReport['platforms']
  /** What `operational.quoter: auto` takes. */
  readonly quoter: 'configfs' | 'nsm' | 'none'
  readonly lookups: MachineReport['lookups']
  readonly runtime: MachineReport['runtime']
  readonly quote?: TriedQuote
  /** What to do, in sentences. */
  readonly next: readonly string[]
}

export interface DoctorDeps {
  readonly machine: MachineDeps
  readonly system: SystemFacts
  readonly now: Date
}

export async function examine(
  { machine, system, now }: DoctorDeps,
  { quote }: { readonly quote: boolean },
): Promise<Examination> {
  const { quoter, report } = await detectQuoter('auto', machine)
  try {
    const described = describeSystem(system, now)
    const tried = quote ? await triedOf(quoter) : undefined
    return {
      platforms: report.platforms,
      quoter: quoter === undefined ? 'none' : quoter.tee === 'nitro' ? 'nsm' : 'configfs',
      runtime: report.runtime,
      ...(tried && { quote: tried }),
      ...described,
      lookups: report.lookups,
      next: nextSteps(report, described, tried),
    }
  } finally {
    await quoter?.close()
    machine.files.close()
  }
}

async function triedOf(quoter: Parameters<typeof tryQuote>[0] | undefined): Promise<TriedQuote> {
  return quoter === undefined ? { ok: false, why: 'no TEE answers' } : tryQuote(quoter)
}

function nextSteps(
  { platforms, runtime, lookups }: MachineReport,
  { node, koffi, kernel, clock }: SystemReport,
  tried: TriedQuote | undefined,
): readonly string[] {
  const found = platforms.some(({ available }) => available)
  const nsm = lookups.find(({ what }) => what === '/dev/nsm')
  const missing = found ? [] : missingOptions(kernel.options)
  return [
    ...(node.supported ? [] : [`Update Node: ${node.why}.`]),
    ...(found
      ? ['Start the gateway: countersign serve -c countersign.yaml']
      : [
          'Run the gateway inside a confidential virtual machine (SEV-SNP or TDX) or a Nitro Enclave: this machine has no TEE that answers.',
          'For a trial on any machine: countersign serve --simulated --dangerously-no-api-keys. It proves nothing about hardware.',
        ]),
    ...(missing.length === 0 ? [] : [`This kernel was built without ${missing.join(', ')}.`]),
    ...(nsm !== undefined && !koffi.available
      ? ['On Nitro install koffi, an optional dependency of this package.']
      : []),
    ...(found && !runtime.available ? [`Quotes will not carry the configuration: ${runtime.why}.`] : []),
    ...(found && tried === undefined ? ['Make one quote to be sure: countersign doctor --quote'] : []),
    ...(tried?.ok === false && found ? [`The quote failed: ${tried.why}`] : []),
    ...(clock.plausible ? [] : ['Set the clock: it stands before the day on which this release was made.']),
    ...(clock.synchronised === true
      ? []
      : ['Have the clock synchronised (systemd-timesyncd, chrony, or the PTP clock of the host).']),
  ]
}

function missingOptions(options: SystemReport['kernel']['options']): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => (value === 'n' ? [name] : []))
}
