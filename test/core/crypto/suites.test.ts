/** Public suites of signatures through our own paths: Wycheproof and the Ed25519 edge cases of CCTV, on both back ends and without native Ed25519. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ed25519Spki } from '../../../src/core/crypto/index.ts'
import { backend as node } from '../../../src/core/crypto/node.ts'
import type { CryptoBackend, SignatureAlgorithm } from '../../../src/core/crypto/types.ts'
import { backend as web } from '../../../src/core/crypto/web.ts'
import { decodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { decodeJws } from '../../../src/core/receipt/jws.ts'
import { checkRawEcdsaSignature, decodeEcdsaSignature } from '../../../src/core/x509/index.ts'
import { isSignedBy } from '../../../src/core/x509/signed.ts'
import { MalformedError } from '../../../src/errors.ts'

const SUITES = join('..', 'shared', 'suites')
const present = existsSync(SUITES)
if (!present) process.stdout.write('public suites of signatures are not beside this checkout: not tested\n')

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const readJson = (...parts: readonly string[]) => JSON.parse(readFileSync(join(SUITES, ...parts), 'utf8'))

interface Vector {
  readonly id: string
  readonly spki: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
  readonly valid: boolean
}

interface WycheproofGroup {
  readonly publicKeyDer: string
  readonly tests: readonly {
    readonly tcId: number
    readonly msg: string
    readonly sig: string
    readonly result: string
  }[]
}

function wycheproof(file: string): readonly Vector[] {
  const { testGroups }: { testGroups: readonly WycheproofGroup[] } = readJson('wycheproof', file)
  return testGroups.flatMap(({ publicKeyDer, tests }) =>
    tests.map(({ tcId, msg, sig, result }) => ({
      id: `${file} ${tcId}`,
      spki: hex(publicKeyDer),
      message: hex(msg),
      signature: hex(sig),
      valid: result === 'valid',
    })),
  )
}

interface CctvVector {
  readonly number: number
  readonly key: string
  readonly sig: string
  readonly msg: string
  readonly flags: readonly string[] | null
}

/** Flags of what Web Cryptography refuses: points of small order, points that are not canonical, what fits with the cofactor alone. */
const REFUSED = ['low_order_A', 'low_order_R', 'non_canonical_A', 'non_canonical_R', 'low_order_residue']

function cctv(): readonly Vector[] {
  const vectors: readonly CctvVector[] = readJson('cctv', 'cctv_ed25519vectors.json')
  return vectors.map(({ number, key, sig, msg, flags }) => ({
    id: `${number} ${flags?.join(' ') ?? ''}`,
    spki: ed25519Spki(hex(key)),
    message: new TextEncoder().encode(msg),
    signature: hex(sig),
    valid: !flags?.some((flag) => REFUSED.includes(flag)),
  }))
}

/** Vectors on which `verify` says other than the suite. */
async function wrongOnes(
  vectors: readonly Vector[],
  verify: (vector: Vector) => Promise<boolean>,
): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const vector of vectors) if ((await verify(vector)) !== vector.valid) wrong.push(vector.id)
  return wrong
}

/** False where the form alone is refused: that must be with SIG_MALFORMED and nothing else. */
async function orMalformed(verify: () => Promise<boolean>): Promise<boolean> {
  try {
    return await verify()
  } catch (error) {
    if (error instanceof MalformedError && error.failure === 'SIG_MALFORMED') return false
    throw error
  }
}

const BACKENDS: Readonly<Record<string, CryptoBackend>> = { node, web }

/** A browser that knows no Ed25519: the library takes over. */
function withoutNativeEd25519(): void {
  vi.stubGlobal('crypto', { subtle: { importKey: () => Promise.reject(new Error('NotSupportedError')) } })
}

