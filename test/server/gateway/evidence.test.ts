/** Evidence: never used unverified, shared by receipts and challenges, and true to the log. */
import { afterEach, describe, expect, it } from 'vitest'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import { challengeAnchor, verifyAttestation } from '../../../src/core/evidence/attestation.ts'
import type { Quoter } from '../../../src/core/evidence/quoter.ts'
import { decodeEntry, decodeEntryBundle, encodeTilePath } from '../../../src/core/log/index.ts'
import { Challenges, MAX_PENDING_CHALLENGES } from '../../../src/server/session/challenges.ts'
import { createSimulatedSnp, type Faults } from '../../../src/simulator/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { openLog } from '../log/log-traffic.ts'
import {
  ask,
  attest,
  decodedReceiptOf,
  type FixtureOptions,
  type GatewayFixture,
  PLAIN_MODEL,
  startFixture,
  verifySigned,
} from './gateway-fixture.ts'
import { testPki } from './test-pki.ts'

/** Who waits for a device that hangs waits this long; a busy machine's good device answers sooner. */
const HASTY = { intervalMs: 5, deadlineMs: 1_000, statementLifeSeconds: 3_600, batchSize: 1_000 }

const nonceOf = (octet: number): Uint8Array => new Uint8Array(32).fill(octet)
const textOf = (nonce: Uint8Array): string => Buffer.from(nonce).toString('base64url')

let fixture: GatewayFixture
afterEach(() => fixture.close())

async function start(options: FixtureOptions = {}): Promise<void> {
  fixture = await startFixture(options)
}

const failures = (): readonly string[] =>
  fixture.lines.flatMap((line) => (line.event === 'quote-failed' ? [line.detail] : []))

/** Counts calls, and the most that were ever under way. */
function counting(): { readonly quoter: (inner: Quoter) => Quoter; calls: number; most: number } {
  const counts = { calls: 0, underWay: 0, most: 0, quoter: (inner: Quoter): Quoter => inner }
  counts.quoter = (inner) => ({
    ...inner,
    async quote(reportData) {
      counts.calls++
      counts.underWay++
      counts.most = Math.max(counts.most, counts.underWay)
      try {
        return await inner.quote(reportData)
      } finally {
        counts.underWay--
      }
    },
  })
  return counts
}

describe('before the first quote has verified', () => {
  it('answers 503, signs nothing, and readiness says why', async () => {
    await start({ unready: true, faults: () => 'error' })
    await fixture.line(({ event }) => event === 'quote-failed')
    const reply = await fixture.chat(ask(PLAIN_MODEL))
    expect(reply.status).toBe(503)
    expect(JSON.parse(reply.text).error).toMatchObject({ type: 'service_unavailable', code: 'evidence_unavailable' })
    expect(reply.headers['inference-receipt']).toBeUndefined()
    expect(reply.headers['inference-receipt-id']).toBeUndefined()
    expect(fixture.gateway.log.counts).toEqual({ intents: 0, receipts: 0, open: 0 })
    const ready = await fixture.get('/readyz')
    expect(ready.status).toBe(503)
    expect(JSON.parse(ready.text).evidence).toContain('the device gave no report')
    expect((await fixture.get('/v1/attestation')).status).toBe(503)
    expect((await fixture.get('/livez')).status).toBe(200)
  })

  it.each(['error', 'garbage', 'wrong-report-data'] as const)(
    'recovers from a device that begins with %s',
    async (fault) => {
      await start({ faults: [fault, fault] })
      expect(failures()).toHaveLength(2)
      const request = ask(PLAIN_MODEL)
      await verifySigned(fixture, { request, reply: await fixture.chat(request) })
    },
  )

  it('gives up on a hanging call and asks again', async () => {
    await start({
      faults: ['hang'],
      operational: { quoting: HASTY },
    })
    expect(failures()).toContain('the device did not answer within its deadline')
    expect((await fixture.get('/readyz')).status).toBe(200)
  })
})

