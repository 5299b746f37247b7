/** Policies of event logs are complete, or they are none. */
import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/core/encoding/json.ts'
import { decodeEventLogPolicy } from '../../../src/core/event-log/index.ts'
import { failureOf } from '../../kit/failure-of.ts'

const EVENT = {
  ...{ register: 3, kind: 'runtime', name: 'compose-hash', payloads: ['00ff'] },
  ...{ after: 'unchecked', before: 'system-ready' },
} as const satisfies JsonObject
const POLICY = { replay: [0, 3], required: [EVENT] } as const satisfies JsonObject

const failure = (policy: JsonValue): string => failureOf(() => decodeEventLogPolicy(policy))
const withEvent = (changes: JsonObject): JsonValue => ({ ...POLICY, required: [{ ...EVENT, ...changes }] })
const without = (object: JsonObject, key: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name !== key))

describe('event log policy', () => {
  it('is taken as it is written', () => {
    expect(decodeEventLogPolicy(POLICY)).toEqual(POLICY)
    expect(decodeEventLogPolicy({ replay: [1], required: 'unchecked' })).toEqual({ replay: [1], required: 'unchecked' })
  })

  it('[P1] rejects a policy that leaves a field out', () => {
    for (const key of Object.keys(POLICY))
      expect([key, failure(without(POLICY, key))]).toEqual([key, 'POLICY_INCOMPLETE'])
    for (const key of Object.keys(EVENT))
      expect([key, failure({ ...POLICY, required: [without(EVENT, key)] })]).toEqual([key, 'POLICY_INCOMPLETE'])
  })

  it('[P3] rejects unknown keys', () => {
    expect(failure({ ...POLICY, replays: [] })).toBe('POLICY_UNKNOWN_KEY')
    expect(failure(withEvent({ payload: '00' }))).toBe('POLICY_UNKNOWN_KEY')
  })

  it.each<[string, JsonValue]>([
    ['no register to replay', { ...POLICY, replay: [] }],
    ['replay left unchecked', { ...POLICY, replay: 'unchecked' }],
    ['a register that there is not', { ...POLICY, replay: [0, 3, 4] }],
    ['a register twice', { ...POLICY, replay: [3, 3] }],
    ['an empty list of events', { ...POLICY, required: [] }],
    ['one event twice', { ...POLICY, required: [EVENT, { ...EVENT, payloads: 'unchecked' }] }],
    ['an event in a register that is not replayed', withEvent({ register: 1 })],
    ['an event in no register', withEvent({ register: 4 })],
    ['a kind without a name', withEvent({ kind: 'separator' })],
    ['an empty name', withEvent({ name: '' })],
    ['an empty list of payloads', withEvent({ payloads: [] })],
    ['a payload in capitals', withEvent({ payloads: ['FF'] })],
    ['half an octet', withEvent({ payloads: ['f'] })],
    ['another bound', withEvent({ before: 'boot-mr-done' })],
    ['both sides of the separator', withEvent({ after: 'boot-separator', before: 'boot-separator' })],
  ])('[P3] rejects %s', (_, policy) => {
    expect(failure(policy)).toBe('POLICY_INVALID')
  })
})
