/** Reads are recorded with offsets of the whole, through copies and nested cursors, and change nothing of what is decoded. */
import { describe, expect, it } from 'vitest'
import { Reader } from '../../../src/core/encoding/reader.ts'
import { recordReads } from '../../../src/core/encoding/recording.ts'

const OCTETS = Uint8Array.of(9, 9, 4, 0, 0, 1, 2, 3, 0, 7)

function decode(bytes: Uint8Array): readonly number[] {
  const r = new Reader(bytes)
  const size = r.u16le('size')
  r.zero('reserved', 1)
  const inner = new Reader(r.bytes('inner', size))
  const first = inner.u8('first')
  const rest = new Reader(inner.view('rest', 3))
  const last = rest.u16be('last')
  rest.skip('skipped', 1)
  return [size, first, last, r.remaining]
}

describe('recorded reads', () => {
  it('have offsets of the whole, whatever was copied on the way', () => {
    const { reads, result } = recordReads(OCTETS.subarray(2), () => decode(OCTETS.subarray(2)))
    expect(result).toEqual({ ok: true, value: [4, 1, 0x0203, 1] })
    expect(reads.map(({ field, offset, length, kind }) => [field, offset, length, kind])).toEqual([
      ['size', 0, 2, 'little-endian'],
      ['reserved', 2, 1, 'zeros'],
      ['inner', 3, 4, 'octets'],
      ['first', 3, 1, 'big-endian'],
      ['rest', 4, 3, 'octets'],
      ['last', 4, 2, 'big-endian'],
      ['skipped', 6, 1, 'octets'],
    ])
  })

  it('end where the decoder stopped', () => {
    const { reads, result } = recordReads(OCTETS, () => decode(OCTETS))
    expect(result).toMatchObject({ ok: false, fault: { failure: 'PARSE_RESERVED' } })
    expect(reads.at(-1)).toEqual({ field: 'reserved', offset: 2, length: 1, kind: 'zeros' })
  })

  it('are of the recorded octets alone, and of the innermost recording', () => {
    const outer = recordReads(OCTETS, () => {
      new Reader(OCTETS.slice()).u8('of others')
      const inner = recordReads(OCTETS, () => new Reader(OCTETS).u8('inner'))
      new Reader(OCTETS).u8('outer')
      return inner.reads.map(({ field }) => field)
    })
    expect(outer.result).toEqual({ ok: true, value: ['inner'] })
    expect(outer.reads.map(({ field }) => field)).toEqual(['outer'])
  })

  it('are none when nobody records, and other errors pass through', () => {
    expect(decode(OCTETS.subarray(2))).toEqual([4, 1, 0x0203, 1])
    const misuse = (): never => {
      throw new RangeError('misuse')
    }
    expect(() => recordReads(OCTETS, misuse)).toThrow(RangeError)
    expect(recordReads(OCTETS, () => 1).reads).toEqual([])
  })
})
