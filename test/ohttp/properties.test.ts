/** Exchanges over OHTTP, whatever is said and whatever is done to them on the way; X-Wing by the vector of its draft. */
import { XWing } from '@hpke/hybridkem-x-wing'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes, decodeHex, encodeHex } from '../../src/core/encoding/bytes.ts'
import { encodeRequest } from '../../src/core/ohttp/binary-http.ts'
import { frameChunk, frameFinalChunk } from '../../src/core/ohttp/chunks.ts'
import { decodeOhttpKeyConfigs, KEM_X_WING, KEM_X25519, type OhttpKeyConfig } from '../../src/core/ohttp/key-configs.ts'
import { encodeVarint } from '../../src/core/ohttp/varint.ts'
import {
  AEAD_AES_128_GCM,
  AEAD_AES_256_GCM,
  algorithmsOf,
  importKeyPair,
  KDF_HKDF_SHA256,
  publicOctets,
} from '../../src/ohttp/hpke.ts'
import { createOhttpKeys, type OhttpForm, type OhttpKeys, openRequest, sealRequest } from '../../src/ohttp/index.ts'
import { openResponse } from '../../src/ohttp/open-response.ts'
import { type ExchangeSecret, scheduleKeys } from '../../src/ohttp/response-keys.ts'
import { sealRequestWith } from '../../src/ohttp/seal-request.ts'
import { sealResponse } from '../../src/ohttp/seal-response.ts'
import { failureOfAsync } from '../kit/failure-of.ts'
import { rejectionOf } from '../kit/rejection-of.ts'
import { octetsIn } from './octets-in.ts'
import { openVectors } from './vector.ts'

const LIMITS = { maxSize: 200_000 }
const NOTHING = new Uint8Array(0)
const FORMS: readonly OhttpForm[] = ['chunked', 'whole']

let keys: OhttpKeys
let configs: readonly OhttpKeyConfig[]

beforeAll(async () => {
  keys = await createOhttpKeys()
  configs = decodeOhttpKeyConfigs(keys.configs)
})

const x25519 = (): OhttpKeyConfig => configs.find(({ kem }) => kem === KEM_X25519) ?? fail('no X25519')
function fail(message: string): never {
  throw new Error(message)
}

const requestOf = (content: Uint8Array): Uint8Array =>
  encodeRequest({ method: 'POST', scheme: 'https', authority: 'a', path: '/', headers: [], content })

/** The parts of a sealed response, and who can open it. */
async function exchange(config: OhttpKeyConfig, form: OhttpForm, said: readonly Uint8Array[]) {
  const content = Uint8Array.from({ length: 20_000 }, (_, at) => at)
  const { octets, response } = await sealRequest(config, requestOf(content), form)
  const opened = await openRequest(keys, octetsIn(octets, 5000), form, LIMITS)
  expect(opened.request.content).toEqual(content)
  const sealer = await opened.sealResponse()
  const parts = [sealer.begin]
  for (const part of said.slice(0, -1)) parts.push(await sealer.seal(part))
  parts.push(await sealer.finish(said.at(-1) ?? new Uint8Array(0)))
  const open = async (changed: Uint8Array, portion = 4096): Promise<Uint8Array> => {
    const come: Uint8Array[] = []
    for await (const some of octetsIn(changed, portion)) come.push(await response.push(some))
    return concatBytes(...come, await response.finish())
  }
  return { octets, parts, sealer, open }
}

const TEXTS = ['data: one\n\n', 'data: two\n\n', 'data: three\n\n', ''].map((text) => new TextEncoder().encode(text))

/** What both ends hold after a request: for answers without the cost of one. */
const SECRET: ExchangeSecret = {
  form: 'chunked',
  enc: new Uint8Array(32).fill(1),
  secret: new Uint8Array(16).fill(2),
  keySize: 16,
}

async function answerOf(): Promise<readonly Uint8Array[]> {
  const sealer = await sealResponse(SECRET)
  const parts = [sealer.begin]
  for (const text of TEXTS.slice(0, -1)) parts.push(await sealer.seal(text))
  return [...parts, await sealer.finish(new Uint8Array(0))]
}

