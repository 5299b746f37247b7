/**
 * Attacks of a hostile gateway, or of whoever stands in between, on a client: each is performed, and the client names the check that
 * notices. Rows in brackets are of the negative-test table; W rows are weaknesses that were seen elsewhere.
 */
import { describe, expect, inject, it } from 'vitest'
import { createAttestedFetch, NotVerifiedError, receiptOf } from '../../src/client/index.ts'
import { sha512 } from '../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import type { ResourceDescriptor } from '../../src/core/evidence/resource-descriptor.ts'
import type { FailureCode } from '../../src/core/failure-codes.ts'
import type { Policy } from '../../src/core/policy.ts'
import { receiptJti } from '../../src/core/receipt/receipt.ts'
import { createSimulatedSnp, importPki } from '../../src/simulator/index.ts'
import { readFixture } from '../core/receipt/fixture.ts'
import { testKey } from '../kit/ed25519.ts'
import { createForgedGateway, type Forgery } from '../kit/forged-gateway.ts'
import { EVENTS, ISSUED_AT } from '../kit/issue-answer.ts'
import { simulatedClock } from '../kit/simulated-clock.ts'

const snp = await createSimulatedSnp({
  pki: importPki(inject('simulatedPki')),
  clock: simulatedClock,
  latencyMs: 1,
  throttle: 'none',
})
const { trust: given } = readFixture('quoted')
const REQUEST = '{"model":"demo","messages":[{"role":"user","content":"May I?"}]}'
const STREAM = { mediaType: 'text/event-stream' } as const
const TEXT = new TextDecoder()

interface Client {
  readonly policy?: Partial<Policy>
  readonly clock?: () => Date
}

async function ask(forgery: Forgery, { policy = {}, clock }: Client = {}): Promise<string> {
  const gateway = createForgedGateway(snp, forgery)
  if (given.lock === undefined) throw new Error('the vector locks measurements')
  const rows = given.lock.rows.map((row) =>
    row.platform === 'snp' ? { ...row, measurements: { measurement: snp.measurement } } : row,
  )
  const fetch = createAttestedFetch({
    policy: {
      ...given.policy,
      grade: 'signed',
      dangerouslyTrustSimulatedRoots: [snp.rootFingerprint],
      ...policy,
    },
    lock: { ...given.lock, rows },
    deps: { fetch: gateway.fetch, clock: { now: clock ?? (() => gateway.at), monotonicMs: () => 0 } },
  })
  const response = await fetch(gateway.url, { method: 'POST', body: REQUEST })
  await response.text()
  return (await receiptOf(response)).grade
}

/** The code and the name of the check that decided. */
async function refusalOf(forgery: Forgery, client?: Client): Promise<readonly (string | undefined)[]> {
  try {
    return ['verified', await ask(forgery, client)]
  } catch (error) {
    if (error instanceof NotVerifiedError) return [error.failure, error.failed?.name]
    throw error
  }
}

const at = (seconds: number): Date => new Date(seconds * 1000)
const flip = (bytes: Uint8Array, i: number): Uint8Array => bytes.map((byte, k) => (k === i ? byte ^ 1 : byte))
const reconfigured = (dependency: ResourceDescriptor): ResourceDescriptor =>
  dependency.annotations.role === 'configuration' ? { ...dependency, digest: { sha256: 'c'.repeat(64) } } : dependency
const cutAt = (text: string): Uint8Array => EVENTS.slice(0, TEXT.decode(EVENTS).indexOf(text))

/** A clock that stands at each time for one look, then at the last. */
function steps(...times: readonly number[]): () => Date {
  let turn = 0
  return () => at(times[Math.min(turn++, times.length - 1)] ?? 0)
}

type Attack = readonly [title: string, forgery: Forgery, code: FailureCode, check: string, client?: Client]

const casesOf = (attacks: readonly Attack[]) =>
  attacks.map(([title, forgery, code, check, client]) => ({ title, forgery, expected: [code, check], client }))

