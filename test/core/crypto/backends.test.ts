/** Both crypto back ends give the same: digests of any octets, and verdicts on keys. Public suites of signatures are in suites.test.ts. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../../src/core/crypto/equal.ts'
import { ed25519Spki, encodeBase64UrlText } from '../../../src/core/crypto/index.ts'
import { backend as node } from '../../../src/core/crypto/node.ts'
import { backend as web } from '../../../src/core/crypto/web.ts'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { testKey } from '../../kit/ed25519.ts'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

describe('crypto back ends', () => {
  it.each(['sha256', 'sha384', 'sha512'] as const)('agree on %s, whole, in parts and after a copy', (algorithm) => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        const expected = node.digest(algorithm, a, b)
        expect(web.digest(algorithm, a, b)).toEqual(expected)
        for (const backend of [node, web]) {
          const hasher = backend.createHasher(algorithm)
          hasher.update(a)
          const copy = hasher.copy()
          hasher.update(b)
          copy.update(b)
          expect(hasher.digest()).toEqual(expected)
          expect(copy.digest()).toEqual(expected)
        }
      }),
    )
  })

  it('agree on SHA-256 of ASCII text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        const expected = node.digest('sha256', new TextEncoder().encode(text))
        expect(node.digestAscii(text)).toEqual(expected)
        expect(web.digestAscii(text)).toEqual(expected)
      }),
    )
  })

  it('agree on base64url of every text, and half a surrogate pair reaches neither', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const expected = encodeBase64Url(new TextEncoder().encode(text))
        expect(node.base64UrlOf(text)).toBe(expected)
        expect(web.base64UrlOf(text)).toBe(expected)
        expect(encodeBase64UrlText(text)).toBe(expected)
      }),
    )
    expect(() => encodeBase64UrlText('a\ud800')).toThrow(expect.objectContaining({ failure: 'UTF8_INVALID' }))
  })

  it('agree on a good, a bad and an unusable Ed25519 key', async () => {
    const key = testKey(3)
    const message = Uint8Array.of(1, 2, 3)
    const signature = key.sign(message)
    for (const backend of [node, web]) {
      expect(await backend.verify('Ed25519', ed25519Spki(key.publicKey), signature, message)).toBe(true)
      expect(await backend.verify('Ed25519', ed25519Spki(key.publicKey), signature, Uint8Array.of(1))).toBe(false)
      expect(await backend.verify('Ed25519', Uint8Array.of(1), signature, message)).toBe(false)
      expect(await backend.verify('ES384', ed25519Spki(key.publicKey), signature, message)).toBe(false)
    }
  })

  it('refuse a key of another kind under the size of an Ed25519 one', async () => {
    const key = testKey(3)
    const message = Uint8Array.of(1)
    // X25519, RFC 8410: one octet of the algorithm differs.
    const spki = ed25519Spki(key.publicKey).map((octet, at) => (at === 8 ? 0x6e : octet))
    for (const backend of [node, web])
      expect(await backend.verify('Ed25519', spki, key.sign(message), message)).toBe(false)
  })

  it('compare in constant time by value', () => {
    expect(equalBytes(hex('00ff'), hex('00ff'))).toBe(true)
    expect(equalBytes(hex('00ff'), hex('00fe'))).toBe(false)
    expect(equalBytes(hex('00'), hex('0000'))).toBe(false)
  })
})