async function openAnswer(octets: Uint8Array): Promise<Uint8Array> {
  const opener = openResponse(SECRET)
  const come = []
  for await (const some of octetsIn(octets, 20)) come.push(await opener.push(some))
  return concatBytes(...come, await opener.finish())
}

describe('keys', () => {
  it('are one of each KEM, the hybrid one first, each with suites of its own', () => {
    expect(configs.map(({ kem }) => kem)).toEqual([KEM_X_WING, KEM_X25519])
    for (const { suites } of configs)
      expect(suites).toEqual([
        { kdf: KDF_HKDF_SHA256, aead: AEAD_AES_128_GCM },
        { kdf: KDF_HKDF_SHA256, aead: AEAD_AES_256_GCM },
      ])
  })

  it('are new each time', async () => {
    expect(encodeHex((await createOhttpKeys()).configs)).not.toBe(encodeHex(keys.configs))
  })

  for (const vector of openVectors().filter((each) => each.string('kind') === 'kem'))
    it(`${vector.string('title')} (${vector.string('name')})`, async () => {
      const [seed, eseed, ss, pk, ct] = ['seed', 'eseed', 'ss', 'pk', 'ct'].map((key) => vector.string(key))
      const keyPair = await importKeyPair(KEM_X_WING, decodeHex(seed ?? ''), decodeHex(pk ?? ''))
      const { kem } = algorithmsOf(KEM_X_WING, { kdf: KDF_HKDF_SHA256, aead: AEAD_AES_128_GCM })
      const derived = await new XWing().generateKeyPairDerand(decodeHex(seed ?? ''))
      expect(encodeHex(await publicOctets(KEM_X_WING, derived))).toBe(pk)
      const { enc, sharedSecret } = await kem.encap({
        recipientPublicKey: keyPair.publicKey,
        ekm: decodeHex(eseed ?? ''),
      })
      expect(encodeHex(new Uint8Array(enc))).toBe(ct)
      expect(encodeHex(new Uint8Array(sharedSecret))).toBe(ss)
      const opened = await kem.decap({ recipientKey: keyPair.privateKey, enc: decodeHex(ct ?? '') })
      expect(encodeHex(new Uint8Array(opened))).toBe(ss)
    })
})

