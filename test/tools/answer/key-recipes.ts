/** Fixtures of keys and dates: rows C10, C11 and R15. */

import { sha256, sha512 } from '../../../src/core/crypto/index.ts'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import type { SessionKeys } from '../../../src/core/evidence/session.ts'
import {
  encodeOhttpKeyConfig,
  encodeOhttpKeyConfigs,
  KEM_P256,
  KEM_X_WING,
  KEM_X25519,
} from '../../../src/core/ohttp/key-configs.ts'
import { testKey } from '../../kit/ed25519.ts'
import { type AnswerRecipe, ISSUED_AT } from '../../kit/issue-answer.ts'
import type { AnswerFixture } from './recipe.ts'

const RECEIPT_KEY = testKey(0x01)
const LOG_KEY = testKey(0x02)
const OTHER_KEY = testKey(0x03)
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const fingerprint = (prefix: string, key: Uint8Array): string =>
  Buffer.from(sha256(concatBytes(hex(prefix), key))).toString('hex')
const ed25519Fingerprint = (key: Uint8Array): string => fingerprint('302a300506032b6570032100', key)
const SUITE = { kdf: 1, aead: 1 }
/** One key, X25519, HKDF-SHA256 with AES-128-GCM. */
const ohttp = (publicKey: Uint8Array, kem: number = KEM_X25519): string =>
  encodeBase64Url(encodeOhttpKeyConfigs([encodeOhttpKeyConfig({ keyId: 1, kem, publicKey, suites: [SUITE] })]))
const P256_KEY = concatBytes(Uint8Array.of(4), new Uint8Array(64).fill(7))
const p256Ohttp = ohttp(P256_KEY, KEM_P256)
/** A hybrid key ends in a key of X25519. */
const hybridOhttp = (classical: Uint8Array): string =>
  ohttp(concatBytes(new Uint8Array(1184).fill(9), classical), KEM_X_WING)

const keys = (change: Partial<SessionKeys>): AnswerRecipe => ({
  session: (session) => ({ ...session, keys: { ...session.keys, ...change } }),
})
const dated = (iat: number): AnswerRecipe => ({
  claims: ({ log }) => ({ iat, log: { ...log, merge_by: iat + 60 } }),
})
/** Judged while the attestation is in force, at a time as given, and not in the log yet. */
const SIGNED = {
  policy: { grade: 'signed', audit: { time: 'unchecked', witnesses: 'unchecked' } },
  held: { nonce: 'unchecked' },
  withoutProof: true,
} as const

