/** Every binary message under attestation-fixtures/ohttp: those of RFC 9292, and what differs from them in one thing. */
import { describe, expect, it } from 'vitest'
import { concatBytes, decodeHex, encodeHex } from '../../../src/core/encoding/bytes.ts'
import type { ObjectReader } from '../../../src/core/encoding/shape.ts'
import {
  decodeRequest,
  encodeContentChunk,
  encodeIndeterminateRequest,
  encodeRequest,
  encodeResponse,
  encodeResponseEnd,
  encodeResponseHead,
  type Fields,
} from '../../../src/core/ohttp/binary-http.ts'
import { failureOf } from '../../kit/failure-of.ts'
import { FOLDER, openVectors } from '../../ohttp/vector.ts'
import { decodeResponse } from './decode-response.ts'

const PORTIONS = [1, 3, 4096]

function fieldsOf(expected: ObjectReader, key: string): Fields {
  return expected.array(key).map((line) => {
    const [name, value] = Array.isArray(line) ? line : []
    if (typeof name !== 'string' || typeof value !== 'string') throw new TypeError('not a field')
    return [name, value]
  })
}

function isRequestRead(vector: ObjectReader, octets: Uint8Array, encoding: string): void {
  const expected = vector.object('expect')
  const request = {
    method: expected.string('method'),
    scheme: expected.string('scheme'),
    authority: expected.string('authority'),
    path: expected.string('path'),
    headers: fieldsOf(expected, 'headers'),
    content: decodeHex(expected.string('content')),
    trailers: fieldsOf(expected, 'trailers'),
  }
  expect(decodeRequest(octets)).toEqual(request)
  if (encoding === 'known') expect(encodeHex(encodeRequest(request))).toBe(encodeHex(octets))
  if (encoding === 'indeterminate') expect(encodeHex(encodeIndeterminateRequest(request))).toBe(encodeHex(octets))
}

function isResponseRead(vector: ObjectReader, octets: Uint8Array, encoding: string): void {
  const expected = vector.object('expect')
  const response = {
    status: expected.integer('status'),
    headers: fieldsOf(expected, 'headers'),
    content: decodeHex(expected.string('content')),
    trailers: fieldsOf(expected, 'trailers'),
  }
  for (const portion of PORTIONS) expect(decodeResponse(octets, portion)).toEqual(response)
  if (encoding === 'known') expect(encodeHex(encodeResponse(response))).toBe(encodeHex(octets))
  const { status, headers, content, trailers } = response
  if (encoding === 'indeterminate')
    expect(
      encodeHex(
        concatBytes(encodeResponseHead(status, headers), encodeContentChunk(content), encodeResponseEnd(trailers)),
      ),
    ).toBe(encodeHex(octets))
}

describe(`${FOLDER}, binary messages`, () => {
  for (const vector of openVectors()) {
    const kind = vector.string('kind')
    if (kind !== 'request' && kind !== 'response') continue
    const name = vector.string('name')
    it(`[${vector.string('row')}] ${vector.string('title')} (${name})`, () => {
      const [octets, encoding] = [decodeHex(vector.string('octets')), vector.string('encoding')]
      expect(vector.string('source')).not.toBe('')
      expect(name.endsWith('-fail')).toBe(encoding === 'none')
      if (encoding !== 'none') {
        if (kind === 'request') isRequestRead(vector, octets, encoding)
        else isResponseRead(vector, octets, encoding)
        return
      }
      const code = vector.string('code')
      expect(vector.string('base')).not.toBe('')
      if (kind === 'request') expect(failureOf(() => decodeRequest(octets))).toBe(code)
      else
        for (const portion of PORTIONS)
          expect([portion, failureOf(() => decodeResponse(octets, portion))]).toEqual([portion, code])
    })
  }
})