describe.skipIf(!present)('suites of signatures', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
  })

  describe.each(Object.keys(BACKENDS))('on the back end %s', (name) => {
    const { verify } = BACKENDS[name] ?? node

    it.each([
      ['ecdsa_secp256r1_sha256_test.json', 'ES256'],
      ['ecdsa_secp384r1_sha384_test.json', 'ES384'],
    ] as const)('[X20] accepts and rejects the DER signatures of %s as it says', async (file, algorithm) => {
      const wrong = await wrongOnes(wycheproof(file), ({ spki, signature, message }) =>
        orMalformed(async () => verify(algorithm, spki, decodeEcdsaSignature(signature, algorithm), message)),
      )
      expect(wrong).toEqual([])
    })

    it.each([
      ['ecdsa_secp256r1_sha256_p1363_test.json', 'ES256'],
      ['ecdsa_secp384r1_sha384_p1363_test.json', 'ES384'],
    ] as const)('[X20] accepts and rejects the raw signatures of %s as it says', async (file, algorithm) => {
      const wrong = await wrongOnes(wycheproof(file), ({ spki, signature, message }) =>
        orMalformed(async () => verify(algorithm, spki, checkRawEcdsaSignature(signature, algorithm), message)),
      )
      expect(wrong).toEqual([])
    })

    it.each([
      ['ed25519_test.json', 'Ed25519'],
      ['rsa_pss_4096_sha384_mgf1_48_test.json', 'PS384'],
    ] as const satisfies readonly (readonly [string, SignatureAlgorithm])[])(
      'accepts and refuses exactly what %s says',
      async (file, algorithm) => {
        const wrong = await wrongOnes(wycheproof(file), ({ spki, signature, message }) =>
          verify(algorithm, spki, signature, message),
        )
        expect(wrong).toEqual([])
      },
    )

    it('holds to one rule on every edge case of Ed25519', async () => {
      const vectors = cctv()
      expect(vectors.length).toBeGreaterThan(900)
      expect(vectors.filter(({ valid }) => valid).length).toBeGreaterThan(0)
      const wrong = await wrongOnes(vectors, ({ spki, signature, message }) =>
        verify('Ed25519', spki, signature, message),
      )
      expect(wrong).toEqual([])
    })
  })

  it('holds to the same rule where Ed25519 is not native', async () => {
    withoutNativeEd25519()
    for (const vectors of [cctv(), wycheproof('ed25519_test.json')]) {
      const wrong = await wrongOnes(vectors, ({ spki, signature, message }) =>
        web.verify('Ed25519', spki, signature, message),
      )
      expect(wrong).toEqual([])
    }
  })

  it.each([
    ['ecdsa_secp256r1_sha256_test.json', 'ES256'],
    ['ecdsa_secp384r1_sha384_test.json', 'ES384'],
    ['rsa_pss_4096_sha384_mgf1_48_test.json', 'PS384'],
  ] as const)('[X2] takes and rejects the signatures of %s over certificates as it says', async (file, algorithm) => {
    const wrong = await wrongOnes(wycheproof(file), ({ spki, signature, message }) =>
      orMalformed(() => isSignedBy(spki, { tbs: message, signature, signatureScheme: { oid: '', algorithm } })),
    )
    expect(wrong).toEqual([])
  })

  interface JwsGroup {
    readonly comment: string
    readonly tests: readonly { readonly tcId: number; readonly jws: unknown; readonly result: string }[]
  }

  it('takes none of the tokens of Wycheproof for a receipt, and reads base64 as strictly as it asks', () => {
    const { testGroups }: { testGroups: readonly JwsGroup[] } = readJson('wycheproof', 'json_web_signature_test.json')
    let refused = 0
    for (const { comment, tests } of testGroups) {
      for (const { tcId, jws, result } of tests) {
        if (typeof jws !== 'string') continue
        expect(() => decodeJws(jws), `${tcId}`).toThrow(MalformedError)
        refused++
        if (comment !== 'base64') continue
        const readable = jws.split('.').every((part) => isBase64Url(part))
        // What is valid is readable, and what lenient readers verify is not.
        if (result === 'valid' && !STRICTER.includes(tcId)) expect([tcId, readable]).toEqual([tcId, true])
        if (LENIENT.includes(tcId)) expect([tcId, readable]).toEqual([tcId, false])
      }
    }
    expect(refused).toBeGreaterThan(350)
  })
})

/** Tokens with spaces or odd last bits, which lenient readers verify. 367 and 370 are the good token again, octet for octet. */
const LENIENT = [360, 365, 368, 375]
/** Tokens with a question mark in them, which the suite calls valid. */
const STRICTER = [372, 373]

function isBase64Url(text: string): boolean {
  try {
    decodeBase64Url(text)
    return true
  } catch {
    return false
  }
}
