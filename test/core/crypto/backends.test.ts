/** Both crypto back ends give the same: digests of any octets, and the verdict on the Ed25519 and ECDSA vectors of Wycheproof where they are at hand. */
import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../../src/core/crypto/equal.ts'
import { ed25519Spki } from '../../../src/core/crypto/index.ts'
import { backend as node } from '../../../src/core/crypto/node.ts'
import type { SignatureAlgorithm } from '../../../src/core/crypto/types.ts'
import { backend as web } from '../../../src/core/crypto/web.ts'
import { testKey } from '../../kit/ed25519.ts'

const SUITES = '../shared/suites/wycheproof'
const present = existsSync(SUITES)
if (!present) process.stdout.write('skipped: public test suites are not beside this checkout\n')

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

interface WycheproofGroup {
  readonly publicKeyDer: string
  readonly tests: readonly {
    readonly tcId: number
    readonly msg: string
    readonly sig: string
    readonly result: 'valid' | 'invalid' | 'acceptable'
  }[]
}

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

  it.skipIf(!present).each([
    ['ed25519_test.json', 'Ed25519'],
    ['ecdsa_secp256r1_sha256_p1363_test.json', 'ES256'],
    ['ecdsa_secp384r1_sha384_p1363_test.json', 'ES384'],
    ['rsa_pss_4096_sha384_mgf1_48_test.json', 'PS384'],
  ] as const satisfies readonly (readonly [string, SignatureAlgorithm])[])(
    'accept and refuse exactly what %s says',
    async (file, algorithm) => {
      const { testGroups }: { testGroups: readonly WycheproofGroup[] } = JSON.parse(
        readFileSync(`${SUITES}/${file}`, 'utf8'),
      )
      const wrong: string[] = []
      for (const { publicKeyDer, tests } of testGroups) {
        for (const { tcId, msg, sig, result } of tests) {
          for (const [name, backend] of Object.entries({ node, web })) {
            const verified = await backend.verify(algorithm, hex(publicKeyDer), hex(sig), hex(msg))
            if (verified !== (result === 'valid')) wrong.push(`${name} ${tcId} ${result}`)
          }
        }
      }
      expect(wrong).toEqual([])
    },
  )

  it('compare in constant time by value', () => {
    expect(equalBytes(hex('00ff'), hex('00ff'))).toBe(true)
    expect(equalBytes(hex('00ff'), hex('00fe'))).toBe(false)
    expect(equalBytes(hex('00'), hex('0000'))).toBe(false)
  })
})
