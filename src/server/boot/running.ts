/** A boot at work: what signs, quotes, keeps evidence and asks witnesses under one log. @module */
import { encodeArchive } from '../../core/archive/index.ts'
import type { WitnessPolicy } from '../../core/log/index.ts'
import type { OperationalConfig } from '../config/index.ts'
import type { ResolvedDeps } from '../deps.ts'
import { EvidenceStore } from '../evidence-store/index.ts'
import type { Admission } from '../recorder/admission.ts'
import { Recorder } from '../recorder/recorder.ts'
import { Attester } from '../session/attester.ts'
import type { BootClock } from '../session/boot-clock.ts'
import { Publisher } from '../session/publisher.ts'
import { type Enrolment, type Witnessed, WitnessLoop, type WitnessOutcome } from '../witnessing/index.ts'
import type { Boot } from './boot.ts'

export interface Running {
  readonly boot: Boot
  readonly attester: Attester
  readonly recorder: Recorder
  readonly evidence: EvidenceStore
  /** The log has failed: nothing more is quoted or published. */
  stop(): void
  /** One last quote, then everything that keeps it. The log stays open. */
  finish(): Promise<void>
  /** Closes all, whatever state it is in. */
  close(): Promise<void>
}

export interface RunningDeps {
  readonly deps: ResolvedDeps
  readonly clock: BootClock
  readonly admission: Admission
  readonly quoting: () => OperationalConfig['quoting']
}

/** After the last quote: time for the witnesses to date it. */
const LAST_WITNESS_MS = 2_000

export function runBoot(boot: Boot, given: RunningDeps): Running {
  const { deps, clock, admission, quoting } = given
  const { telemetry, timers, store } = deps
  const { log } = boot
  const notice =
    (event: 'evidence-not-stored' | 'log-failed') =>
    (detail: string): void =>
      telemetry.write({ event, detail })
  const evidence = EvidenceStore.begin(store, log.id, notice('evidence-not-stored'))
  let witnesses: WitnessLoop | undefined
  const publisher = new Publisher({
    log,
    offer: (checkpoint) => witnesses?.offer(checkpoint),
    onFailure: (error) => notice('log-failed')(error instanceof Error ? error.message : 'unknown'),
    timers,
  })
  const attester: Attester = new Attester(deps, { boot, clock, evidence, publisher, quoting })
  if (deps.witnesses !== 'none') witnesses = createWitnesses(deps.witnesses, { ...given, boot, attester, evidence })
  const recorder = new Recorder(boot, { clock, random: deps.random, admission }, () => attester.receiptAppended())
  const closeAll = async (): Promise<void> => {
    publisher.close()
    await witnesses?.close()
    await evidence.close()
    await log.close()
  }
  return {
    boot,
    attester,
    recorder,
    evidence,
    stop() {
      publisher.close()
      attester.stop()
    },
    async finish() {
      await attester.close()
      const last = attester.newest?.checkpoint.size ?? 0
      if (witnesses !== undefined && last > 0) await attester.witnessed(last - 1, LAST_WITNESS_MS)
    },
    close: closeAll,
  }
}

interface WitnessingDeps extends RunningDeps {
  readonly boot: Boot
  readonly attester: Attester
  readonly evidence: EvidenceStore
}

/** Cosigned checkpoints are kept before anyone is told of them. */
function createWitnesses(policy: WitnessPolicy, { deps, boot, attester, evidence }: WitnessingDeps): WitnessLoop {
  const { telemetry, timers, clock } = deps
  const keep = async ({ note, size }: Witnessed): Promise<void> => {
    try {
      await evidence.witnessed(note, size)
      attester.checkpointWitnessed(size)
    } catch (error) {
      telemetry.write({ event: 'evidence-not-stored', detail: error instanceof Error ? error.message : 'unknown' })
    }
  }
  return new WitnessLoop({
    policy,
    prove: (older, newer) => boot.log.consistencyProof(older, newer),
    enrolment: async () => enrolmentOf(deps.enrolmentToken, boot, attester),
    onWitnessed: (witnessed) => void keep(witnessed),
    report: (outcome) => telemetry.write({ event: 'witness', detail: describeOutcome(outcome) }),
    clock,
    timers,
  })
}

function enrolmentOf(token: string, { log }: Boot, attester: Attester): Enrolment | undefined {
  if (token !== 'none') return { kind: 'token', token, vkey: log.vkey }
  const newest = attester.newest
  return newest === undefined ? undefined : { kind: 'archive', octets: encodeArchive(newest) }
}

function describeOutcome(outcome: WitnessOutcome): string {
  switch (outcome.outcome) {
    case 'cosigned':
      return `${outcome.witness} cosigned ${outcome.size}`
    case 'enrolled':
      return `${outcome.witness} follows this log`
    case 'failed':
      return `${outcome.witness} failed: ${outcome.reason}`
    default:
      return outcome satisfies never
  }
}
