/** The one form beyond the deterministic subset: a map of indefinite length on top, where a decoder is told to expect it. */
import { describe, expect, it } from 'vitest'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeCbor } from '../../../src/core/encoding/cbor.ts'
import { failureOf } from '../../kit/failure-of.ts'

const hex = (text: string): Uint8Array => decodeHex(text.replaceAll(' ', ''))
const read = (text: string) => decodeCbor(hex(text), { topMap: 'any-length' })

describe('a top map of any length', () => {
  it('is read like a definite one', () => {
    expect(read('bf 6161 01 02 40 ff')).toEqual(read('a2 6161 01 02 40'))
    expect(read('bf ff')).toEqual(new Map())
  })

  it('is refused unless the decoder is told of it', () => {
    expect(failureOf(() => decodeCbor(hex('bf 01 02 ff')))).toBe('CBOR_NOT_CANONICAL')
  })

  it.each([
    ['[F6] rejects an inner map of indefinite length', 'bf 01 bf ff ff', 'CBOR_NOT_CANONICAL'],
    ['[F6] rejects an inner map of indefinite length in a definite one', 'a1 01 bf ff', 'CBOR_NOT_CANONICAL'],
    ['[F6] rejects an inner array of indefinite length', 'bf 01 9f ff ff', 'CBOR_NOT_CANONICAL'],
    ['[F6] rejects bytes of indefinite length', 'bf 01 5f 4101 ff ff', 'CBOR_NOT_CANONICAL'],
    ['[F6] rejects text of indefinite length', 'bf 01 7f 6161 ff ff', 'CBOR_NOT_CANONICAL'],
    ['[F6] rejects an array of indefinite length on top', '9f 01 ff', 'CBOR_NOT_CANONICAL'],
    ['[F6] rejects a key without a value', 'bf 01 ff', 'CBOR_NOT_CANONICAL'],
    ['[F6] rejects a tag around it', 'c6 bf ff', 'CBOR_NOT_CANONICAL'],
    ['[F5] rejects a key that is there twice', 'bf 01 02 01 03 ff', 'CBOR_DUPLICATE_KEY'],
    ['[F5] rejects a text key that is there twice', 'bf 6161 02 6161 03 ff', 'CBOR_DUPLICATE_KEY'],
    ['[F4] rejects octets after the break', 'bf ff 00', 'PARSE_TRAILING'],
    ['[F4] rejects a second break', 'bf ff ff', 'PARSE_TRAILING'],
    ['[F2] rejects a map without its break', 'bf 01 02', 'EVIDENCE_TRUNCATED'],
    ['[F2] rejects the head alone', 'bf', 'EVIDENCE_TRUNCATED'],
    ['[F3] rejects nesting beyond the limit', `bf 01 ${'81'.repeat(16)} f6 ff`, 'PARSE_DEPTH'],
    ['[F7] rejects lengths beyond the end', 'bf 01 9b 0000000fffffffff ff', 'PARSE_LENGTH'],
  ])('%s', (_title, octets, code) => {
    expect(failureOf(() => read(octets))).toBe(code)
  })

  it('has the depth of a definite one', () => {
    const nested = `${'81'.repeat(15)} f6`
    expect(failureOf(() => read(`bf 01 ${nested} ff`))).toBe('none')
    expect(failureOf(() => read(`a1 01 ${nested}`))).toBe('none')
  })
})
