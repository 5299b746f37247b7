/** One answer, verified from its octets to the root, on each simulated platform; and what only one of them has. */
import { describe, expect, it } from 'vitest'
import { decodeArchive, encodeArchive } from '../../../src/core/archive/index.ts'
import { sha384 } from '../../../src/core/crypto/index.ts'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeEventLog, SESSION_EVENT_TYPE, sessionDigest } from '../../../src/core/event-log/index.ts'
import type { Trust } from '../../../src/core/evidence/attestation.ts'
import { verifyEvidence } from '../../../src/core/evidence/bare.ts'
import { endorseFromQuote, quoteOctets } from '../../../src/core/evidence/endorse.ts'
import type { EndorsedQuote } from '../../../src/core/evidence/hardware.ts'
import { decodeLock, encodeLock } from '../../../src/core/lock.ts'
import type { Measurements } from '../../../src/core/measurement/measurements.ts'
import { nitroConfigurationRegister } from '../../../src/core/nitro/index.ts'
import { decodePolicy } from '../../../src/core/policy.ts'
import { verifyAnswer } from '../../../src/core/receipt/answer.ts'
import { holdOctets } from '../../../src/core/receipt/verify.ts'
import { createSimulatedNitro, createSimulatedTdx } from '../../../src/simulator/index.ts'
import { failureOf } from '../../kit/failure-of.ts'
import {
  CONFIG_DIGEST,
  ISSUED_AT,
  type IssuedAnswer,
  issueAnswerOn,
  MODEL,
  NONCE,
  REQUEST,
  RESPONSE,
} from '../../kit/issue-answer.ts'
import { NITRO_POLICY, TDX_POLICY } from '../../kit/permissive-policies.ts'

const clock = (): Date => new Date(ISSUED_AT * 1000)
const tdx = createSimulatedTdx({ clock })
const nitro = createSimulatedNitro({ clock })
const REGISTER = new Uint8Array(48)

const SECTIONS = { tdx: { tdx: TDX_POLICY, eventLog: 'unchecked' }, nitro: { nitro: NITRO_POLICY } } as const

function trustOf(
  { platform, measurements }: Measurements & { readonly platform: 'tdx' | 'nitro' },
  root: string,
  change: object = {},
): Trust {
  const policy = {
    version: 1,
    revision: 1,
    platforms: [platform],
    ...SECTIONS[platform],
    roots: 'built-in',
    dangerouslyTrustSimulatedRoots: [root],
    origins: ['gw.example.com/log/'],
    grade: 'quoted',
    live: { maxAgeSeconds: 300, channel: 'unchecked' },
    audit: { time: 'witnessed', witnesses: 'unchecked' },
    measurements: 'locked',
    models: 'locked',
    dependencies: 'unchecked',
    engines: 'unchecked',
    upstreams: ['embedded'],
    disclosures: ['request', 'response'],
    transforms: 'unchecked',
    revocations: 'unchecked',
    lockApproval: 'unchecked',
    ...change,
  }
  const row = {
    platform,
    shape: 'simulated',
    status: 'active',
    notAfter: 'none',
    provenance: 'none',
    measurements,
    config: `sha256:${CONFIG_DIGEST}`,
    models: [MODEL],
  }
  return {
    policy: decodePolicy(JSON.stringify(policy)),
    lock: decodeLock(JSON.stringify({ version: 1, revision: 1, minimumPolicyRevision: 0, rows: [row] })),
  }
}

const TDX_ROW = { platform: 'tdx', measurements: tdx.measurements } as const
const NITRO_ROW = { platform: 'nitro', measurements: nitro.measurements } as const

/** Through the archive and back, so that every verdict here is one over stored octets. */
async function verify(issued: IssuedAnswer, trust: Trust, { noncedAt = clock() as Date | 'unknown' } = {}) {
  const { receipt = '', proof = '', ...archive } = decodeArchive(encodeArchive(issued.archive))
  const held = {
    nonce: NONCE,
    request: holdOctets(REQUEST),
    response: holdOctets(RESPONSE),
    outcome: 'complete',
    seen: new Set<string>(),
    channel: 'not-observed',
    prev: 'unchecked',
    replay: 'not-held',
  } as const
  return verifyAnswer({ ...archive, receipt, proof }, held, trust, { at: new Date((ISSUED_AT + 2) * 1000), noncedAt })
}

const onTdx = (reportData: Uint8Array, eventLog?: Uint8Array, rtMr3: Uint8Array = REGISTER): EndorsedQuote => ({
  tee: 'tdx',
  quote: tdx.quote(reportData, { rtMr3 }),
  endorsements: tdx.collateral,
  ...(eventLog && { eventLog }),
})
const onNitro = (reportData: Uint8Array, fields: Parameters<typeof nitro.document>[1] = {}): EndorsedQuote => ({
  tee: 'nitro',
  document: nitro.document(reportData, { timestamp: ISSUED_AT * 1000, ...fields }),
})

