/** Every exchange under attestation-fixtures/ohttp, in both directions; its bad ones with the code that refuses them. */
import { describe, expect, it } from 'vitest'
import { concatBytes, encodeHex } from '../../src/core/encoding/bytes.ts'
import { decodeRequest } from '../../src/core/ohttp/binary-http.ts'
import { decodeOhttpKeyConfigs, encodeOhttpKeyConfigs } from '../../src/core/ohttp/key-configs.ts'
import { importKeyPair } from '../../src/ohttp/hpke.ts'
import { openRequest } from '../../src/ohttp/index.ts'
import { holdKeys, type OhttpKeys } from '../../src/ohttp/keys.ts'
import { openResponse, type ResponseOpener } from '../../src/ohttp/open-response.ts'
import type { ExchangeSecret } from '../../src/ohttp/response-keys.ts'
import { sealRequestWith } from '../../src/ohttp/seal-request.ts'
import { type ResponseSealer, sealResponseWith } from '../../src/ohttp/seal-response.ts'
import { failureOfAsync } from '../kit/failure-of.ts'
import { octetsIn } from './octets-in.ts'
import { type ExchangeVector, FOLDER, openVectors, readExchange } from './vector.ts'

const LIMITS = { maxSize: 65_536 }
const PORTIONS = [1, 7, 1024]

async function keysOf({ keyConfig, privateKey, publicKey }: ExchangeVector): Promise<OhttpKeys> {
  const [config] = decodeOhttpKeyConfigs(encodeOhttpKeyConfigs([keyConfig]))
  if (config === undefined) throw new Error('no key configuration')
  const { kem, keyId, suites } = config
  return holdKeys([{ kem, keyId, suites, keyPair: await importKeyPair(kem, privateKey, publicKey) }])
}

function exchangeOf({ form, ephemeral, secret }: ExchangeVector): ExchangeSecret {
  return { form, enc: ephemeral.publicKey, secret, keySize: 16 }
}

async function sealAll(sealer: ResponseSealer, contents: readonly Uint8Array[]): Promise<Uint8Array> {
  const parts = [sealer.begin]
  for (const content of contents.slice(0, -1)) parts.push(await sealer.seal(content))
  parts.push(await sealer.finish(contents.at(-1) ?? new Uint8Array(0)))
  return concatBytes(...parts)
}

async function openAll(opener: ResponseOpener, octets: Uint8Array, portion: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const some of octetsIn(octets, portion)) parts.push(await opener.push(some))
  parts.push(await opener.finish())
  return concatBytes(...parts)
}

async function opens(vector: ExchangeVector): Promise<void> {
  const keys = await keysOf(vector)
  for (const portion of PORTIONS) {
    const source = octetsIn(vector.encapsulatedRequest, portion)
    const { request, enc } = await openRequest(keys, source, vector.form, LIMITS)
    expect(request).toEqual(decodeRequest(concatBytes(...vector.request)))
    expect(enc).toEqual(vector.ephemeral.publicKey)
    const opened = await openAll(openResponse(exchangeOf(vector)), vector.encapsulatedResponse, portion)
    expect(opened).toEqual(concatBytes(...vector.response))
  }
}

async function seals(vector: ExchangeVector): Promise<void> {
  const [config] = decodeOhttpKeyConfigs(encodeOhttpKeyConfigs([vector.keyConfig]))
  if (config === undefined) throw new Error('no key configuration')
  const { privateKey, publicKey } = vector.ephemeral
  const ephemeral = await importKeyPair(config.kem, privateKey, publicKey)
  const sealed = await sealRequestWith(config, vector.request, { form: vector.form, ephemeral })
  expect(encodeHex(sealed.octets)).toBe(encodeHex(vector.encapsulatedRequest))
  const answer = await openAll(sealed.response, vector.encapsulatedResponse, 1024)
  expect(answer).toEqual(concatBytes(...vector.response))
  const sealer = await sealResponseWith(exchangeOf(vector), vector.responseNonce)
  expect(encodeHex(await sealAll(sealer, vector.response))).toBe(encodeHex(vector.encapsulatedResponse))
  expect((await keysOf(vector)).configs).toEqual(encodeOhttpKeyConfigs([vector.keyConfig]))
}

async function refuses(vector: ExchangeVector, kind: string, code: string): Promise<void> {
  const keys = await keysOf(vector)
  for (const portion of PORTIONS) {
    const failure =
      kind === 'request-refused'
        ? await failureOfAsync(() =>
            openRequest(keys, octetsIn(vector.encapsulatedRequest, portion), vector.form, LIMITS),
          )
        : await failureOfAsync(() => openAll(openResponse(exchangeOf(vector)), vector.encapsulatedResponse, portion))
    expect([portion, failure]).toEqual([portion, code])
  }
}

describe(FOLDER, () => {
  for (const vector of openVectors()) {
    const [row, title, name] = [vector.string('row'), vector.string('title'), vector.string('name')]
    const kind = vector.string('kind')
    if (kind === 'request' || kind === 'response' || kind === 'kem') continue
    it(`[${row}] ${title} (${name})`, async () => {
      const exchange = readExchange(vector)
      expect(vector.string('source')).not.toBe('')
      expect(name.endsWith('-fail')).toBe(kind.endsWith('-refused'))
      if (kind === 'request-refused' || kind === 'response-refused') {
        expect(vector.string('base')).not.toBe('')
        return refuses(exchange, kind, vector.string('code'))
      }
      await opens(exchange)
      if (kind === 'exchange') await seals(exchange)
    })
  }
})
