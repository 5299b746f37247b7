/** Decoders throw MalformedError or nothing, and take back exactly what encoders give. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import {
  ALG_SHA384,
  type Ccel,
  decodeCcel,
  decodeDstackEvents,
  decodeEventLog,
  type EventLog,
  encodeCcel,
  encodeEventLog,
  type LoggedEvent,
  listCcelEvents,
  matchRuntimeDigest,
  measureEvent,
  RUNTIME_EVENT_TYPE,
  runtimeDigest,
} from '../../../src/core/event-log/index.ts'
import { MalformedError } from '../../../src/errors.ts'
import { readFixture } from './fixture.ts'

const octets = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const u8 = fc.integer({ min: 0, max: 255 })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const register = fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const)
const name = fc.stringMatching(/^[ -9;-~]{1,40}$/)

const ccels: fc.Arbitrary<Ccel> = fc
  .uniqueArray(
    fc.record({ algorithm: fc.constantFrom(0x04, 0x0b, 0x0d, 0x12), size: fc.integer({ min: 1, max: 64 }) }),
    {
      selector: ({ algorithm }) => algorithm,
      maxLength: 4,
    },
  )
  .chain((others) => {
    const algorithms = [...others, { algorithm: ALG_SHA384, size: 48 }]
    const digests = fc.tuple(
      ...algorithms.map(({ algorithm, size }) => octets(size).map((digest) => ({ algorithm, digest }))),
    )
    const event = fc.record({
      index: fc.integer({ min: 1, max: 4 }),
      type: u32,
      digests: fc.oneof(
        digests,
        digests.map((list) => list.slice(-1)),
      ),
      data: fc.uint8Array({ maxLength: 80 }),
    })
    const specId = fc.record({
      ...{ index: fc.integer({ min: 0, max: 4 }), platformClass: u32, versionMinor: u8, versionMajor: u8 },
      ...{
        errata: u8,
        uintnSize: u8,
        algorithms: fc.constant(algorithms),
        vendorInfo: fc.uint8Array({ maxLength: 255 }),
      },
    })
    return fc.record({ specId, events: fc.array(event, { maxLength: 12 }) })
  })

const events: fc.Arbitrary<LoggedEvent> = fc.oneof(
  fc.record({ register, type: u32, digest: octets(48) }),
  fc.record({
    ...{ register, type: u32.filter((type) => type !== RUNTIME_EVENT_TYPE), digest: octets(48) },
    payload: fc.uint8Array({ maxLength: 80 }),
  }),
  fc.record({
    ...{ register, type: fc.constant(RUNTIME_EVENT_TYPE), digest: octets(48), name },
    payload: fc.uint8Array({ maxLength: 80 }),
  }),
)
const logs: fc.Arbitrary<EventLog> = fc.record(
  { ccel: fc.uint8Array({ maxLength: 200 }), events: fc.array(events, { maxLength: 12 }) },
  { requiredKeys: ['events'] },
)

/** Octets of `base` with some of them changed, cut out or put in. */
const mutated = (base: Uint8Array) =>
  fc
    .array(fc.tuple(fc.nat(base.length - 1), u8, fc.constantFrom('set', 'cut', 'insert')), {
      minLength: 1,
      maxLength: 4,
    })
    .map((edits) =>
      edits.reduce((bytes, [at, value, edit]) => {
        const rest = edit === 'insert' ? bytes.slice(at) : bytes.slice(at + 1)
        return concatBytes(bytes.slice(0, at), edit === 'cut' ? new Uint8Array() : Uint8Array.of(value), rest)
      }, base),
    )

function onlyMalformed(decode: () => unknown): void {
  try {
    decode()
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedError)
    expect(error).toMatchObject({ failure: 'EVENT_LOG_MALFORMED' })
  }
}

describe('event log decoders', () => {
  it('take back every CCEL that the encoder gives, padded or not', () => {
    fc.assert(
      fc.property(ccels, fc.constantFrom(0x00, 0xff), fc.nat(64), (ccel, filler, size) => {
        const bytes = encodeCcel(ccel)
        expect(decodeCcel(bytes)).toEqual(ccel)
        expect(decodeCcel(concatBytes(bytes, new Uint8Array(size).fill(filler)))).toEqual(ccel)
      }),
    )
  })

  it('read one CCEL from no other bytes but padding', () => {
    const good = readFixture('ccel-two-algorithms').log.octets
    fc.assert(
      fc.property(mutated(good), (bytes) =>
        onlyMalformed(() => {
          const again = encodeCcel(decodeCcel(bytes))
          expect(again).toEqual(bytes.slice(0, again.length))
          expect(new Set(bytes.slice(again.length)).size).toBeLessThanOrEqual(1)
        }),
      ),
    )
  })

  it('take back every record that the encoder gives', () => {
    fc.assert(
      fc.property(logs, (log) => {
        expect(decodeEventLog(encodeEventLog(log))).toEqual(log)
      }),
    )
  })

  it('read one record from no other bytes', () => {
    const good = readFixture('session-with-text').log.octets
    fc.assert(
      fc.property(mutated(good), (bytes) =>
        onlyMalformed(() => expect(encodeEventLog(decodeEventLog(bytes))).toEqual(bytes)),
      ),
    )
  })

  it('throw nothing but MalformedError on mutated logs of dstack, nor on anything at all', () => {
    const good = readFixture('dstack-v1').log.octets
    fc.assert(fc.property(mutated(good), (bytes) => onlyMalformed(() => decodeDstackEvents(bytes))))
    for (const decode of [decodeCcel, decodeEventLog, decodeDstackEvents])
      fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => onlyMalformed(() => decode(bytes))))
  })

  it('measure every event of every log without an error, and claim nothing of a random digest', () => {
    fc.assert(
      fc.property(events, ccels, (event, ccel) => {
        for (const one of [event, ...listCcelEvents(ccel)]) {
          const measured = measureEvent(one)
          expect(measured === 'forged' || measured.kind === 'opaque').toBe(true)
        }
      }),
    )
  })
})

describe('runtime digests', () => {
  it('tell the version, and are of one text alone', () => {
    const text = fc.record({ name, payload: fc.uint8Array({ maxLength: 40 }) })
    fc.assert(
      fc.property(text, text, fc.constantFrom(1 as const, 2 as const), (one, other, version) => {
        const digest = runtimeDigest(one, version)
        expect(matchRuntimeDigest(one, digest)).toBe(version)
        const same = one.name === other.name && one.payload.join() === other.payload.join()
        expect(matchRuntimeDigest(other, digest) !== undefined).toBe(same)
      }),
    )
  })
})