export const KEY_FIXTURES: readonly AnswerFixture[] = [
  {
    row: 'C6',
    name: 'report-data-untagged',
    title: 'a quote over the statement alone, without its tag',
    code: 'REPORT_DATA_DOMAIN',
    recipe: { reportData: (statement) => sha512(statement) },
  },
  {
    row: 'C6',
    name: 'report-data-joined',
    title: 'a quote over tag and statement with nothing between them',
    code: 'REPORT_DATA_DOMAIN',
    recipe: { reportData: (statement) => sha512(encodeUtf8('urn:countersign:statement:1'), statement) },
  },
  {
    row: 'C6',
    name: 'report-data-padded',
    title: 'a quote over a short digest of the statement, filled up with zeros',
    code: 'REPORT_DATA_DOMAIN',
    recipe: { reportData: (statement) => concatBytes(sha256(statement), new Uint8Array(32)) },
  },
  {
    ...SIGNED,
    row: 'C10',
    name: 'c10-last-second',
    title: 'a receipt dated in the last second of its attested session',
    code: 'ok',
    recipe: dated(ISSUED_AT + 3599),
  },
  {
    ...SIGNED,
    row: 'C10',
    name: 'c10-key-expired',
    title: 'a receipt dated at the end of its attested session',
    code: 'KEY_EXPIRED',
    recipe: dated(ISSUED_AT + 3600),
  },
  {
    row: 'C10',
    name: 'c10-key-unattested',
    title: 'a receipt of a key that is in no attestation',
    code: 'KEY_UNATTESTED',
    recipe: { receiptKey: OTHER_KEY },
  },
  {
    row: 'C11',
    name: 'c11-distinct',
    title: 'a session whose receipt, log, TLS and OHTTP keys are distinct',
    code: 'ok',
    recipe: keys({ tls_spki_sha256: [ed25519Fingerprint(OTHER_KEY.publicKey)], ohttp: ohttp(testKey(0x04).publicKey) }),
  },
  {
    row: 'C11',
    name: 'c11-tls-receipt',
    title: 'a TLS key that signs receipts',
    code: 'KEY_PURPOSE',
    recipe: keys({ tls_spki_sha256: [ed25519Fingerprint(RECEIPT_KEY.publicKey)] }),
  },
  {
    row: 'C11',
    name: 'c11-tls-log',
    title: 'a TLS key that signs checkpoints',
    code: 'KEY_PURPOSE',
    recipe: keys({ tls_spki_sha256: [ed25519Fingerprint(LOG_KEY.publicKey)] }),
  },
  {
    row: 'C11',
    name: 'c11-tls-twice',
    title: 'one TLS key that is named twice',
    code: 'KEY_PURPOSE',
    recipe: keys({ tls_spki_sha256: ['a'.repeat(64), 'a'.repeat(64)] }),
  },
  {
    row: 'C11',
    name: 'c11-log-receipt',
    title: 'a log key that is named as receipt key and signs receipts',
    code: 'KEY_PURPOSE',
    recipe: { ...keys({ receipt: LOG_KEY.jwk }), receiptKey: LOG_KEY },
  },
  {
    row: 'C11',
    name: 'c11-ohttp-receipt',
    title: 'an OHTTP key of the octets of the receipt key',
    code: 'KEY_PURPOSE',
    recipe: keys({ ohttp: ohttp(RECEIPT_KEY.publicKey) }),
  },
  {
    row: 'C11',
    name: 'c11-ohttp-log',
    title: 'an OHTTP key of the octets of the log key',
    code: 'KEY_PURPOSE',
    recipe: keys({ ohttp: ohttp(LOG_KEY.publicKey) }),
  },
  {
    row: 'C11',
    name: 'c11-ohttp-tls',
    title: 'an OHTTP key that is a TLS key too',
    code: 'KEY_PURPOSE',
    recipe: keys({
      ohttp: p256Ohttp,
      tls_spki_sha256: [fingerprint('3059301306072a8648ce3d020106082a8648ce3d030107034200', P256_KEY)],
    }),
  },
  {
    row: 'C11',
    name: 'c11-ohttp-hybrid-receipt',
    title: 'a hybrid OHTTP key whose X25519 part has the octets of the receipt key',
    code: 'KEY_PURPOSE',
    recipe: keys({ ohttp: hybridOhttp(RECEIPT_KEY.publicKey) }),
  },
  {
    row: 'wire-1',
    name: 'ohttp-kem',
    title: 'an OHTTP key of a KEM that cannot be compared',
    code: 'SESSION_INVALID',
    recipe: keys({ ohttp: encodeBase64Url(hex('000901ffff00000400010001')) }),
  },
  {
    row: 'wire-1',
    name: 'ohttp-trailing',
    title: 'octets behind the OHTTP key configuration',
    code: 'SESSION_INVALID',
    recipe: keys({ ohttp: `${ohttp(OTHER_KEY.publicKey)}AAAA` }),
  },
  {
    row: 'C11',
    name: 'c11-jws-log-key',
    title: 'a receipt that the log key signed under its own name',
    code: 'KEY_PURPOSE',
    recipe: { receiptKey: LOG_KEY },
  },
  {
    row: 'C11',
    name: 'c11-jws-log-key-renamed',
    title: 'a receipt that the log key signed under the name of the receipt key',
    code: 'KEY_PURPOSE',
    recipe: { receiptKey: { ...LOG_KEY, kid: RECEIPT_KEY.kid } },
  },
  {
    row: 'C11',
    name: 'c11-checkpoint-receipt-key',
    title: 'a checkpoint that the receipt key signed',
    code: 'KEY_PURPOSE',
    recipe: { checkpointKey: RECEIPT_KEY },
  },
  {
    row: 'L3',
    name: 'checkpoint-unknown-key',
    title: 'a checkpoint that a key of no session signed',
    code: 'CHECKPOINT_SIGNATURE',
    recipe: { checkpointKey: OTHER_KEY },
  },
  {
    row: 'R15',
    name: 'r15-at-session',
    title: 'a receipt dated in the second of its session',
    code: 'ok',
    recipe: dated(ISSUED_AT - 100),
  },
  {
    row: 'R15',
    name: 'r15-before-session',
    title: 'a receipt dated a second before its session',
    code: 'RECEIPT_TIME',
    recipe: dated(ISSUED_AT - 101),
  },
  {
    row: 'R15',
    name: 'r15-at-statement',
    title: 'a receipt dated in the second of the statement that covers it',
    code: 'ok',
    recipe: dated(ISSUED_AT + 1),
  },
  {
    row: 'R15',
    name: 'r15-after-statement',
    title: 'a receipt dated a second after the statement that covers it',
    code: 'RECEIPT_TIME',
    recipe: dated(ISSUED_AT + 2),
  },
]
