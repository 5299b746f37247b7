/** Receipts found again: of this boot and of earlier ones, in one file that verifies offline, and by nobody but their owner. */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type Archive, decodeArchive } from '../../../src/core/archive/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import type { Quoter } from '../../../src/core/evidence/quoter.ts'
import { createEntry, verifyInclusion } from '../../../src/core/log/index.ts'
import type { Policy } from '../../../src/core/policy.ts'
import { type VerifiedAnswer, verifyAnswer } from '../../../src/core/receipt/answer.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { holdOctets } from '../../../src/core/receipt/verify.ts'
import { assertVerified, type Verified } from '../../../src/core/verdict.ts'
import { hashApiKey } from '../../../src/server/config/index.ts'
import { createFileStore } from '../../../src/storage/index.ts'
import { startWitness, TOKEN } from '../../witness/witness-fixture.ts'
import { policyOf } from '../witnessing/loop-fixture.ts'
import {
  ask,
  attestArchive,
  type FixtureOptions,
  type GatewayFixture,
  HOST,
  heldOf,
  PLAIN_MODEL,
  receiptOf,
  ridOf,
  SPLICED_MODEL,
  startFixture,
} from './gateway-fixture.ts'
import { call, type Reply } from './http-client.ts'

const CMW = { accept: 'application/cmw+json' } as const
const QUOTED = { ...CMW, prefer: 'receipt=quoted, wait=20' } as const
const KEYS = { alice: 'cs_alice', bob: 'cs_bob' } as const
const TENANTS = [
  { id: 'a', tenant: 'alice', sha256: hashApiKey(KEYS.alice), models: 'all' },
  { id: 'b', tenant: 'bob', sha256: hashApiKey(KEYS.bob), models: 'all' },
] as const
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

let fixture: GatewayFixture
afterEach(async () => {
  const { dataDir } = fixture
  await fixture.stop()
  await rm(dataDir, { recursive: true })
})

async function start(options: FixtureOptions = {}): Promise<void> {
  fixture = await startFixture(options)
}

/** Ends the boot; the next one begins on the same store. @returns the one that ended, whose configuration was another */
async function restart(options: FixtureOptions = {}): Promise<GatewayFixture> {
  const ended = fixture
  await ended.stop()
  await start({ ...options, dataDir: ended.dataDir })
  return ended
}

/** A device that answers its first call, and no other. */
function quotingOnce(inner: Quoter): Quoter {
  let calls = 0
  return { ...inner, quote: (data) => (calls++ === 0 ? inner.quote(data) : Promise.reject(new Error('busy'))) }
}

interface Exchange {
  readonly request: string
  readonly reply: Reply
}

async function exchange(model: string, headers: Readonly<Record<string, string>> = {}): Promise<Exchange> {
  const request = ask(model)
  return { request, reply: await fixture.chat(request, { headers }) }
}

const archiveOf = async ({ reply }: Exchange, headers: Readonly<Record<string, string>> = QUOTED): Promise<Archive> =>
  decodeArchive((await fixture.get(`/v1/receipts/${ridOf(reply)}`, headers)).octets)

/** Judges an archive by itself, over the octets that the client holds. */
async function verifyOffline(
  { request, reply }: Exchange,
  archive: Archive,
  { trust }: Pick<GatewayFixture, 'trust'> = fixture,
): Promise<Verified<VerifiedAnswer>> {
  const octets = encodeUtf8(request)
  const held = {
    nonce: 'unchecked',
    request: holdOctets(octets),
    response: heldOf(reply),
    outcome: 'complete',
    seen: new Set<string>(),
    channel: 'not-observed',
    prev: 'unchecked',
    replay: { request: octets, inserts: archive.inserts ?? new Map() },
  } as const
  const evidence = { ...archive, receipt: archive.receipt ?? '' }
  return assertVerified(await verifyAnswer(evidence, held, trust, { at: new Date(), noncedAt: 'unknown' }))
}

