/** Reads and judges the vectors under attestation-fixtures/event-log. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeJson } from '../../../src/core/encoding/json.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  decodeEventLogPolicy,
  type EventLogEvidence,
  type EventLogPolicy,
  type MeasuredEvents,
  type TdxRegisters,
  verifyEventLog,
} from '../../../src/core/event-log/index.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { VECTOR_CODES, vectorNames } from '../../kit/vectors.ts'

const FOLDER = join('attestation-fixtures', 'event-log')

export interface EventLogFixture {
  readonly name: string
  readonly row: string
  readonly title: string
  readonly log: EventLogEvidence
  readonly registers: TdxRegisters
  readonly policy: EventLogPolicy
  /** The session to look for in RTMR3, and the code of its match; `ok` for a match. */
  readonly session: { readonly octets: Uint8Array; readonly epoch: number; readonly expect: string } | undefined
  /** The code of the first failure and the check that has it; undefined for a good vector. */
  readonly failure: { readonly code: string; readonly check: string } | undefined
}

export const fixtureNames = (): readonly string[] => vectorNames(FOLDER)

export function readFixture(name: string): EventLogFixture {
  const file = (part: string): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, name, part)))
  const vector = new ObjectReader(decodeJson(file('vector.json')), name, VECTOR_CODES)
  if (vector.string('name') !== name) throw new Error(`${name}/vector.json names another vector`)
  const log = vector.object('log')
  const registers = vector.object('registers')
  const register = (key: string): Uint8Array => decodeHex(registers.string(key))
  const session = vector.has('session') ? vector.object('session') : undefined
  const expected = vector.object('expect')
  const fixture = {
    name,
    row: vector.string('row'),
    title: vector.string('title'),
    log: { format: log.oneOf('format', ['record', 'ccel', 'dstack']), octets: file(log.string('file')) },
    registers: {
      rtMr0: register('rtMr0'),
      rtMr1: register('rtMr1'),
      rtMr2: register('rtMr2'),
      rtMr3: register('rtMr3'),
    },
    policy: decodeEventLogPolicy(vector.value('policy')),
    session: session && {
      octets: encodeUtf8(session.string('text')),
      epoch: session.integer('epoch'),
      expect: session.string('expect'),
    },
    failure: expected.boolean('ok') ? undefined : { code: expected.string('code'), check: expected.string('check') },
  }
  for (const reader of [vector, log, registers, expected, ...(session ? [session] : [])]) reader.end()
  return fixture
}

export function judgeFixture(
  fixture: EventLogFixture,
  changes: Partial<EventLogFixture> = {},
): Promise<Verdict<MeasuredEvents>> {
  const { log, registers, policy } = { ...fixture, ...changes }
  return verifyEventLog(log, { registers, policy })
}
