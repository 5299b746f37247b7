/**
 * Writes attestation-fixtures/revocation/vectors.json: lists of revocations, good ones and ones that differ in one thing.
 *
 *   npx esbuild test/tools/make-revocation-fixtures.ts --bundle --platform=node --format=esm --packages=external \
 *     --conditions=countersign-source --outfile=node_modules/.cache/make-revocation-fixtures.mjs
 *   node node_modules/.cache/make-revocation-fixtures.mjs
 */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeArchive } from '../../src/core/archive/index.ts'
import { digestUri } from '../../src/core/crypto/index.ts'
import { encodeBase64Url } from '../../src/core/encoding/base64.ts'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import { type RevocationList, type RevocationSigner, signRevocations } from '../../src/core/revocation/index.ts'
import { decodeSnpReport } from '../../src/core/snp/index.ts'
import { testKey } from '../kit/ed25519.ts'

const FOLDER = join('attestation-fixtures', 'revocation')
const SUBJECT = join('attestation-fixtures', 'answer', 'quoted')
const ISSUED = new Date('2027-01-15T00:00:00Z')
const DAY = 86_400_000

function signer(octet: number): RevocationSigner {
  const key = testKey(octet)
  return { key: encodeBase64Url(key.publicKey), sign: (octets) => Promise.resolve(key.sign(octets)) }
}

function pointSigner(): RevocationSigner {
  // RFC 7517, appendix A.2: a key that everybody knows.
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
    y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
    d: '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE',
  }
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    key: spki.subarray(-65).toString('base64url'),
    sign: (octets) =>
      Promise.resolve(new Uint8Array(sign('sha256', octets, { key: privateKey, dsaEncoding: 'ieee-p1363' }))),
  }
}

const archive = decodeArchive(new Uint8Array(readFileSync(join(SUBJECT, 'archive.cmw.json'))))
if (archive.quote.tee !== 'snp') throw new Error('the subject is an SEV-SNP archive')
const report = decodeSnpReport(archive.quote.report)
const { lock } = JSON.parse(readFileSync(join(SUBJECT, 'vector.json'), 'utf8'))
const [publisher, stranger, point] = [signer(71), signer(72), pointSigner()]
const EMPTY: RevocationList = {
  version: 1,
  number: 7,
  issuedAt: ISSUED,
  expiresAt: new Date(ISSUED.getTime() + 7 * DAY),
  boots: [],
  chips: [],
  measurements: [],
  models: [],
}
const HEX96 = '00'.repeat(48)
const others: Partial<RevocationList> = {
  boots: [{ session: `sha256:${'0'.repeat(64)}`, reason: 'another session' }],
  chips: [{ platform: 'snp', id: '01'.repeat(64), reason: 'another chip' }],
  measurements: [{ platform: 'snp', measurements: { measurement: HEX96 }, reason: 'another build' }],
  models: [{ digest: `sha256:${'0'.repeat(64)}`, reason: 'another model' }],
}
const session = { session: digestUri(archive.session), reason: 'key was seen outside' }
const chip = { platform: 'snp', id: encodeHex(report.chipId), reason: 'chip was opened' } as const
const measurement = { measurement: encodeHex(report.measurement) }

interface Made {
  readonly name: string
  readonly code: string
  readonly check?: string
  readonly list?: Partial<RevocationList>
  readonly by?: RevocationSigner
  readonly change?: (jws: string) => string
  readonly now?: Date
  readonly atLeast?: number
  readonly maximumAgeSeconds?: number
}

const jwsOf = (header: object) => (jws: string) =>
  [encodeBase64Url(new TextEncoder().encode(JSON.stringify(header))), ...jws.split('.').slice(1)].join('.')
const CASES: readonly Made[] = [
  { name: 'nothing is revoked', code: 'ok' },
  { name: 'others are revoked', code: 'ok', list: others },
  { name: 'a list signed on P-256', code: 'ok', by: point },
  { name: 'the last second of a list', code: 'ok', now: new Date(ISSUED.getTime() + 7 * DAY - 1000) },
  { name: 'the number that was seen', code: 'ok', atLeast: 7 },
  { name: 'a revoked session', code: 'REVOKED', check: 'evidence.revocation', list: { boots: [session] } },
  { name: 'a revoked chip', code: 'REVOKED', check: 'evidence.revocation', list: { chips: [chip] } },
  {
    name: 'a revoked measurement',
    code: 'REVOKED',
    check: 'evidence.revocation',
    list: { measurements: [{ platform: 'snp', measurements: measurement, reason: 'leaks prompts' }] },
  },
  {
    name: 'a revoked model',
    code: 'REVOKED',
    check: 'revocation',
    list: { models: [{ digest: lock.rows[0].models[0].digest, reason: 'poisoned weights' }] },
  },
  { name: 'a stranger signed', code: 'REVOCATIONS_SIGNATURE', by: stranger },
  {
    name: 'an octet of the list is another',
    code: 'REVOCATIONS_SIGNATURE',
    change: (jws) => {
      const [header = '', payload = '', signature = ''] = jws.split('.')
      const text = Buffer.from(payload, 'base64url').toString().replace('"number":7', '"number":8')
      return [header, Buffer.from(text).toString('base64url'), signature].join('.')
    },
  },
  { name: 'the header says none', code: 'REVOCATIONS_SIGNATURE', change: jwsOf({ alg: 'none' }) },
  { name: 'past its last second', code: 'REVOCATIONS_EXPIRED', now: new Date(ISSUED.getTime() + 7 * DAY) },
  {
    name: 'older than policy takes',
    code: 'REVOCATIONS_EXPIRED',
    maximumAgeSeconds: 3600,
    now: new Date(ISSUED.getTime() + 3_600_000),
  },
  { name: 'older than one that was seen', code: 'REVOCATIONS_ROLLBACK', atLeast: 8 },
]

async function vectorOf(made: Made): Promise<object> {
  const { name, code, check, list = {}, by = publisher, change = (jws: string) => jws } = made
  const { now = new Date(ISSUED.getTime() + DAY), atLeast = 0, maximumAgeSeconds = 30 * 86_400 } = made
  const revocations = { keys: [publisher.key, point.key], maximumAgeSeconds }
  const jws = change(await signRevocations({ ...EMPTY, ...list }, by))
  const expect = code === 'ok' ? { ok: true } : { ok: false, code, ...(check && { check }) }
  return { name, revocations, now: now.toISOString(), atLeast, list: jws, expect }
}

mkdirSync(FOLDER, { recursive: true })
const cases = await Promise.all(CASES.map(vectorOf))
const text = JSON.stringify({ what: 'lists of revocations, judged with the answer "quoted"', cases }, undefined, 1)
writeFileSync(join(FOLDER, 'vectors.json'), `${text}\n`)