describe('an archive', () => {
  it('verifies offline at grade quoted, with the beginning of its log', async () => {
    await start()
    const asked = await exchange(SPLICED_MODEL)
    const fetched = await fixture.get(`/v1/receipts/${ridOf(asked.reply)}`, QUOTED)
    expect(fetched.headers['preference-applied']).toBe('receipt=quoted')
    expect(fetched.headers['cache-control']).toBe('no-store')
    const archive = decodeArchive(fetched.octets)
    expect((await verifyOffline(asked, archive)).grade).toBe('quoted')
    const genesis = await verifyInclusion({
      proof: archive.genesisProof ?? '',
      entry: createEntry('genesis', archive.genesis ?? new Uint8Array(0)),
      vkey: fixture.gateway.log.vkey,
      origin: fixture.gateway.log.origin,
    })
    expect(genesis).toMatchObject({ ok: true, value: { index: 0 } })
  })

  it('holds the evidence nearest to its receipt, whatever was quoted since', async () => {
    await start()
    const asked = await exchange(PLAIN_MODEL)
    const first = await archiveOf(asked)
    for (let i = 0; i < 3; i++) await archiveOf(await exchange(PLAIN_MODEL))
    const again = await archiveOf(asked)
    expect(again.statement).toEqual(first.statement)
    expect(again.proof).toBe(first.proof)
    const newest = await attestArchive(fixture, decodeArchive((await fixture.get('/v1/attestation')).octets))
    expect(newest.checkpoint.size).toBeGreaterThan((await attestArchive(fixture, again)).checkpoint.size)
  })

  it('is there before the quote is, at grade signed', async () => {
    await start({ quoter: quotingOnce })
    const asked = await exchange(PLAIN_MODEL)
    const reply = await fixture.get(`/v1/receipts/${ridOf(asked.reply)}`, { ...CMW, prefer: 'receipt=quoted, wait=0' })
    expect(reply.headers['preference-applied']).toBe('receipt=signed')
    const archive = decodeArchive(reply.octets)
    expect(archive.proof).toBeUndefined()
    expect((await verifyOffline(asked, archive)).grade).toBe('signed')
    const proof = await fixture.get(`/v1/receipts/${ridOf(asked.reply)}/proof`)
    expect([proof.status, proof.headers['retry-after']]).toEqual([202, '1'])
  })
})

describe('with a witness', () => {
  it('an answer is held until its quote is witnessed, and its archive proves it, in the next boot too', async () => {
    const witness = await startWitness({ now: () => new Date() })
    await start({ deps: { witnesses: policyOf([witness], 1), enrolmentToken: TOKEN } })
    const asked = await exchange(SPLICED_MODEL, { prefer: 'receipt=witnessed, wait=20' })
    expect(asked.reply.headers['preference-applied']).toBe('receipt=witnessed')
    const fetched = await fixture.get(`/v1/receipts/${ridOf(asked.reply)}`, { ...CMW, prefer: 'receipt=witnessed' })
    expect(fetched.headers['preference-applied']).toBe('receipt=witnessed')
    const archive = decodeArchive(fetched.octets)
    const { policy, lock } = fixture.trust
    const lines = [`witness w1 ${witness.vkey}`, 'quorum w1']
    const audited: Policy = { ...policy, grade: 'witnessed', audit: { time: 'witnessed', witnesses: lines } }
    expect((await verifyOffline(asked, archive, { trust: { policy: audited, lock } })).grade).toBe('witnessed')

    const { id } = fixture.gateway.log
    const [size] = JSON.parse((await fixture.get(`/log/${id}/witnessed`)).text)
    const note = await fixture.get(`/log/${id}/witnessed/${size}`)
    expect([note.headers['cache-control'], note.text.split('\n')[1]]).toEqual(['no-cache', String(size)])

    await restart()
    expect(await archiveOf(asked, CMW)).toEqual(archive)
    await witness.close()
  })

  it('whoever asks for less gets what is in force', async () => {
    const witness = await startWitness({ now: () => new Date() })
    await start({ deps: { witnesses: policyOf([witness], 1), enrolmentToken: TOKEN } })
    const asked = await exchange(PLAIN_MODEL, { prefer: 'receipt=witnessed, wait=20' })
    expect((await verifyOffline(asked, await archiveOf(asked, QUOTED))).grade).toBe('quoted')
    await witness.close()
  })
})