/** What a gateway measures before its first quote. */
function sessionLog(session: Uint8Array): { readonly eventLog: Uint8Array; readonly rtMr3: Uint8Array } {
  const digest = sessionDigest(session)
  const event = { register: 3, type: SESSION_EVENT_TYPE, digest } as const
  return { eventLog: encodeEventLog({ events: [event] }), rtMr3: sha384(REGISTER, digest) }
}

const REPLAYED = { eventLog: { replay: [3], required: 'unchecked' } }

describe('an answer on TDX', () => {
  it('verifies from its octets to the root, and says that it is simulated', async () => {
    const verdict = await verify(
      issueAnswerOn((data) => onTdx(data)),
      trustOf(TDX_ROW, tdx.rootFingerprint),
    )
    expect(verdict, JSON.stringify(verdict.checks.filter(({ status }) => status === 'fail'))).toMatchObject({
      ok: true,
      simulated: true,
      value: { grade: 'quoted', attestation: { configuration: { source: 'gateway' }, hardware: { tee: 'tdx' } } },
    })
  })

  it('shows the configuration as hardware where RTMR3 replays to this session', async () => {
    const issued = issueAnswerOn((data, session) => {
      const { eventLog, rtMr3 } = sessionLog(session)
      return onTdx(data, eventLog, rtMr3)
    })
    expect(await verify(issued, trustOf(TDX_ROW, tdx.rootFingerprint, REPLAYED))).toMatchObject({
      ok: true,
      value: { attestation: { configuration: { source: 'hardware' } } },
    })
  })

  it('shows it as the gateway’s word where RTMR3 names another session', async () => {
    const { eventLog, rtMr3 } = sessionLog(Uint8Array.of(1))
    const issued = issueAnswerOn((data) => onTdx(data, eventLog, rtMr3))
    expect(await verify(issued, trustOf(TDX_ROW, tdx.rootFingerprint, REPLAYED))).toMatchObject({
      ok: true,
      value: { attestation: { configuration: { source: 'gateway' } } },
    })
  })

  it('[E1] rejects an event log that does not lead to the quoted register', async () => {
    const issued = issueAnswerOn((data, session) => onTdx(data, sessionLog(session).eventLog))
    expect(await verify(issued, trustOf(TDX_ROW, tdx.rootFingerprint, REPLAYED))).toMatchObject({
      ok: false,
      code: 'RTMR_REPLAY_MISMATCH',
    })
  })

  it('[P2] is incomplete while policy asks for an event log or for collateral that is not there', async () => {
    const withoutLog = await verify(
      issueAnswerOn((data) => onTdx(data)),
      trustOf(TDX_ROW, tdx.rootFingerprint, REPLAYED),
    )
    expect(withoutLog).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
    const bare = issueAnswerOn((data) => endorseFromQuote({ tee: 'tdx', quote: tdx.quote(data) }))
    expect(await verify(bare, trustOf(TDX_ROW, tdx.rootFingerprint))).toMatchObject({
      ok: false,
      code: 'CHECK_NOT_PERFORMED',
    })
  })

  it('[T11] rejects a quote over another statement', async () => {
    const issued = issueAnswerOn((data) => onTdx(data.map((octet, i) => (i === 63 ? octet ^ 1 : octet))))
    expect(await verify(issued, trustOf(TDX_ROW, tdx.rootFingerprint))).toMatchObject({ code: 'REPORT_DATA_MISMATCH' })
  })

  it('is logged without its padding', () => {
    const bare = tdx.quote(new Uint8Array(64))
    const padded = new Uint8Array(bare.length + 100)
    padded.set(bare)
    expect(quoteOctets({ tee: 'tdx', quote: padded })).toEqual(bare)
  })
})

