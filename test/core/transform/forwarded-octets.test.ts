/** What a model server is given is made by the transform engine, and by nobody else. */
import { describe, expect, it } from 'vitest'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { ForwardedOctets } from '../../../src/core/transform/forwarded-octets.ts'

const REQUEST = encodeUtf8('{"model":"a"}')

describe('forwarded octets', () => {
  it('are the request with its splices', () => {
    const splices = [{ at: 9, remove: 3, insert: encodeUtf8('"b"'), role: 'model' }]
    const forwarded = ForwardedOctets.make(REQUEST, splices)
    expect(decodeUtf8(forwarded.octets)).toBe('{"model":"b"}')
    expect(forwarded.splices).toBe(splices)
  })

  it('are the request itself where nothing changes', () => {
    expect(ForwardedOctets.make(REQUEST, []).octets).toBe(REQUEST)
  })

  it('are not made of splices that do not fit', () => {
    const splice = { at: 99, remove: 1, insert: REQUEST, role: 'model' }
    expect(() => ForwardedOctets.make(REQUEST, [splice])).toThrow(/out of range/)
  })

  it('have no look-alike: the compiler takes no octets that nobody accounts for', () => {
    // @ts-expect-error an object of the same shape
    const lookAlike: ForwardedOctets = { octets: REQUEST, splices: [] }
    expect(lookAlike).not.toBeInstanceOf(ForwardedOctets)
  })
})
