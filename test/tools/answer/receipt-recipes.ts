/** Fixtures of receipts and what they say of the octets held: rows R1 to R9, C1, C2, P2, P4 and the profile's own rules. */

import { decodeBase64Url, encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { receiptJti } from '../../../src/core/receipt/receipt.ts'
import { testKey } from '../../kit/ed25519.ts'
import { EVENTS, REQUEST, RESPONSE } from '../../kit/issue-answer.ts'
import type { AnswerFixture } from './recipe.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
const stream = { mediaType: 'text/event-stream' } as const
const firstEvent = text(EVENTS).indexOf('\n\n') + 2
const lastEvent = text(EVENTS).indexOf('data: [DONE]')
/** The order of the Ed25519 group, little-endian. */
const ORDER = Uint8Array.from(Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex'))

function mapSignature(token: string, change: (signature: Uint8Array) => Uint8Array): string {
  const [jws = '', ...rest] = token.split('~')
  const [header, payload, signature = ''] = jws.split('.')
  return [`${header}.${payload}.${encodeBase64Url(change(decodeBase64Url(signature)))}`, ...rest].join('~')
}

/** S + L signs the same message under RFC 8032 unless S is checked to be below L. */
function addOrder(signature: Uint8Array): Uint8Array {
  const out = signature.slice()
  let carry = 0
  for (let i = 0; i < 32; i++) {
    const sum = (out[32 + i] ?? 0) + (ORDER[i] ?? 0) + carry
    out[32 + i] = sum & 0xff
    carry = sum >> 8
  }
  return out
}

function mapHeader(token: string, header: object): string {
  return token.replace(/^[^.]+/, encodeBase64Url(encodeUtf8(JSON.stringify(header))))
}

const swapEvents = concatBytes(
  EVENTS.subarray(firstEvent, lastEvent),
  EVENTS.subarray(0, firstEvent),
  EVENTS.subarray(lastEvent),
)
const decomposed = encodeUtf8('{"model":"demo","messages":[{"role":"user","content":"cafe\u0301"}]}')
const composed = encodeUtf8('{"model":"demo","messages":[{"role":"user","content":"caf\u00e9"}]}')
const splice = { at: 9, remove: 6, insert: encodeUtf8('"other"'), role: 'model' }

/** The dot between header and payload behind the next whole octet of the payload. */
function moveDot(token: string): string {
  const at = token.indexOf('.')
  const more = 8 - (at % 4)
  return `${token.slice(0, at)}${token.slice(at + 1, at + 1 + more)}.${token.slice(at + 1 + more)}`
}

export const RECEIPT_FIXTURES: readonly AnswerFixture[] = [
  {
    row: 'R3',
    name: 'r3-refusal',
    title: 'a refusal presented as a complete answer',
    code: 'RESPONSE_INCOMPLETE',
    recipe: {
      claims: () => ({ outcome: 'refused' }),
      disclosed: ({ request = {}, response = {} }) => ({ request, response }),
    },
  },
  { row: 'good', name: 'quoted', title: 'a quoted answer', code: 'ok' },
  { row: 'good', name: 'quoted-stream', title: 'a quoted stream', code: 'ok', recipe: stream },
  {
    row: 'good',
    name: 'quoted-spliced',
    title: 'an answer whose request was spliced',
    code: 'ok',
    recipe: { splices: [splice] },
  },
  {
    row: 'good',
    name: 'quoted-withheld-dependencies',
    title: 'an answer without the disclosures that policy does not ask for',
    code: 'ok',
    recipe: { disclosed: ({ request = {}, forwarded = {}, response = {} }) => ({ request, forwarded, response }) },
  },
  {
    row: 'good',
    name: 'refused',
    title: 'the receipt of a refusal, which forwarded nothing',
    code: 'ok',
    recipe: {
      claims: () => ({ outcome: 'refused', model: { name: 'unheard-of', digest: 'none' } }),
      disclosed: ({ request = {}, response = {} }) => ({ request, response }),
    },
    held: { outcome: 'any' },
  },

  {
    row: 'C1',
    name: 'c1-nonce-missing',
    title: 'a receipt without the nonce that was sent',
    code: 'NONCE_MISSING',
    recipe: { nonce: 'none' },
  },
  {
    row: 'C1',
    name: 'c1-nonce-short',
    title: 'a nonce of 31 octets',
    code: 'PARSE_INVALID',
    recipe: { nonce: new Uint8Array(31).fill(1) },
  },
  {
    row: 'C1',
    name: 'c1-replay',
    title: 'a receipt that was accepted before',
    code: 'EVIDENCE_REPLAY',
    held: { seen: [receiptJti(new Uint8Array(16).fill(0x52))] },
  },
  { row: 'C2', name: 'c2-stale', title: 'evidence older than the maximum age', code: 'EVIDENCE_STALE', age: 301 },

  {
    row: 'R1',
    name: 'r1-one-space',
    title: 'a request that differs by one space',
    code: 'REQUEST_DIGEST_MISMATCH',
    held: { request: encodeUtf8(text(REQUEST).replace(':', ': ')) },
  },
  {
    row: 'R1',
    name: 'r1-key-order',
    title: 'a request whose keys stand in another order',
    code: 'REQUEST_DIGEST_MISMATCH',
    held: {
      request: encodeUtf8('{"messages":[{"role":"user","content":"What does a receipt prove?"}],"model":"demo"}'),
    },
  },
  {
    row: 'R1',
    name: 'r1-normalisation',
    title: 'a request in another Unicode normal form',
    code: 'REQUEST_DIGEST_MISMATCH',
    recipe: { request: composed },
    held: { request: decomposed },
  },
  {
    row: 'R2',
    name: 'r2-one-bit',
    title: 'an answer that differs by one bit',
    code: 'RESPONSE_DIGEST_MISMATCH',
    held: { response: flip(RESPONSE, 100) },
  },
  {
    row: 'R2',
    name: 'r2-event-order',
    title: 'a stream whose events stand in another order',
    code: 'RESPONSE_DIGEST_MISMATCH',
    recipe: stream,
    held: { response: swapEvents },
  },
  {
    row: 'R2',
    name: 'r2-added-event',
    title: 'a stream with an event more',
    code: 'RESPONSE_DIGEST_MISMATCH',
    recipe: stream,
    held: { response: concatBytes(EVENTS, encodeUtf8('data: {}\n\n')) },
  },
  {
    row: 'R3',
    name: 'r3-cut-stream',
    title: 'a stream that misses its last event',
    code: 'RESPONSE_INCOMPLETE',
    recipe: stream,
    held: { response: EVENTS.slice(0, lastEvent) },
  },
  {
    row: 'R3',
    name: 'r3-outcome',
    title: 'an incomplete answer presented as complete',
    code: 'RESPONSE_INCOMPLETE',
    recipe: { claims: () => ({ outcome: 'incomplete' }) },
  },
  {
    row: 'R4',
    name: 'r4-signature',
    title: 'a signature that differs by one bit',
    code: 'RECEIPT_SIGNATURE',
    recipe: { token: (token) => mapSignature(token, (signature) => flip(signature, 5)) },
  },
  {
    row: 'R4',
    name: 'r4-high-s',
    title: 'a signature whose S is not below the group order',
    code: 'RECEIPT_SIGNATURE',
    recipe: { token: (token) => mapSignature(token, addOrder) },
  },
  {
    row: 'R4',
    name: 'r4-small-order',
    title: 'a signature whose R is of small order and S is zero',
    code: 'RECEIPT_SIGNATURE',
    recipe: {
      token: (token) => mapSignature(token, () => Uint8Array.from({ length: 64 }, (_, i) => (i === 0 ? 1 : 0))),
    },
  },
  {
    row: 'R5',
    name: 'r5-key',
    title: 'a receipt signed by a key that is not in the session',
    code: 'KEY_UNATTESTED',
    recipe: { receiptKey: testKey(0x07) },
  },
  {
    row: 'R5',
    name: 'r5-session',
    title: 'a receipt that names another session',
    code: 'EVIDENCE_DIGEST_MISMATCH',
    recipe: { claims: () => ({ session: `sha256:${'0'.repeat(64)}` }) },
  },
  {
    row: 'R6',
    name: 'r6-nonce',
    title: "a receipt of another exchange's nonce",
    code: 'RECEIPT_CONTEXT',
    held: { nonce: new Uint8Array(32).fill(0x4f) },
  },
  {
    row: 'R7',
    name: 'r7-version',
    title: 'a receipt of another profile',
    code: 'RECEIPT_VERSION',
    recipe: { claims: () => ({ eat_profile: 'urn:countersign:receipt:2' }) },
  },
  {
    row: 'R7',
    name: 'r7-unknown-claim',
    title: 'a receipt with a claim that this version does not know',
    code: 'RECEIPT_VERSION',
    recipe: { claims: () => ({ crit: ['x'] }) },
  },
  {
    row: 'R8',
    name: 'r8-model',
    title: 'a receipt without its model claim',
    code: 'CLAIM_MISSING',
    recipe: { claims: () => ({ model: undefined }) },
  },
  {
    row: 'R8',
    name: 'r8-role',
    title: 'dependencies that leave a role out instead of spelling none',
    code: 'CLAIM_MISSING',
    recipe: {
      disclosed: (values) => ({ ...values, dependencies: { ...values.dependencies, 'retrieval-index': undefined } }),
    },
  },
  {
    row: 'R8',
    name: 'r8-disclosure',
    title: 'a receipt without a disclosure that policy asks for',
    code: 'CLAIM_MISSING',
    recipe: { disclosed: ({ request = {}, forwarded = {} }) => ({ request, forwarded }) },
  },
  {
    row: 'R9',
    name: 'r9-digest',
    title: 'the pinned model name with another digest',
    code: 'MODEL_MISMATCH',
    recipe: { claims: () => ({ model: { name: 'demo', digest: `sha256:${'1'.repeat(64)}` } }) },
  },
  {
    row: 'R9',
    name: 'r9-name',
    title: 'the pinned digest under another name',
    code: 'MODEL_MISMATCH',
    recipe: { claims: ({ model }) => ({ model: { ...model, name: 'demo-large' } }) },
  },

  {
    row: 'C12',
    name: 'jose-none',
    title: 'a header that names no algorithm',
    code: 'JOSE_ALG',
    recipe: { token: (token) => mapHeader(token, { alg: 'none', kid: testKey(1).kid, typ: 'eat+jwt' }) },
  },
  {
    row: 'C12',
    name: 'jose-hs256',
    title: 'a header that names a symmetric algorithm',
    code: 'JOSE_ALG',
    recipe: { token: (token) => mapHeader(token, { alg: 'HS256', kid: testKey(1).kid, typ: 'eat+jwt' }) },
  },
  {
    row: 'C12',
    name: 'jose-zip',
    title: 'a header that asks to expand the content',
    code: 'JOSE_ZIP',
    recipe: {
      token: (token) => mapHeader(token, { alg: 'Ed25519', kid: testKey(1).kid, typ: 'eat+jwt', zip: 'DEF' }),
    },
  },
  {
    row: 'C12',
    name: 'jose-jku',
    title: 'a header that says where its key lies',
    code: 'JOSE_HEADER',
    recipe: {
      token: (token) =>
        mapHeader(token, { alg: 'Ed25519', kid: testKey(1).kid, typ: 'eat+jwt', jku: 'https://keys.example/jwks' }),
    },
  },
  {
    row: 'C12',
    name: 'jose-x5u',
    title: 'a header that says where its certificate lies',
    code: 'JOSE_HEADER',
    recipe: {
      token: (token) =>
        mapHeader(token, { alg: 'Ed25519', kid: testKey(1).kid, typ: 'eat+jwt', x5u: 'https://keys.example/chain' }),
    },
  },
  {
    row: 'C9',
    name: 'header-takes-payload',
    title: 'a header that begins to be the payload: the same octets in other parts',
    code: 'RECEIPT_ENCODING',
    recipe: { token: (token) => moveDot(token) },
  },
  {
    row: 'C9',
    name: 'parts-joined',
    title: 'header and payload without the dot between them',
    code: 'RECEIPT_ENCODING',
    recipe: { token: (token) => token.replace('.', '') },
  },
  {
    row: 'C12',
    name: 'jose-jwk',
    title: 'a header that brings its own key',
    code: 'JOSE_HEADER',
    recipe: {
      token: (token) => mapHeader(token, { alg: 'Ed25519', kid: testKey(1).kid, typ: 'eat+jwt', jwk: testKey(7).jwk }),
    },
  },
  {
    row: 'wire-2',
    name: 'tilde',
    title: 'a token without its trailing tilde',
    code: 'RECEIPT_ENCODING',
    recipe: { token: (token) => token.slice(0, -1) },
  },
  {
    row: 'wire-2',
    name: 'loose-base64',
    title: 'a signature with loose trailing bits',
    code: 'BASE64_STRICT',
    recipe: { token: (token) => token.replace(/(\.[^.~]+)[AQgw]~/, '$1B~') },
  },
  {
    row: 'wire-2',
    name: 'foreign-disclosure',
    title: 'a disclosure that the receipt does not cover',
    code: 'DISCLOSURE_INVALID',
    recipe: {
      token: (token) =>
        `${token}${encodeBase64Url(encodeUtf8(`["${encodeBase64Url(new Uint8Array(16))}","exchange",{}]`))}~`,
    },
  },
  {
    row: 'wire-2',
    name: 'doubled-disclosure',
    title: 'a disclosure that is there twice',
    code: 'DISCLOSURE_INVALID',
    recipe: { token: (token) => `${token}${token.split('~')[1]}~` },
  },
  {
    row: 'wire-2',
    name: 'unlisted-change',
    title: 'forwarded octets that differ without a listed change',
    code: 'TRANSFORM_MISMATCH',
    recipe: {
      disclosed: (values) => ({
        ...values,
        forwarded: { digest: `sha256:${'2'.repeat(64)}`, size: REQUEST.length, transforms: [] },
      }),
    },
  },
  {
    row: 'wire-2',
    name: 'withheld-insert',
    title: 'a change whose inserted octets are not at hand',
    code: 'TRANSFORM_MISMATCH',
    recipe: { splices: [splice] },
    held: { inserts: 'withheld' },
  },
  {
    row: 'wire-5',
    name: 'upstream',
    title: 'an upstream kind that policy does not list',
    code: 'UPSTREAM_UNATTESTED',
    recipe: { claims: () => ({ upstream: { kind: 'remote' } }) },
  },
  {
    row: 'wire-5',
    name: 'issued-before-session',
    title: 'a receipt issued before its session',
    code: 'RECEIPT_TIME',
    recipe: { claims: ({ iat }) => ({ iat: iat - 101 }) },
  },
]
