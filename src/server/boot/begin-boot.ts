/**
 * Begins a boot: what the one before left, keys, session document, genesis, log, what is carried over. Only then does the lineage name the
 * new log: killed before, the next boot finds the old one as it was. wire.md sections 1 and 4. @module
 */
import { encodeBase64Url } from '../../core/encoding/base64.ts'
import { encodeJcs } from '../../core/encoding/jcs.ts'
import { encodeVkey, logOrigin, noteKey } from '../../core/log/index.ts'
import type { CountersignError } from '../../errors.ts'
import type { Lineage, ObjectStore } from '../../storage/index.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { ResolvedDeps } from '../deps.ts'
import { createReceiptLog, type ReceiptLog } from '../log/index.ts'
import type { BootClock } from '../session/boot-clock.ts'
import { createChannelKeys } from '../session/channel-keys.ts'
import { createLogKey } from '../session/keys.ts'
import { createSession, hexOf } from '../session/session.ts'
import type { UpstreamSet } from '../upstream/index.ts'
import { servableModels } from '../weights/watch.ts'
import { Boot, type BootContents } from './boot.ts'
import { StoredLogs } from './earlier-logs.ts'
import { findPreviousLog, type PreviousLog } from './previous-log.ts'
import { removeLog } from './remove-log.ts'
import { askWitnesses, type WitnessedPast } from './witnessed-past.ts'

export interface BootDeps {
  readonly deps: ResolvedDeps
  readonly clock: BootClock
  readonly lineage: Lineage
  /** Of now: they change with the epoch. */
  readonly config: GatewayConfig
  readonly upstreams: UpstreamSet
  /** Called once when the log cannot be made durable any more: the boot is over. */
  readonly onLogFailure: (error: CountersignError) => void
}

export interface BegunBoot {
  readonly boot: Boot
  readonly previous: PreviousLog | undefined
  /** Undefined where no witnesses are configured. */
  readonly past: WitnessedPast | undefined
  /** False when the log before is dated further ahead than is believed. */
  readonly isDated: boolean
}

const BOOT_SIZE = 16
const PROBE = 'private/probe'
const PROBE_SIZE = 65_536

/**
 * @throws CountersignError ERR_LOG_APPEND when the store does not take it, ERR_CONFIG
 * @throws StateError LOG_FENCED when another process writes the lineage
 */
export async function beginBoot(given: BootDeps): Promise<BegunBoot> {
  const { deps, clock, lineage, config } = given
  const { store, quoter, witnesses: policy, timers } = deps
  const { host } = config.measured
  // A disk that takes nothing is found out before it is asked to hold one more log, each time anew.
  await probe(store)
  const head = (await lineage.head())?.log
  const previous =
    head === undefined ? undefined : await findPreviousLog(store, { head, host, simulated: quoter.simulated })
  const ids = (await store.list('log')).map((name) => name.replace(/\/$/, ''))
  const past =
    policy === 'none' ? undefined : await askWitnesses({ policy, host, previous, ids, clock: deps.clock, timers })
  const isDated = clock.notBefore(previous?.iat ?? 0)
  const { log, session, octets, channels } = await openLog(given, describePast(previous, past))
  try {
    await log.writeSession(hexOf(session.digest), session.octets)
    await carryOver(log, previous)
    await log.checkpoint()
    const earlier = await StoredLogs.list(store, { current: log.id, newest: head, clock: deps.clock })
    await lineage.moveHead(log.id)
    return { boot: new Boot({ octets, log, channels, session, store, earlier }), previous, past, isDated }
  } catch (error) {
    await log.close().catch(() => {})
    await removeLog(store, log.id).catch(() => {})
    throw error
  }
}

async function probe(store: ObjectStore): Promise<void> {
  await store.write([{ name: PROBE, bytes: new Uint8Array(PROBE_SIZE) }])
  await store.remove([PROBE])
}

async function openLog(
  { deps, clock, lineage, config, upstreams, onLogFailure }: BootDeps,
  previous: object,
): Promise<Pick<BootContents, 'log' | 'session' | 'octets' | 'channels'>> {
  const { store, random, timers } = deps
  const { host } = config.measured
  const signer = createLogKey()
  const octets = random(BOOT_SIZE)
  const vkey = encodeVkey(noteKey(logOrigin(host, signer.publicKey), signer.publicKey))
  const models = await servableModels(upstreams.models())
  const channels = await createChannelKeys({ tls: config.operational.tls.kind !== 'none' })
  const session = await createSession({
    boot: octets,
    epoch: 0,
    iat: clock.seconds(),
    log: vkey,
    config,
    models,
    channels,
  })
  const genesis = encodeJcs({ session: session.digest, previous: { ...previous } })
  const fence = (): Promise<void> => lineage.fence()
  try {
    const log = await createReceiptLog({ store, host, signer, fence, onFailure: onLogFailure, clock, timers }, genesis)
    return { log, session, octets, channels }
  } catch (error) {
    await removeLog(store, encodeBase64Url(signer.publicKey)).catch(() => {})
    throw error
  }
}

/** `genesis.previous`: what the store has, and what the witnesses know beyond it. */
function describePast(
  previous: PreviousLog | undefined,
  past: WitnessedPast | undefined,
): Readonly<Record<string, unknown>> {
  const missing = past === undefined || past.missing.length === 0 ? {} : { missing: [...past.missing] }
  if (previous === undefined) return { source: 'none', ...missing }
  const { origin, checkpoint, recovered, open } = previous
  const found =
    past?.ahead === undefined ? { source: 'disk', checkpoint } : { source: 'witness', checkpoint: past.ahead.note }
  return { ...found, origin, recovered: recovered.length, open, ...missing }
}

/** Right behind genesis: receipts that no quote covers, then quotes that no witness saw. */
async function carryOver(log: ReceiptLog, previous: PreviousLog | undefined): Promise<void> {
  const entries = [...(previous?.recovered ?? []), ...(previous?.quotes ?? [])]
  if (entries.length > 0) await log.appendEntries(entries).durable
}