describe('after it', () => {
  const laterFaults =
    (fault: 'error' | 'garbage' | 'wrong-report-data' | 'hang'): Faults =>
    (call) =>
      call === 0 ? 'none' : fault

  it.each(['error', 'garbage', 'wrong-report-data', 'hang'] as const)(
    'a device that turns to %s never holds up or mislabels an answer',
    async (fault) => {
      await start({
        faults: laterFaults(fault),
        operational: { quoting: HASTY },
      })
      const { checkpoint } = await attest(fixture)
      const request = ask(PLAIN_MODEL)
      await verifySigned(fixture, { request, reply: await fixture.chat(request) })
      await fixture.line(({ event }) => event === 'quote-failed')
      const reply = await fixture.chat(request)
      await verifySigned(fixture, { request, reply })
      const proof = await fixture.get(`/v1/receipts/${reply.headers['inference-receipt-id']}/proof`)
      expect(proof.status).toBe(202)
      expect(proof.headers['retry-after']).toBe('1')
      expect((await attest(fixture)).checkpoint).toEqual(checkpoint)
    },
  )

  it('uses and keeps no quote of other software than it began with', async () => {
    let others: Quoter | undefined
    await start({ quoter: (inner) => ({ ...inner, quote: (data) => (others ?? inner).quote(data) }) })
    const { checkpoint } = await attest(fixture)
    const hostData = decodeHex(fixture.config.digest.slice('sha256:'.length))
    const fields = { hostData, measurement: new Uint8Array(48).fill(0x42) }
    others = (await createSimulatedSnp({ pki: await testPki(), latencyMs: 0, throttle: 'none', fields })).quoter
    const request = ask(PLAIN_MODEL)
    const reply = await fixture.chat(request)
    await fixture.line(({ event }) => event === 'quote-failed')
    expect(failures()[0]).toContain("the device's quote is of other software: ")
    expect((await attest(fixture)).checkpoint).toEqual(checkpoint)
    await verifySigned(fixture, { request, reply })
    others = undefined
    await fixture.gateway.changeEpoch()
    await verifySigned(fixture, { request, reply: await fixture.chat(request) })
  })

  it('is asked by one call at a time, and not by its own quotes', async () => {
    const counts = counting()
    await start({ quoter: counts.quoter })
    await Promise.all(Array.from({ length: 50 }, () => fixture.chat(ask(PLAIN_MODEL))))
    await fixture.get(`/v1/attestation?nonce=${textOf(nonceOf(1))}`)
    const { calls } = counts
    const { checkpoint } = await attest(fixture)
    expect(counts.most).toBe(1)
    for (let i = 0; i < 20; i++) await fixture.get('/livez')
    // The quote's own leaf lies beyond the checkpoint, at times the one before it too, and no further quote follows for them.
    const beyond = fixture.gateway.log.size - checkpoint.size
    expect([1, 2]).toContain(beyond)
    expect(counts.calls).toBe(calls)
  })

  it('counts in its statement what the log holds below its checkpoint', async () => {
    await start()
    await Promise.all(Array.from({ length: 30 }, () => fixture.chat(ask(PLAIN_MODEL))))
    await fixture.get(`/v1/attestation?nonce=${textOf(nonceOf(2))}`)
    const { checkpoint, statement } = await attest(fixture)
    const path = encodeTilePath({ level: 'entries', index: 0, width: checkpoint.size })
    const bundle = await fixture.get(`/log/${fixture.gateway.log.id}/${path}`)
    const types = decodeEntryBundle(bundle.octets).map((entry) => decodeEntry(entry).type)
    expect(types).toHaveLength(checkpoint.size)
    expect(types[0]).toBe('genesis')
    expect(types.filter((type) => type === 'receipt')).toHaveLength(statement.counts.receipts)
    expect(statement.counts).toEqual({ intents: 30, receipts: 30, open: 0 })
  })

  it('lets iat go back for no one', async () => {
    let now = Date.parse('2027-01-01T00:00:00Z')
    await start({ deps: { clock: { now: () => new Date(now), monotonicMs: () => performance.now() } }, unready: true })
    await fixture.gateway.ready()
    const first = decodedReceiptOf(await fixture.chat(ask(PLAIN_MODEL))).claims
    now -= 3_600_000
    const second = decodedReceiptOf(await fixture.chat(ask(PLAIN_MODEL))).claims
    expect(second.iat).toBe(first.iat)
    expect(second.log.merge_by).toBe(first.iat + 60)
  })
})

