/** Which octets of a stream are covered: frozen vectors, under every way of cutting them into two or single octets. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { EventStreamDigest, type StreamDigest } from '../../../src/core/receipt/event-stream.ts'

interface StreamCase {
  readonly name: string
  readonly octets: string
  readonly covered: string
  readonly receipt?: string
}

const { cases }: { cases: readonly StreamCase[] } = JSON.parse(
  readFileSync('attestation-fixtures/wire/streams.json', 'utf8'),
)

function digest(...portions: readonly Uint8Array[]): StreamDigest {
  const stream = new EventStreamDigest()
  for (const portion of portions) stream.update(portion)
  return stream.finish()
}

describe('digest of an event stream', () => {
  it.each(cases)('$name', ({ octets, covered, receipt }) => {
    const bytes = encodeUtf8(octets)
    const expected = {
      digest: `sha256:${createHash('sha256').update(covered).digest('hex')}`,
      size: Buffer.byteLength(covered),
      ...(receipt === undefined ? {} : { receipt }),
    }
    expect(digest(bytes)).toEqual(expected)
    expect(digest(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected)
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(digest(bytes.subarray(0, cut), bytes.subarray(cut)), `cut at ${cut}`).toEqual(expected)
  })

  it('does not depend on chunk boundaries, for any octets', () => {
    const octet = fc.constantFrom(0x3a, 0x20, 0x61, 0x0a, 0x0d, 0xef, 0x09)
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 60 }), fc.array(fc.nat(59), { maxLength: 6 }), (octets, cuts) => {
        const bytes = Uint8Array.from(octets)
        const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
        const portions = at.slice(1).map((end, i) => bytes.subarray(at[i], end))
        expect(digest(...portions)).toEqual(digest(bytes))
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps a bounded part of a comment that never ends', () => {
    const stream = new EventStreamDigest()
    stream.update(encodeUtf8(': '))
    for (let i = 0; i < 64; i++) stream.update(new Uint8Array(65_536).fill(0x61))
    expect(stream.finish().size).toBe(0)
  })
})