describe('an answer on Nitro', () => {
  it('verifies from its octets to the root, and says that it is simulated', async () => {
    const verdict = await verify(
      issueAnswerOn((data) => onNitro(data)),
      trustOf(NITRO_ROW, nitro.rootFingerprint),
    )
    expect(verdict, JSON.stringify(verdict.checks.filter(({ status }) => status === 'fail'))).toMatchObject({
      ok: true,
      simulated: true,
      value: { grade: 'quoted', attestation: { configuration: { source: 'gateway' }, hardware: { tee: 'nitro' } } },
    })
  })

  it('shows the configuration as hardware where PCR16 carries it', async () => {
    const register = nitroConfigurationRegister(decodeHex(CONFIG_DIGEST))
    const configured = createSimulatedNitro({ clock, pki: nitro.pki, registers: new Map([[16, register]]) })
    const issued = issueAnswerOn((data) => ({ tee: 'nitro', document: configured.document(data) }))
    expect(await verify(issued, trustOf(NITRO_ROW, nitro.rootFingerprint))).toMatchObject({
      ok: true,
      value: { attestation: { configuration: { source: 'hardware' } } },
    })
  })

  it('takes the time of the document where policy names it, without a nonce of one’s own', async () => {
    const trust = trustOf(NITRO_ROW, nitro.rootFingerprint, {
      audit: { time: 'nitro-document', witnesses: 'unchecked' },
    })
    const verdict = await verify(
      issueAnswerOn((data) => onNitro(data)),
      trust,
      { noncedAt: 'unknown' },
    )
    expect(verdict).toMatchObject({ ok: true, value: { attestation: { time: 'document' } } })
  })

  it('[N14] rejects a nonce or a public key beside the statement', async () => {
    const trust = trustOf(NITRO_ROW, nitro.rootFingerprint)
    for (const fields of [{ nonce: new Uint8Array(32) }, { publicKey: new Uint8Array(32) }])
      expect(
        await verify(
          issueAnswerOn((data) => onNitro(data, fields)),
          trust,
        ),
      ).toMatchObject({
        code: 'NITRO_UNEXPECTED_FIELD',
      })
  })

  it('rejects a document of another time than its statement', async () => {
    const issued = issueAnswerOn((data) => onNitro(data, { timestamp: (ISSUED_AT - 301) * 1000 }))
    expect(await verify(issued, trustOf(NITRO_ROW, nitro.rootFingerprint))).toMatchObject({ code: 'STATEMENT_TIME' })
  })

  it('rejects a statement that would outlive the certificates of documents', async () => {
    const longer = (seconds: number) =>
      issueAnswerOn((data) => onNitro(data), {
        statement: (statement) => ({ ...statement, exp: statement.iat + seconds }),
      })
    const trust = trustOf(NITRO_ROW, nitro.rootFingerprint)
    expect(await verify(longer(10_800), trust)).toMatchObject({ ok: true })
    expect(await verify(longer(10_801), trust)).toMatchObject({ code: 'STATEMENT_TIME' })
  })

  it('[N13] rejects a lock row that lists PCR0 only', () => {
    const { lock } = trustOf(NITRO_ROW, nitro.rootFingerprint)
    const text =
      lock === undefined ? '' : encodeLock(lock).replace(/,\s*"pcr1": "[0-9a-f]+",\s*"pcr2": "[0-9a-f]+"/, '')
    expect(text).toContain('pcr0')
    expect(failureOf(() => decodeLock(text))).toBe('POLICY_INCOMPLETE')
  })
})

describe('a platform that policy does not list', () => {
  it('[P4] rejects it, whatever its evidence', async () => {
    const trust = trustOf(NITRO_ROW, nitro.rootFingerprint)
    expect(
      await verify(
        issueAnswerOn((data) => onTdx(data)),
        trust,
      ),
    ).toMatchObject({ code: 'PLATFORM_NOT_ALLOWED' })
  })

  it('[P4] rejects simulated evidence whose root policy does not name', async () => {
    const other = `sha256:${'0'.repeat(64)}`
    expect(
      await verify(
        issueAnswerOn((data) => onTdx(data)),
        trustOf(TDX_ROW, other),
      ),
    ).toMatchObject({
      code: 'SIMULATED_EVIDENCE',
    })
    expect(
      await verify(
        issueAnswerOn((data) => onNitro(data)),
        trustOf(NITRO_ROW, other),
      ),
    ).toMatchObject({
      code: 'SIMULATED_EVIDENCE',
    })
  })
})

describe('bare evidence', () => {
  const unchecked = { audit: { time: 'unchecked', witnesses: 'unchecked' } }

  it('of each platform verifies against the rows in force', async () => {
    const data = new Uint8Array(64).fill(7)
    const onEach = [
      [onTdx(data), trustOf(TDX_ROW, tdx.rootFingerprint, unchecked)],
      [onNitro(data), trustOf(NITRO_ROW, nitro.rootFingerprint, unchecked)],
    ] as const
    for (const [quote, trust] of onEach) expect(await verifyEvidence(quote, trust, clock())).toMatchObject({ ok: true })
  })

  it('of a foreign enclave may carry a nonce and a key beside its user data', async () => {
    const quote = onNitro(new Uint8Array(64).fill(7), { nonce: new Uint8Array(32), publicKey: new Uint8Array(32) })
    const trust = trustOf(NITRO_ROW, nitro.rootFingerprint, unchecked)
    expect(await verifyEvidence(quote, trust, clock(), { reportData: new Uint8Array(64).fill(7) })).toMatchObject({
      ok: true,
    })
    expect(await verifyEvidence(quote, trust, clock(), { reportData: new Uint8Array(64) })).toMatchObject({
      code: 'USER_DATA_MISMATCH',
    })
  })

  it('[T10] [N13] is rejected where no row has its measurements', async () => {
    const other = { ...TDX_ROW, measurements: { ...tdx.measurements, rtMr2: 'b'.repeat(96) } }
    expect(
      await verifyEvidence(onTdx(new Uint8Array(64)), trustOf(other, tdx.rootFingerprint, unchecked), clock()),
    ).toMatchObject({ code: 'MEASUREMENT_MISMATCH' })
  })
})