const ON_EVIDENCE: readonly Attack[] = [
  [
    '[C1] [W4] evidence over another nonce than the one that was sent',
    { logged: () => new Uint8Array(32).fill(1) },
    'NONCE_MISMATCH',
    'nonce',
  ],
  [
    '[C1] [W36] evidence without any proof of the nonce',
    {
      shown: (archive) => {
        const { proof: _, ...rest } = Object(JSON.parse(TEXT.decode(archive)))
        return encodeUtf8(JSON.stringify(rest))
      },
    },
    'NONCE_MISSING',
    'nonce',
  ],
  [
    '[C2] evidence that was held back until it was old',
    {},
    'EVIDENCE_STALE',
    'age',
    { clock: steps(ISSUED_AT + 1, ISSUED_AT + 1 + 301) },
  ],
  [
    '[C6] [W11] [W26] a quote over a statement without its tag',
    { challenge: { reportData: (statement) => sha512(statement) } },
    'REPORT_DATA_DOMAIN',
    'report-data-domain',
  ],
  [
    '[S17] a quote over another statement',
    { challenge: { reportData: () => new Uint8Array(64).fill(7) } },
    'REPORT_DATA_MISMATCH',
    'snp.report-data',
  ],
  [
    'a stale statement: its life is over',
    { challenge: { statement: (statement) => ({ ...statement, iat: ISSUED_AT - 7200, exp: ISSUED_AT - 3600 }) } },
    'EVIDENCE_DIGEST_MISMATCH',
    'statement-session',
  ],
  [
    'a statement whose life has just ended',
    {},
    'STATEMENT_TIME',
    'statement-time',
    { clock: () => at(ISSUED_AT + 3600) },
  ],
  [
    '[W24] a statement that is to live for a year',
    { challenge: { statement: (statement) => ({ ...statement, exp: ISSUED_AT + 31_536_000 }) } },
    'STATEMENT_INVALID',
    'statement',
  ],
  [
    '[C11] [W10] one key that signs receipts and checkpoints',
    {
      challenge: {
        session: (session) => ({ ...session, keys: { ...session.keys, receipt: testKey(0x02).jwk } }),
      },
    },
    'KEY_PURPOSE',
    'session-keys',
  ],
  [
    '[W25] another configuration than the pinned one',
    { challenge: { session: (session) => ({ ...session, dependencies: session.dependencies.map(reconfigured) }) } },
    'CONFIG_UNMEASURED',
    'lock-row',
  ],
  [
    '[P4] [W34] [W37] evidence of a simulator that policy does not name',
    {},
    'SIMULATED_EVIDENCE',
    'snp.chain',
    { policy: { dangerouslyTrustSimulatedRoots: [] } },
  ],
  ['[L4] a log of another host', {}, 'LOG_ORIGIN', 'log-key', { policy: { origins: ['elsewhere.example/log/'] } }],
]

const ON_ANSWERS: readonly Attack[] = [
  ['[W6] no receipt', { sent: (sent) => ({ ...sent, receipt: undefined }) }, 'RECEIPT_MISSING', 'receipt'],
  [
    '[R2] a swapped answer',
    { sent: (sent) => ({ ...sent, body: flip(sent.body, 90) }) },
    'RESPONSE_DIGEST_MISMATCH',
    'response-digest',
  ],
  [
    '[R1] [W1] a digest of octets that the caller claims in a header, not of those that came',
    { seen: (_, headers) => encodeUtf8(headers.get('x-request-hash') ?? 'claimed') },
    'REQUEST_DIGEST_MISMATCH',
    'request-digest',
  ],
  [
    '[R1] [W2] a request that was serialised anew',
    { seen: (request) => encodeUtf8(JSON.stringify(JSON.parse(TEXT.decode(request)), undefined, 1)) },
    'REQUEST_DIGEST_MISMATCH',
    'request-digest',
  ],
  [
    '[W3] [W27] octets given to the model that do not follow from the request',
    {
      answer: {
        disclosed: (values) => ({ ...values, forwarded: { ...values.forwarded, digest: `sha256:${'d'.repeat(64)}` } }),
      },
    },
    'TRANSFORM_MISMATCH',
    'transforms',
  ],
  [
    '[R5] [W5] [W12] a receipt of a key that stands beside the evidence, not in it',
    { answer: { receiptKey: testKey(0x07) } },
    'KEY_UNATTESTED',
    'key',
  ],
  [
    '[R4] a receipt whose signature differs by one bit',
    {
      answer: {
        token: (token) =>
          token.replace(/[.]([^.~])([^.~]*)~/, (_, first, rest) => `.${first === 'A' ? 'B' : 'A'}${rest}~`),
      },
    },
    'RECEIPT_SIGNATURE',
    'signature',
  ],
  [
    '[R6] the receipt of another request: another nonce',
    { answer: { nonce: new Uint8Array(32).fill(0x4f) } },
    'RECEIPT_CONTEXT',
    'nonce',
  ],
  ['[C1] a receipt without the nonce that was sent', { answer: { nonce: 'none' } }, 'NONCE_MISSING', 'nonce'],
  [
    '[R6] a receipt id that is not that of the receipt',
    { answer: { claims: () => ({ jti: receiptJti(new Uint8Array(16).fill(0x53)) }) } },
    'RECEIPT_CONTEXT',
    'receipt-id',
  ],
  [
    '[R6] an answer that is tied to another conversation',
    { answer: { disclosed: (values) => ({ ...values, exchange: { prev: `sha256:${'e'.repeat(64)}` } }) } },
    'RECEIPT_CONTEXT',
    'prev',
  ],
  [
    '[R7] a receipt of another version',
    { answer: { claims: () => ({ eat_profile: 'urn:countersign:receipt:2' }) } },
    'RECEIPT_VERSION',
    'receipt-format',
  ],
  [
    '[R8] [W3] a receipt that does not say what the model was given',
    { answer: { disclosed: ({ forwarded: _, ...values }) => values } },
    'CLAIM_MISSING',
    'disclosures',
  ],
  [
    '[R9] the pinned name of a model with other weights',
    { answer: { claims: () => ({ model: { name: 'demo', digest: `sha256:${'1'.repeat(64)}` } }) } },
    'MODEL_MISMATCH',
    'model',
  ],
  [
    '[W13] an upstream that nobody attested, where policy wants one that is',
    { answer: { claims: () => ({ upstream: { kind: 'remote' } }) } },
    'UPSTREAM_UNATTESTED',
    'upstream',
  ],
  [
    '[R15] a receipt that is older than its session',
    { answer: { claims: ({ log }) => ({ iat: ISSUED_AT - 200, log }) } },
    'RECEIPT_TIME',
    'issued',
  ],
  [
    '[C10] a receipt dated after the end of its attested session',
    { answer: { claims: ({ log }) => ({ iat: ISSUED_AT + 3600, log: { ...log, merge_by: ISSUED_AT + 3700 } }) } },
    'KEY_EXPIRED',
    'key-life',
  ],
  [
    '[R3] a cut answer presented as complete',
    { answer: { claims: () => ({ outcome: 'incomplete' }) } },
    'RESPONSE_INCOMPLETE',
    'outcome',
  ],
  [
    '[C12] [W8] a receipt that names its own algorithm',
    {
      answer: {
        token: (token) => token.replace(/^[^.]+/, Buffer.from('{"alg":"none","typ":"eat+jwt"}').toString('base64url')),
      },
    },
    'JOSE_ALG',
    'receipt-format',
  ],
]

