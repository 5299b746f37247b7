/** What a caller can do beside choosing a log: give half a policy, or change it meanwhile. */
import { describe, expect, it } from 'vitest'
import {
  type EventLogPolicy,
  encodeEventLog,
  type LoggedEvent,
  listEvents,
  type MeasuredEvents,
  type RequiredEvent,
  verifyEventLog,
} from '../../../src/core/event-log/index.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { COMPOSE_HASH, dstackBoot, registersOf, runtime } from './build.ts'

const EVENT: RequiredEvent = {
  register: 3,
  kind: 'runtime',
  name: 'compose-hash',
  payloads: 'unchecked',
  after: 'unchecked',
  before: 'system-ready',
}
const POLICY: EventLogPolicy = { replay: [3], required: [EVENT] }

function judge(
  policy: EventLogPolicy,
  events: readonly LoggedEvent[] = dstackBoot(1),
): Promise<Verdict<MeasuredEvents>> {
  const log = { format: 'record', octets: encodeEventLog({ events }) } as const
  return verifyEventLog(log, { registers: registersOf(listEvents(log)), policy })
}

/** A policy that was made by hand, past the types. */
function byHand(change: object): EventLogPolicy {
  return Object.assign({}, POLICY, change)
}

describe('policies of event logs made by hand', () => {
  it('passes one that is whole', async () => {
    expect(await judge(POLICY)).toMatchObject({ ok: true })
  })

  it.each(Object.keys(POLICY))('[P1] refuses one without %s', async (field) => {
    await expect(judge(byHand({ [field]: undefined }))).rejects.toMatchObject({ failure: 'POLICY_INCOMPLETE' })
  })

  it.each(Object.keys(EVENT))('[P1] refuses a required event without %s', async (field) => {
    const event = Object.assign({}, EVENT, { [field]: undefined })
    await expect(judge(byHand({ required: [event] }))).rejects.toMatchObject({ failure: 'POLICY_INCOMPLETE' })
  })

  it.each([
    ['no register to replay: nothing would be proven', { replay: [] }],
    ['no required event: all checks of them would pass', { required: [] }],
    ['a required event in a register that is not replayed', { replay: [0] }],
    ['a payload in capitals, which none equals', { required: [{ ...EVENT, payloads: ['FF'] }] }],
  ])('[P3] refuses %s', async (_, change) => {
    await expect(judge(byHand(change))).rejects.toMatchObject({ failure: 'POLICY_INVALID' })
  })

  it('hands out registers of its own: writing into the policy claims no register that was not replayed', async () => {
    const replay: (0 | 1 | 2 | 3)[] = [3]
    const verdict = await judge({ ...POLICY, replay })
    replay.push(0)
    expect(verdict).toMatchObject({ ok: true, value: { replayed: [3] } })
  })

  it('[E4] takes no event of the application for the one before it, wherever the log has it', async () => {
    const boot = dstackBoot(1)
    const late = [...boot.filter(({ name }) => name !== 'compose-hash'), runtime('compose-hash', COMPOSE_HASH)]
    expect(await judge(POLICY, late)).toMatchObject({ ok: false, code: 'EVENT_ORDER' })
  })
})