describe('a receipt of an earlier boot', () => {
  it('is found, and its archive verifies as before', async () => {
    await start()
    const asked = await exchange(SPLICED_MODEL)
    const before = await archiveOf(asked)
    const ended = await restart()
    await restart()
    const token = await fixture.get(`/v1/receipts/${ridOf(asked.reply)}`)
    expect(token.headers['content-type']).toBe('application/eat+jwt')
    expect(decodeReceipt(token.text).issuerJws).toBe(decodeReceipt(receiptOf(asked.reply)).issuerJws)
    const archive = await archiveOf(asked)
    expect(archive).toEqual(before)
    expect((await verifyOffline(asked, archive, ended)).grade).toBe('quoted')
    const proof = await fixture.get(`/v1/receipts/${ridOf(asked.reply)}/proof`)
    expect(proof.status).toBe(200)
    expect(proof.text).toBe(before.proof)
  })

  it('that ended before a quote covered it is signed for ever, and says so', async () => {
    await start({ quoter: quotingOnce })
    const asked = await exchange(PLAIN_MODEL)
    const ended = await restart()
    const archive = await archiveOf(asked)
    expect(archive.proof).toBeUndefined()
    expect((await verifyOffline(asked, archive, ended)).grade).toBe('signed')
    const proof = await fixture.get(`/v1/receipts/${ridOf(asked.reply)}/proof`)
    expect([proof.status, JSON.parse(proof.text).error.code]).toEqual([410, 'receipt_not_quoted'])
  })

  it('passes damaged evidence over, tells of it, and finds the next', async () => {
    await start()
    const asked = await exchange(PLAIN_MODEL)
    const { size } = (await attestArchive(fixture, await archiveOf(asked))).checkpoint
    await archiveOf(await exchange(PLAIN_MODEL))
    const { id } = fixture.gateway.log
    const ended = await restart()
    await createFileStore(fixture.dataDir).write([{ name: `log/${id}/evidence/${size}`, bytes: encodeUtf8('{}') }])
    const archive = await archiveOf(asked)
    expect((await attestArchive(ended, archive)).checkpoint.size).toBeGreaterThan(size)
    expect((await verifyOffline(asked, archive, ended)).grade).toBe('quoted')
    expect(fixture.lines.filter(({ event }) => event === 'history-damaged')).toHaveLength(1)
    expect((await fixture.get(`/log/${id}/evidence/${size}`)).status).toBe(404)
  })
})

describe('a log of an earlier boot that the host damaged', () => {
  it('hides no receipt of the others, is named, and is never served', async () => {
    await start()
    const asked = await exchange(PLAIN_MODEL)
    await archiveOf(asked)
    await restart()
    const { id } = fixture.gateway.log
    await restart()
    const store = createFileStore(fixture.dataDir)
    const note = (await store.read(`log/${id}/checkpoint`)) ?? new Uint8Array(0)
    await store.write([{ name: `log/${id}/checkpoint`, bytes: note.map((octet, i) => (i === 60 ? octet ^ 1 : octet)) }])
    expect((await fixture.get(`/v1/receipts/${ridOf(asked.reply)}`)).status).toBe(200)
    const damaged = await fixture.get(`/log/${id}/checkpoint`)
    expect([damaged.status, JSON.parse(damaged.text).error.code]).toEqual([500, 'history_damaged'])
    expect(damaged.headers['x-should-retry']).toBe('false')
    const told = fixture.lines.filter(({ event }) => event === 'history-damaged')
    expect(JSON.stringify(told)).toContain(id)
  })
})

