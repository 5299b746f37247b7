/** Decoders throw MalformedError or nothing, and read every document that the simulator writes as it was meant. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, encodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeNitroDocument, decodeNitroPayload, NITRO_KINDS } from '../../../src/core/nitro/index.ts'
import { createSimulatedNitroKeys } from '../../../src/simulator/index.ts'
import { writeNitroDocument } from '../../../src/simulator/nitro-document.ts'
import { failureOf } from '../../kit/failure-of.ts'
import { readFixture } from './fixture.ts'

const good = readFixture('enclave').document
const payload = good.slice(10, -98)
const { leaf } = createSimulatedNitroKeys()
const octets = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })
const optional = (minLength: number, maxLength: number) =>
  fc.oneof(octets(minLength, maxLength), fc.constant('null' as const), fc.constant('left-out' as const))
const register = fc.tuple(fc.integer({ min: 0, max: 31 }), octets(48, 48))

const fields = fc.record({
  kind: fc.constantFrom(...NITRO_KINDS),
  moduleId: fc.string({ minLength: 1, maxLength: 64, unit: 'grapheme' }),
  digest: fc.constant('SHA384'),
  timestamp: fc.integer({ min: 1, max: 8_640_000_000_000_000 }),
  pcrs: fc.uniqueArray(register, { selector: ([index]) => index, minLength: 1 }).map((entries) => new Map(entries)),
  certificate: octets(1, 1024),
  cabundle: fc.array(octets(1, 1024), { minLength: 1, maxLength: 5 }),
  publicKey: optional(1, 1024),
  userData: optional(0, 512),
  nonce: optional(0, 512),
})

/** Octets of `base` with some of them changed, cut out or put in. */
const mutated = (base: Uint8Array) =>
  fc
    .array(fc.tuple(fc.nat(base.length - 1), fc.nat(255), fc.constantFrom('set', 'cut', 'insert')), {
      minLength: 1,
      maxLength: 4,
    })
    .map((edits) =>
      edits.reduce((bytes, [at, value, edit]) => {
        const rest = edit === 'insert' ? bytes.slice(at) : bytes.slice(at + 1)
        return concatBytes(bytes.slice(0, at), edit === 'cut' ? new Uint8Array() : Uint8Array.of(value), rest)
      }, base),
    )

describe('Nitro decoders', () => {
  it('read every document that the simulator writes, tagged or not, definite or not', () => {
    const shapes = fc.record({ tagged: fc.boolean(), payloadMap: fc.constantFrom('definite', 'indefinite') })
    fc.assert(
      fc.property(fields, shapes, (written, shape) => {
        const read = decodeNitroDocument(writeNitroDocument(written, leaf, shape))
        const { kind, moduleId, timestamp, pcrs, certificate, cabundle } = written
        const absent = (field: Uint8Array | 'null' | 'left-out'): Uint8Array | 'absent' =>
          typeof field === 'string' ? 'absent' : field
        expect(read).toEqual({
          kind,
          moduleId,
          timestamp,
          pcrs,
          certificate,
          cabundle,
          publicKey: absent(written.publicKey),
          userData: absent(written.userData),
          nonce: absent(written.nonce),
        })
      }),
    )
  })

  it('[F11] throw nothing but MalformedError on mutated documents and payloads', () => {
    fc.assert(
      fc.property(mutated(good), mutated(payload), (document, inner) => {
        failureOf(() => decodeNitroDocument(document))
        failureOf(() => decodeNitroPayload(inner))
      }),
      { numRuns: 2000 },
    )
  })

  it('[F2] refuse a payload that is cut at any offset', () => {
    const codes = new Set<string>()
    for (let end = 0; end < payload.length; end++) codes.add(failureOf(() => decodeNitroPayload(payload.slice(0, end))))
    expect([...codes].sort()).toEqual(['EVIDENCE_TRUNCATED', 'PARSE_LENGTH'])
  })

  it('throw nothing but MalformedError on octets of any kind', () => {
    fc.assert(
      fc.property(octets(0, 256), (bytes) => {
        failureOf(() => decodeNitroDocument(bytes))
        failureOf(() => decodeNitroPayload(bytes))
      }),
      { numRuns: 2000 },
    )
  })

  it('take the payload out of the envelope as it stands there', () => {
    expect(encodeHex(payload.subarray(0, 11))).toBe('bf696d6f64756c655f6964')
    expect(decodeNitroPayload(payload)).toEqual(decodeNitroDocument(good))
  })
})