const ON_STREAMS: readonly Attack[] = [
  [
    '[R3] [W17] a stream without its last event',
    { answer: STREAM, sent: (sent) => ({ ...sent, body: cutAt('data: [DONE]') }) },
    'RESPONSE_INCOMPLETE',
    'response-digest',
  ],
  [
    '[W17] a stream that ends before its receipt',
    { answer: STREAM, sent: (sent) => ({ ...sent, body: cutAt('data: [DONE]'), receipt: undefined }) },
    'RECEIPT_MISSING',
    'receipt',
  ],
  [
    '[R2] a stream with two events in another order',
    {
      answer: STREAM,
      sent: (sent) => {
        const [first = '', comment = '', second = '', ...rest] = TEXT.decode(sent.body).split('\n\n')
        return { ...sent, body: encodeUtf8([second, comment, first, ...rest].join('\n\n')) }
      },
    },
    'RESPONSE_DIGEST_MISMATCH',
    'response-digest',
  ],
  [
    '[R2] a stream with an event more behind its end',
    { answer: STREAM, sent: (sent) => ({ ...sent, body: encodeUtf8(`${TEXT.decode(sent.body)}data: {}\n\n`) }) },
    'RESPONSE_DIGEST_MISMATCH',
    'response-digest',
  ],
]

describe('a client', () => {
  it('takes what an honest gateway shows and answers, whole and streamed', async () => {
    expect(await ask({})).toBe('signed')
    expect(await ask({ answer: STREAM })).toBe('signed')
  })

  it.each(casesOf(ON_EVIDENCE))('$title: nothing is asked there', async ({ forgery, expected, client }) => {
    let asked = 0
    const sent: Forgery['sent'] = (answer) => {
      asked++
      return answer
    }
    expect(await refusalOf({ ...forgery, sent }, client)).toEqual(expected)
    expect(asked).toBe(0)
  })

  it.each(casesOf(ON_ANSWERS))('$title: the answer is not given', async ({ forgery, expected, client }) => {
    expect(await refusalOf(forgery, client)).toEqual(expected)
  })

  it.each(casesOf(ON_STREAMS))('$title: the stream does not end', async ({ forgery, expected, client }) => {
    expect(await refusalOf(forgery, client)).toEqual(expected)
  })
})