describe('receipts of tenants', () => {
  it('are nobody else’s, in whichever boot they were made', async () => {
    const operational = { apiKeys: TENANTS }
    await start({ operational })
    const earlier = ridOf((await exchange(PLAIN_MODEL, bearer(KEYS.alice))).reply)
    await restart({ operational })
    const current = ridOf((await exchange(PLAIN_MODEL, bearer(KEYS.alice))).reply)
    const unknown = randomBytes(16).toString('base64url')
    const answers = new Set<string>()
    for (const rid of [unknown, earlier, current, 'x'])
      for (const [path, method] of [
        [`/v1/receipts/${rid}`, 'GET'],
        [`/v1/receipts/${rid}/proof`, 'GET'],
        [`/v1/receipts/${rid}`, 'DELETE'],
      ] as const) {
        const reply = await call(`${fixture.url}${path}`, { method, headers: { ...CMW, ...bearer(KEYS.bob) } })
        expect(reply.status).toBe(404)
        answers.add(`${reply.text} ${Object.keys(reply.headers).join()}`)
      }
    expect(answers.size).toBe(1)
    for (const rid of [earlier, current])
      expect((await fixture.get(`/v1/receipts/${rid}`, bearer(KEYS.alice))).status).toBe(200)
  })
})

describe('what an auditor may walk', () => {
  it('begins at the list of logs, newest first, and leads to evidence that verifies', async () => {
    await start()
    await archiveOf(await exchange(PLAIN_MODEL))
    const ended = await restart()
    const first = ended.gateway.log
    const list = await fixture.get('/log')
    expect(JSON.parse(list.text)).toEqual({ host: HOST, logs: [fixture.gateway.log.id, first.id] })
    expect(list.headers['cache-control']).toBe('no-cache')
    for (const { gateway, trust } of [fixture, ended]) {
      const { id, vkey } = gateway.log
      const sizes: readonly number[] = JSON.parse((await fixture.get(`/log/${id}/evidence`)).text)
      expect(sizes.length).toBeGreaterThan(0)
      for (const size of sizes) {
        const reply = await fixture.get(`/log/${id}/evidence/${size}`)
        expect(reply.headers['content-type']).toBe('application/cmw+json')
        expect(reply.headers['cache-control']).toContain('immutable')
        const { checkpoint, session } = await attestArchive({ ...fixture, trust }, decodeArchive(reply.octets))
        expect([checkpoint.size, session.keys.log]).toEqual([size, vkey])
      }
      expect((await fixture.get(`/log/${id}/checkpoint`)).headers['cache-control']).toBe('no-cache')
      expect((await fixture.get(`/log/${id}/genesis`)).headers['cache-control']).toContain('immutable')
      expect(JSON.parse((await fixture.get(`/log/${id}/witnessed`)).text)).toEqual([])
    }
  })

  it('ends at what is private, and at names of another spelling', async () => {
    await start()
    await archiveOf(await exchange(PLAIN_MODEL))
    const { id } = fixture.gateway.log
    const [size] = JSON.parse((await fixture.get(`/log/${id}/evidence`)).text)
    for (const path of [
      `/log/${id}/evidence/0${size}`,
      `/log/${id}/evidence/${size}/`,
      `/log/${id}/evidence/999999`,
      `/log/${id}/witnessed/${size}`,
      `/log/${id}/../../private/${id}/wal/0`,
      `/log/${id}/..%2f..%2fprivate`,
      `/log/private/${id}`,
      `/private/${id}/wal/0`,
      `/lineage/main/inception`,
      `/endorsements`,
      `/log/${'A'.repeat(43)}/checkpoint`,
      '/log/',
    ])
      expect((await fixture.get(path)).status).toBe(404)
  })
})