describe('an exchange', () => {
  it('comes back as it was said, with each key, suite and form', async () => {
    for (const config of configs)
      for (const suite of config.suites)
        for (const form of FORMS) {
          const { parts, open } = await exchange({ ...config, suites: [suite] }, form, TEXTS)
          expect(await open(concatBytes(...parts), 7)).toEqual(concatBytes(...TEXTS))
        }
  })

  it('comes back however it is cut into parts and portions', async () => {
    const said = fc.array(fc.uint8Array({ maxLength: 40_000 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(said, fc.integer({ min: 100, max: 20_000 }), async (texts, portion) => {
        const { parts, open } = await exchange(x25519(), 'chunked', texts)
        expect(await open(concatBytes(...parts), portion)).toEqual(concatBytes(...texts))
      }),
      { numRuns: 10 },
    )
  })

  it('[C7] that is cut off at any octet of its answer is refused', async () => {
    const octets = concatBytes(...(await answerOf()))
    for (let at = 0; at < octets.length; at++)
      expect([at, await failureOfAsync(() => openAnswer(octets.slice(0, at)))]).toEqual([at, 'E2EE_TRUNCATED'])
  })

  it('[C7] that is cut off at any octet of its request is refused', async () => {
    for (const config of configs) {
      const { octets } = await sealRequest(config, requestOf(new Uint8Array(40)), 'chunked')
      const step = config.kem === KEM_X_WING ? 37 : 1
      for (let at = 0; at < octets.length; at += step) {
        const code = await failureOfAsync(() => openRequest(keys, octetsIn(octets.slice(0, at), 64), 'chunked', LIMITS))
        // Within the final chunk a cut is told from another octet only where no tag is left.
        expect(['E2EE_TRUNCATED', 'E2EE_DECRYPT']).toContain(code)
        if (at < octets.length - 70) expect([at, code]).toEqual([at, 'E2EE_TRUNCATED'])
      }
    }
  })

  it('[C7] whose answer has one bit changed anywhere is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(7), async (where, bit) => {
        const octets = concatBytes(...(await answerOf()))
        const at = where % octets.length
        octets[at] = (octets[at] ?? 0) ^ (1 << bit)
        // A length that is another one moves the chunks, or lets the end go missing.
        const code = await failureOfAsync(() => openAnswer(octets))
        expect(['E2EE_DECRYPT', 'E2EE_TRUNCATED', 'E2EE_FORMAT']).toContain(code)
      }),
      { numRuns: 300 },
    )
  })

  it('[C7] whose request has one bit changed anywhere is refused', async () => {
    const { octets } = await sealRequest(x25519(), requestOf(new Uint8Array(40_000)), 'chunked')
    const codes = ['E2EE_KEY', 'E2EE_SUITE', 'E2EE_DECRYPT', 'E2EE_TRUNCATED', 'E2EE_FORMAT']
    // The top bit of an X25519 key is not looked at (RFC 7748 section 5), but HPKE hashes it in (RFC 9180 section 4.1).
    for (const at of [...Array(45).keys(), 100, 16_000, 17_000, 39_999])
      for (const bit of [0, 7]) {
        const changed = octets.slice()
        changed[at] = (changed[at] ?? 0) ^ (1 << bit)
        expect(codes).toContain(
          await failureOfAsync(() => openRequest(keys, octetsIn(changed, 9000), 'chunked', LIMITS)),
        )
      }
  })

  it('[C7] whose events come in any other order, or not all, is refused', async () => {
    const order = fc.shuffledSubarray([1, 2, 3, 4]).filter((chosen) => chosen.join() !== '1,2,3,4')
    await fc.assert(
      fc.asyncProperty(order, async (chosen) => {
        const parts = await answerOf()
        const octets = concatBytes(parts[0] ?? fail('no nonce'), ...chosen.map((at) => parts[at] ?? fail('no part')))
        expect(['E2EE_DECRYPT', 'E2EE_TRUNCATED']).toContain(await failureOfAsync(() => openAnswer(octets)))
      }),
      { numRuns: 100 },
    )
  })

  it('[C7] is not opened as the other form', async () => {
    for (const form of FORMS) {
      const { octets } = await sealRequest(x25519(), requestOf(new Uint8Array(9)), form)
      const other = form === 'chunked' ? 'whole' : 'chunked'
      const code = await failureOfAsync(() => openRequest(keys, octetsIn(octets, 50), other, LIMITS))
      expect(['E2EE_DECRYPT', 'E2EE_TRUNCATED', 'E2EE_FORMAT']).toContain(code)
    }
  })

  it('has a nonce of its own in each answer, also to a request that came before', async () => {
    const { octets } = await sealRequest(x25519(), requestOf(new Uint8Array(9)), 'chunked')
    const begins = []
    for (const _ of [1, 2]) {
      const opened = await openRequest(keys, octetsIn(octets, 50), 'chunked', LIMITS)
      begins.push(encodeHex((await opened.sealResponse()).begin), encodeHex((await opened.sealResponse()).begin))
    }
    expect(new Set(begins).size).toBe(4)
  })
})

