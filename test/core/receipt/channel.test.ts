/** What carried an answer, and which answer it follows: judged with each answer, under the session that the connection was opened under. */
import { describe, expect, inject, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { type Attestation, challengeAnchor, verifyAttestation } from '../../../src/core/evidence/attestation.ts'
import type { ObservedChannel } from '../../../src/core/evidence/channel.ts'
import { exporterChallenge } from '../../../src/core/evidence/exporter.ts'
import { createEntry } from '../../../src/core/log/index.ts'
import { encodeOhttpKeyConfig, encodeOhttpKeyConfigs, KEM_X25519 } from '../../../src/core/ohttp/key-configs.ts'
import type { Binding, Policy } from '../../../src/core/policy.ts'
import { type HeldExchange, verifyReceipt } from '../../../src/core/receipt/verify.ts'
import { assertVerified, failedCheck, type Verdict, type Verified } from '../../../src/core/verdict.ts'
import { createSimulatedSnp, importPki } from '../../../src/simulator/index.ts'
import { testKey } from '../../kit/ed25519.ts'
import { type AnswerRecipe, ISSUED_AT, issueAnswer } from '../../kit/issue-answer.ts'
import { simulatedClock } from '../../kit/simulated-clock.ts'
import { readFixture } from './fixture.ts'

const snp = await createSimulatedSnp({
  pki: importPki(inject('simulatedPki')),
  clock: simulatedClock,
  latencyMs: 1,
  throttle: 'none',
})
const quoted = readFixture('quoted')
const SPKI = 'a1'.repeat(32)
const OTHER_SPKI = 'b2'.repeat(32)
const NONCE = new Uint8Array(32).fill(0x11)
const EXPORTER = new Uint8Array(32).fill(0x22)
const OTHER_EXPORTER = new Uint8Array(32).fill(0x23)
const config = (fill: number): Uint8Array =>
  encodeOhttpKeyConfig({ keyId: 1, kem: KEM_X25519, publicKey: testKey(fill).publicKey, suites: [{ kdf: 1, aead: 1 }] })
const KEY_CONFIG = config(0x04)
const PREVIOUS = digestUri(encodeUtf8('the receipt before'))

const policy = (channel: Policy['live']['channel']): Policy => ({
  ...quoted.trust.policy,
  measurements: 'unchecked',
  models: 'unchecked',
  audit: { time: 'unchecked', witnesses: 'unchecked' },
  dangerouslyTrustSimulatedRoots: [snp.rootFingerprint],
  live: { maxAgeSeconds: 300, channel },
})

/** A gateway that names a TLS key and an OHTTP key, and has logged what challenges commit to before the receipt. */
function answerOf(leaf: Uint8Array, recipe: AnswerRecipe = {}) {
  return issueAnswer(snp, {
    session: (session) => ({
      ...session,
      keys: { ...session.keys, tls_spki_sha256: [SPKI], ohttp: encodeBase64Url(encodeOhttpKeyConfigs([KEY_CONFIG])) },
    }),
    before: [createEntry('genesis', encodeUtf8('genesis')), createEntry('nonce', leaf)],
    ...recipe,
  })
}

function attest(leaf: Uint8Array, exporter?: Uint8Array): Promise<Verdict<Attestation>> {
  const { archive } = answerOf(leaf, { proveIndex: 1 })
  const at = new Date((ISSUED_AT + 2) * 1000)
  const anchor = challengeAnchor({
    nonce: NONCE,
    noncedAt: new Date((ISSUED_AT - 1) * 1000),
    at,
    proof: archive.proof,
    ...(exporter === undefined ? {} : { exporter }),
  })
  return verifyAttestation(archive, { policy: policy('unchecked'), lock: undefined }, anchor)
}

interface Carried {
  readonly observed: ObservedChannel
  readonly allowed?: readonly Binding[] | 'unchecked'
  readonly attestation?: Verified<Attestation>
  readonly said?: string
}

async function judgeCarried({ observed, allowed = 'unchecked', attestation, said }: Carried) {
  const plain = assertVerified(await attest(NONCE))
  const exchange = said === undefined ? {} : { channel: said }
  const { archive } = answerOf(NONCE, { disclosed: (values) => ({ ...values, exchange }) })
  const held: HeldExchange = { ...quoted.held, channel: { observed, attestation: attestation ?? plain } }
  return verifyReceipt(archive.receipt, plain, held, { policy: policy(allowed), lock: undefined })
}

const outcome = (verdict: Verdict<unknown>): string => (verdict.ok ? 'ok' : verdict.code)
const channelOf = (verdict: Verdict<unknown>) => verdict.checks.find(({ name }) => name === 'channel')

const spki = (change: object = {}) =>
  ({ binding: 'tls-spki', tlsVersion: 'TLSv1.3', spkiSha256: SPKI, ...change }) as const
const exported = (change: object = {}) =>
  ({ binding: 'tls-exporter', tlsVersion: 'TLSv1.3', spkiSha256: SPKI, exporter: EXPORTER, ...change }) as const
const ohttp = (keyConfig: Uint8Array = KEY_CONFIG) => ({ binding: 'ohttp', keyConfig }) as const

describe('the connection of an answer', () => {
  it('is bound by a key of TLS that the session names', async () => {
    const verdict = await judgeCarried({ observed: spki(), allowed: ['tls-spki'], said: 'tls' })
    expect([outcome(verdict), channelOf(verdict)?.detail]).toEqual(['ok', `tls-spki: ${SPKI}`])
  })

  it('is bound by encryption to a key that the session names', async () => {
    const verdict = await judgeCarried({ observed: ohttp(), allowed: ['tls-exporter', 'ohttp'], said: 'ohttp' })
    expect([outcome(verdict), channelOf(verdict)?.status]).toEqual(['ok', 'pass'])
  })

  it('[C3] is refused with another key of TLS, or of encryption', async () => {
    expect(outcome(await judgeCarried({ observed: spki({ spkiSha256: OTHER_SPKI }) }))).toBe('CHANNEL_KEY_MISMATCH')
    expect(outcome(await judgeCarried({ observed: exported({ spkiSha256: OTHER_SPKI }) }))).toBe('CHANNEL_KEY_MISMATCH')
    expect(outcome(await judgeCarried({ observed: ohttp(config(0x05)) }))).toBe('CHANNEL_KEY_MISMATCH')
  })

  it('[C5] is refused where it is bound less than policy asks for', async () => {
    const none = { binding: 'none' } as const
    expect(outcome(await judgeCarried({ observed: none, allowed: ['ohttp'] }))).toBe('CHANNEL_BINDING_LEVEL')
    expect(outcome(await judgeCarried({ observed: spki(), allowed: ['tls-exporter', 'ohttp'] }))).toBe(
      'CHANNEL_BINDING_LEVEL',
    )
    expect(outcome(await judgeCarried({ observed: spki({ tlsVersion: 'TLSv1.2' }) }))).toBe('TLS_VERSION')
  })

  it('[C5] is refused where the receipt says that the gateway saw less', async () => {
    expect(outcome(await judgeCarried({ observed: ohttp(), said: 'none' }))).toBe('CHANNEL_BINDING_LEVEL')
    expect(outcome(await judgeCarried({ observed: spki(), said: 'none' }))).toBe('CHANNEL_BINDING_LEVEL')
  })

  it('is shown as not performed where nothing was bound, and where nothing was observed', async () => {
    const verdict = await judgeCarried({ observed: { binding: 'none' } })
    expect([outcome(verdict), channelOf(verdict)]).toMatchObject(['ok', { status: 'not-performed', required: false }])
    const kept = await verifyReceipt(
      answerOf(NONCE).archive.receipt,
      assertVerified(await attest(NONCE)),
      quoted.held,
      { policy: policy(['ohttp']), lock: undefined },
    )
    expect([outcome(kept), channelOf(kept)]).toMatchObject(['ok', { status: 'not-performed', required: false }])
  })
})

describe('a challenge over one connection', () => {
  it('binds it by its exporter value', async () => {
    const attestation = assertVerified(await attest(exporterChallenge(NONCE, EXPORTER), EXPORTER))
    const verdict = await judgeCarried({ observed: exported(), attestation, allowed: ['tls-exporter'] })
    expect([outcome(verdict), channelOf(verdict)?.status]).toEqual(['ok', 'pass'])
  })

  it('[C4] is refused where the quote commits to another connection, or to none', async () => {
    expect(outcome(await attest(exporterChallenge(NONCE, OTHER_EXPORTER), EXPORTER))).toBe('CHANNEL_EXPORTER_MISMATCH')
    expect(outcome(await attest(NONCE, EXPORTER))).toBe('CHANNEL_EXPORTER_MISMATCH')
  })

  it('[C4] is not the ordinary challenge of nonce and exporter value together', async () => {
    expect(outcome(await attest(new Uint8Array([...NONCE, ...EXPORTER]), EXPORTER))).toBe('CHANNEL_EXPORTER_MISMATCH')
  })

  it('[C4] does not vouch for another connection of the same session', async () => {
    const attestation = assertVerified(await attest(exporterChallenge(NONCE, EXPORTER), EXPORTER))
    const other = await judgeCarried({ observed: exported({ exporter: OTHER_EXPORTER }), attestation })
    expect(outcome(other)).toBe('CHANNEL_EXPORTER_MISMATCH')
    const unbound = await judgeCarried({ observed: exported(), attestation: assertVerified(await attest(NONCE)) })
    expect(outcome(unbound)).toBe('CHANNEL_EXPORTER_MISMATCH')
  })
})

describe('the receipt before', () => {
  const judge = async (prev: HeldExchange['prev'], exchange: object | 'withheld') => {
    const { archive } = answerOf(NONCE, {
      disclosed: ({ exchange: _, ...values }) => (exchange === 'withheld' ? values : { ...values, exchange }),
    })
    const trust = { policy: policy('unchecked'), lock: undefined }
    return verifyReceipt(archive.receipt, assertVerified(await attest(NONCE)), { ...quoted.held, prev }, trust)
  }

  it.each([
    ['the one that was named', PREVIOUS, { prev: PREVIOUS }],
    ['none where none was named', 'none', {}],
    ['not known, where nobody knows', 'unchecked', { prev: PREVIOUS }],
  ])('is %s', async (_, prev, exchange) => {
    expect(outcome(await judge(prev, exchange))).toBe('ok')
  })

  it.each([
    ['[R6] another one', PREVIOUS, { prev: digestUri(encodeUtf8('another')) }, 'RECEIPT_CONTEXT'],
    ['[R6] none where one was named', PREVIOUS, {}, 'RECEIPT_CONTEXT'],
    ['[R6] one that nobody named', 'none', { prev: PREVIOUS }, 'RECEIPT_CONTEXT'],
    ['[R8] withheld where one was named', PREVIOUS, 'withheld', 'CLAIM_MISSING'],
  ] as const)('is refused: %s', async (_, prev, exchange, code) => {
    const verdict = await judge(prev, exchange)
    expect([failedCheck(verdict.checks)?.name, outcome(verdict)]).toEqual(['prev', code])
  })
})
