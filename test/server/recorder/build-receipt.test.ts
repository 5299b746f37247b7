/** What the recorder builds before it seals and appends: the same octets for the same content, and nothing guessable in them. */
import { createHash } from 'node:crypto'
import { compactVerify, importJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { buildReceipt, type ReceiptContent, type ReceiptPlace } from '../../../src/server/recorder/build-receipt.ts'
import { RandomPool } from '../../../src/server/recorder/random-pool.ts'
import { NO_DEPENDENCIES } from '../../../src/server/upstream/dependencies.ts'
import { testKey } from '../../kit/ed25519.ts'

const key = testKey(7)
const digest = `sha256:${'ab'.repeat(32)}`
const octets = { digest, size: 12, media_type: 'application/json' }
const place: ReceiptPlace = {
  iss: 'https://gw.example.com',
  origin: 'gw.example.com/log/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  session: { digest, receiptKey: key },
  jti: 'AAAAAAAAAAAAAAAAAAAAAA',
  seq: 3,
  iat: 1_790_000_000,
}
const content: ReceiptContent = {
  outcome: 'complete',
  nonce: 'A'.repeat(43),
  model: { name: 'modèle "8b" \u{1f600}', digest },
  engine: { name: 'vllm', version: '0.11', determinism: 'best-effort', flags: 'none' },
  upstream: 'local',
  disclosed: {
    request: octets,
    forwarded: { digest, size: 20, transforms: [] },
    response: octets,
    dependencies: NO_DEPENDENCIES,
    exchange: { http: { '@status': 200 }, gen_ai: { response_id: 'é\\\n' } },
  },
  exchangeTravels: false,
  inserts: [],
  tenant: '',
}

/** Octets that count up: with them a receipt is the same every time. */
function counting(): RandomPool {
  let next = 0
  return new RandomPool((size) => Uint8Array.from({ length: size }, () => next++ & 0xff))
}

describe('building a receipt', () => {
  it('gives the same octets for the same content, key and salts, in every version', () => {
    const { token } = buildReceipt(content, place, counting())
    expect(createHash('sha256').update(token).digest('hex')).toBe(
      '6bd82f739caf62334c50ed34f9c5b2e1da0ab2b1a1b1a1e9d9606b91c59154ff',
    )
  })

  it('signs the digest of each disclosure, which another JOSE library reads', async () => {
    const { issuerJws, disclosures, token } = buildReceipt(content, place, counting())
    const { payload } = await compactVerify(issuerJws, await importJWK({ ...key.jwk }, 'Ed25519'))
    const { _sd: signed } = JSON.parse(new TextDecoder().decode(payload))
    const [, ...encoded] = token.split('~').slice(0, -1)
    expect(encoded).toEqual(disclosures.map((disclosure) => disclosure.encoded))
    expect(encoded.map((text) => createHash('sha256').update(text).digest('base64url'))).toEqual(signed)
    const names = encoded.map((text) => JSON.parse(Buffer.from(text, 'base64url').toString())[1])
    expect(names).toEqual(['request', 'forwarded', 'response', 'dependencies', 'exchange'])
  })

  it('hides each disclosure, and each receipt of the same content, behind a salt of its own', () => {
    const salts = counting()
    const built = [buildReceipt(content, place, salts), buildReceipt(content, place, salts)]
    const used = built.flatMap(({ disclosures }) =>
      disclosures.map(({ encoded }) => JSON.parse(Buffer.from(encoded, 'base64url').toString())[0]),
    )
    expect(new Set(used).size).toBe(10)
    expect(new Set(built.flatMap(({ token }) => decodeReceipt(token).claims._sd)).size).toBe(10)
  })

  it('discloses no request and nothing forwarded where there was none', () => {
    const { response, dependencies, exchange } = content.disclosed
    const bare = { ...content, disclosed: { response, dependencies, exchange } }
    const { disclosed } = decodeReceipt(buildReceipt(bare, place, counting()).token)
    expect(Object.keys(disclosed)).toEqual(['response', 'dependencies', 'exchange'])
  })
})