describe('challenges', () => {
  it('are answered with evidence that is newer than the nonce', async () => {
    await start()
    const nonce = nonceOf(7)
    const noncedAt = new Date()
    const reply = await fixture.get(`/v1/attestation?nonce=${textOf(nonce)}`)
    const archive = decodeArchive(reply.octets)
    const anchor = challengeAnchor({ nonce, noncedAt, at: new Date(), proof: archive.proof })
    const verdict = await verifyAttestation(archive, fixture.trust, anchor)
    expect(verdict).toMatchObject({ ok: true, simulated: true })
    const other = challengeAnchor({ nonce: nonceOf(8), noncedAt, at: new Date(), proof: archive.proof })
    expect(await verifyAttestation(archive, fixture.trust, other)).toMatchObject({ ok: false, code: 'NONCE_MISMATCH' })
  })

  it('share quotes', async () => {
    const counts = counting()
    await start({ quoter: counts.quoter })
    const before = counts.calls
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, i) => fixture.get(`/v1/attestation?nonce=${textOf(nonceOf(100 + i))}`)),
    )
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    expect(counts.calls - before).toBeLessThan(20)
  })

  it('are told to come back when the wait is over, and then find their leaf', async () => {
    let healthy = true
    await start({
      quoter: (inner) => ({
        ...inner,
        quote: (data) => (healthy ? inner.quote(data) : Promise.reject(new Error('busy'))),
      }),
    })
    healthy = false
    const path = `/v1/attestation?nonce=${textOf(nonceOf(9))}`
    const pending = await fixture.get(`${path}&wait=0`)
    expect(pending.status).toBe(202)
    expect(pending.headers['retry-after']).toBe('1')
    const size = fixture.gateway.log.size
    expect((await fixture.get(path, { prefer: 'wait=0' })).status).toBe(202)
    expect(fixture.gateway.log.size).toBe(size)
    healthy = true
    expect((await fixture.get(path)).status).toBe(200)
  })

  it.each(['', 'AAAA', 'A'.repeat(87), `${'A'.repeat(43)}=`])(
    'must be 32 to 64 octets in strict base64url, not %s',
    async (text) => {
      await start()
      const reply = await fixture.get(`/v1/attestation?nonce=${text}`)
      expect(reply.status).toBe(400)
      expect(JSON.parse(reply.text).error.param).toBe('nonce')
    },
  )

  it('are bounded while they wait', async () => {
    await start()
    const challenges = new Challenges(await openLog(new MemoryFiles()))
    const nonce = (n: number): Uint8Array => new Uint8Array(new Uint32Array(8).fill(n).buffer)
    for (let i = 0; i < MAX_PENDING_CHALLENGES; i++) expect(challenges.add(nonce(i))?.index).toBe(i + 1)
    expect(challenges.add(nonce(MAX_PENDING_CHALLENGES))).toBeUndefined()
    const known = challenges.add(nonce(0))
    challenges.release((known?.index ?? 0) + 1)
    expect(challenges.pending).toBe(MAX_PENDING_CHALLENGES - 1)
    expect(challenges.add(nonce(MAX_PENDING_CHALLENGES))?.index).toBe(MAX_PENDING_CHALLENGES + 1)
  })
})

describe('what is published', () => {
  it('is the session by the digest of its octets, and nothing under any other name', async () => {
    await start()
    const { sessionDigest, session } = await attest(fixture)
    const hex = sessionDigest.slice('sha256:'.length)
    const reply = await fixture.get(`/v1/sessions/${hex}`)
    expect(digestUri(reply.octets)).toBe(sessionDigest)
    expect(session.dependencies.map(({ annotations }) => annotations.role)).toEqual(['configuration', 'software'])
    for (const name of [hex.toUpperCase(), hex.slice(1), '0'.repeat(64), '..%2f..%2fcheckpoint'])
      expect((await fixture.get(`/v1/sessions/${name}`)).status).toBe(404)
  })

  it('is of an earlier boot what the genesis of this one names, with its session and its log', async () => {
    await start()
    await fixture.chat(ask(PLAIN_MODEL))
    const { dataDir, gateway } = fixture
    const { sessionDigest } = await attest(fixture)
    await fixture.stop()
    await start({ dataDir })
    const { previous } = JSON.parse((await fixture.get(`/log/${fixture.gateway.log.id}/genesis`)).text)
    expect(previous).toMatchObject({ source: 'disk', origin: gateway.log.origin, recovered: 0, open: 0 })
    expect(fixture.gateway.log.id).not.toBe(gateway.log.id)
    expect((await fixture.get(`/log/${gateway.log.id}/checkpoint`)).text).toBe(previous.checkpoint)
    const session = await fixture.get(`/v1/sessions/${sessionDigest.slice('sha256:'.length)}`)
    expect(digestUri(session.octets)).toBe(sessionDigest)
  })

  it('is the log, and nothing else of its folder', async () => {
    await start()
    const reply = await fixture.get(`/log/${fixture.gateway.log.id}/genesis`)
    expect(JSON.parse(reply.text).previous).toEqual({ source: 'none' })
    expect((await fixture.get(`/log/${fixture.gateway.log.id}/checkpoint`)).text).toContain(fixture.gateway.log.origin)
    for (const path of ['wal/0.wal', 'lock', 'evidence.cmw.json', '../genesis', 'tile/0/0', 'session/x'])
      expect((await fixture.get(`/log/${fixture.gateway.log.id}/${path}`)).status).toBe(404)
  })
})
