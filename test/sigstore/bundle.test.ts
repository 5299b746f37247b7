/** What of a bundle is read before anything is verified: how much of it, and whether it is one at all. */
import { describe, expect, test } from 'vitest'
import { decodeBundle } from '../../src/sigstore/index.ts'
import { failureOf } from '../kit/failure-of.ts'
import { createKey } from '../kit/sigstore.ts'

const BUNDLE = createKey().sign(Buffer.from('{}'))
const decode = (change: object) =>
  failureOf(() => decodeBundle(Buffer.from(JSON.stringify({ ...BUNDLE, ...change })), 'PROVENANCE_FORMAT'))
const stamped = (count: number): object => ({
  verificationMaterial: {
    publicKey: { hint: 'any' },
    tlogEntries: [],
    timestampVerificationData: { rfc3161Timestamps: Array(count).fill({ signedTimestamp: 'AAAA' }) },
  },
})

describe('a bundle', () => {
  test('is read with as many timestamps as there may be, and not with one more', () => {
    expect(decode({})).toBe('none')
    expect(decode(stamped(4))).toBe('none')
    expect(decode(stamped(5))).toBe('PROVENANCE_FORMAT')
  })

  test.each<[string, object]>([
    [
      'a message signature in place of an envelope',
      { dsseEnvelope: undefined, messageSignature: { signature: 'AAAA' } },
    ],
    ['no material', { verificationMaterial: undefined }],
    ['another media type', { mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' }],
  ])('is refused with %s', (_name, change) => {
    expect(decode(change)).toBe('PROVENANCE_FORMAT')
  })

  test('is refused by the code of JSON where a key stands twice', () => {
    const source = JSON.stringify(BUNDLE).replace('{"mediaType"', '{"mediaType":"x","mediaType"')
    expect(failureOf(() => decodeBundle(Buffer.from(source), 'PROVENANCE_FORMAT'))).toBe('JSON_DUPLICATE_KEY')
  })
})