describe('a request', () => {
  it('is read no further than allowed, and its source is let go of', async () => {
    let closed = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        const { octets } = await sealRequest(x25519(), requestOf(new Uint8Array(50_000)), 'chunked')
        yield octets.slice(0, 30_000)
        for (;;) yield new Uint8Array(10_000)
      } finally {
        closed++
      }
    }
    const open = (): Promise<unknown> => openRequest(keys, endless(), 'chunked', { maxSize: 60_000 })
    expect(['E2EE_FORMAT', 'E2EE_DECRYPT']).toContain(await failureOfAsync(open))
    expect(closed).toBe(1)
    const whole = (): Promise<unknown> => openRequest(keys, endless(), 'whole', { maxSize: 60_000 })
    expect(await failureOfAsync(whole)).toBe('E2EE_FORMAT')
    expect(closed).toBe(2)
  })

  it('[C7] of a key that is not held is refused by its first octets', async () => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Uint8Array.of(9, 0, 0x20, 0, 1, 0, 1)
      throw new Error('more was read than is needed')
    }
    expect(await failureOfAsync(() => openRequest(keys, source(), 'chunked', LIMITS))).toBe('E2EE_KEY')
  })

  it('[C7] of very many small chunks is refused', async () => {
    const pieces = Array.from({ length: 2000 }, () => new Uint8Array(1))
    const { octets } = await sealRequestWith(x25519(), pieces, { form: 'chunked' })
    expect(await failureOfAsync(() => openRequest(keys, octetsIn(octets, 60_000), 'chunked', LIMITS))).toBe(
      'E2EE_FORMAT',
    )
  })

  it('[C7] with an empty chunk before the final one is refused, though it is authentic', async () => {
    const content = requestOf(new Uint8Array(9))
    const pieces = [content.subarray(0, 5), new Uint8Array(0), content.subarray(5)]
    const { octets } = await sealRequestWith(x25519(), pieces, { form: 'chunked' })
    expect(await failureOfAsync(() => openRequest(keys, octetsIn(octets, 99), 'chunked', LIMITS))).toBe('E2EE_DECRYPT')
  })

  it('is not made for a key or a suite that there is not', async () => {
    const seal = (config: OhttpKeyConfig) => (): Promise<unknown> => sealRequest(config, new Uint8Array(1), 'chunked')
    const suites = [{ kdf: 1, aead: 3 }]
    expect(await failureOfAsync(seal({ ...x25519(), suites }))).toBe('E2EE_SUITE')
    expect(await failureOfAsync(seal({ ...x25519(), publicKey: new Uint8Array(32) }))).toBe('E2EE_KEY')
  })
})

describe('a response', () => {
  it('cannot be gone on with after its end', async () => {
    const { sealer } = await exchange(x25519(), 'chunked', TEXTS)
    for (const call of [() => sealer.seal(new Uint8Array(1)), () => sealer.finish(new Uint8Array(0))])
      expect(await rejectionOf(call())).toMatchObject({ code: 'ERR_USAGE' })
  })

  it('[C7] with an empty chunk before the final one is refused, though it is authentic', async () => {
    const nonce = new Uint8Array(16).fill(3)
    const { seal } = await scheduleKeys(SECRET, nonce)
    const [one, empty] = [await seal(TEXTS[0] ?? fail('no text'), NOTHING), await seal(NOTHING, NOTHING)]
    const final = await seal(NOTHING, new TextEncoder().encode('final'))
    const whole = concatBytes(nonce, frameChunk(one), frameChunk(empty), frameFinalChunk(final))
    expect(await failureOfAsync(() => openAnswer(whole))).toBe('E2EE_DECRYPT')
  })

  it('[C7] is held no further than it may grow', async () => {
    const huge = concatBytes(new Uint8Array(16), encodeVarint((1 << 20) + 1))
    expect(await failureOfAsync(() => openAnswer(huge))).toBe('E2EE_FORMAT')
    const opener = openResponse({ ...SECRET, form: 'whole' })
    const mebibyte = new Uint8Array(1 << 20)
    for (let i = 0; i < 64; i++) await opener.push(mebibyte)
    expect(await failureOfAsync(() => opener.push(Uint8Array.of(1)))).toBe('E2EE_FORMAT')
  })

  it('has no octets for no content before its end', async () => {
    const { octets } = await sealRequest(x25519(), requestOf(new Uint8Array(9)), 'chunked')
    const sealer = await (await openRequest(keys, octetsIn(octets, 50), 'chunked', LIMITS)).sealResponse()
    expect(await sealer.seal(new Uint8Array(0))).toEqual(new Uint8Array(0))
  })
})
