/**
 * Changes the session within a boot: new receipt key, next epoch, same log and log key. wire.md section 1.
 *
 * Requests wait at the gate, those that are open end, and the last checkpoint is quoted under the session that goes. Before that quote has
 * verified nothing is changed and the change can be abandoned; after the 0x03 leaf there is no way back. @module
 */
import { encodeJcs } from '../../core/encoding/jcs.ts'
import { createEntry } from '../../core/log/index.ts'
import { CountersignError } from '../../errors.ts'
import type { ResolvedDeps, Timers } from '../deps.ts'
import type { Admission } from '../recorder/admission.ts'
import type { BootClock } from '../session/boot-clock.ts'
import { createSession, hexOf } from '../session/session.ts'
import { servableModels } from '../weights/watch.ts'
import type { Settings } from './boot-cycle.ts'
import { measureSession } from './measure-session.ts'
import type { Running } from './running.ts'

export interface EpochDeps {
  readonly deps: Pick<ResolvedDeps, 'quoter' | 'telemetry'>
  readonly running: Running
  readonly admission: Admission
  readonly clock: BootClock
  readonly timers: Timers
  /** What the next session states. */
  readonly next: Settings
  /** Called when the next session is in the log: from here on it is the one. */
  readonly onChanged: () => void
}

/** Open requests end within it, or they are cut with their receipts. */
const DRAIN_MS = 10_000
/** After the cut: time for their receipts. */
const LAST_WORDS_MS = 5_000
const QUOTE_MS = 10_000

/**
 * @throws CountersignError ERR_QUOTE when the change was abandoned: the session that was in force goes on
 * @throws CountersignError ERR_LOG_APPEND when the log failed
 */
export async function changeEpoch(given: EpochDeps): Promise<void> {
  const { admission, running } = given
  admission.hold()
  try {
    await drain(given)
    if (admission.open > 0) throw abandoned('requests are still open')
    if (!(await running.attester.settle(QUOTE_MS))) throw abandoned('its last checkpoint was not quoted in time')
    await appendEpoch(given)
    given.onChanged()
    // Without evidence of its own nothing is signed under it: whoever waited is then told to come back.
    await running.attester.sessionChanged(QUOTE_MS)
  } finally {
    admission.release()
  }
}

function abandoned(why: string): CountersignError {
  return new CountersignError('ERR_QUOTE', `the session was not changed: ${why}`)
}

async function drain({ admission, timers }: EpochDeps): Promise<void> {
  if (await idleWithin(DRAIN_MS, admission, timers)) return
  admission.cutAll()
  await idleWithin(LAST_WORDS_MS, admission, timers)
}

function idleWithin(ms: number, admission: Admission, timers: Timers): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = timers.after(ms, () => resolve(false))
    void admission.idle().then(() => {
      cancel()
      resolve(true)
    })
  })
}

async function appendEpoch({ deps, running, clock, next }: EpochDeps): Promise<void> {
  const { boot, attester } = running
  const { log, octets, current, channels } = boot
  const quoted = attester.newest
  if (quoted === undefined || quoted.session !== current.octets) throw abandoned('there is no evidence of it')
  const epoch = current.session.epoch + 1
  const { config, upstreams } = next
  const models = await servableModels(upstreams.models())
  const session = await createSession({
    boot: octets,
    epoch,
    iat: clock.seconds(),
    log: log.vkey,
    config,
    models,
    channels,
  })
  await log.writeSession(hexOf(session.digest), session.octets)
  const record = encodeJcs({ from: current.digest, to: session.digest, epoch, size: quoted.checkpoint.size })
  await log.writeEpoch(epoch, record)
  await log.appendEntry(createEntry('epoch', record)).durable
  // No way back from here, and no quote of the next session yet.
  await measureSession(deps, session)
  boot.changeSession(session)
}
