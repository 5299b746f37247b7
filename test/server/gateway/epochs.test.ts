/** One boot under several sessions: what the log says of it, which receipts verify under which, and when nothing is changed. */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { digestUri, sha256 } from '../../../src/core/crypto/index.ts'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeEntry, decodeEntryBundle, encodeTilePath } from '../../../src/core/log/index.ts'
import { digestMeasured, type GatewayConfig } from '../../../src/server/config/index.ts'
import { createUpstreams, type UpstreamSet } from '../../../src/server/index.ts'
import { createSimulatedTdx } from '../../../src/simulator/index.ts'
import { beginLineage, createFileStore } from '../../../src/storage/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { CHAT_COMPLETION, CHAT_STREAM, gated, json } from '../upstream/mock-answers.ts'
import { createGate } from '../upstream/mock-upstream.ts'
import {
  ask,
  attest,
  decodedReceiptOf,
  type FixtureOptions,
  type GatewayFixture,
  HOST,
  PLAIN_MODEL,
  ridOf,
  startFixture,
  verifyGradeQuoted,
  verifySigned,
} from './gateway-fixture.ts'
import { open, type Reply, readReply } from './http-client.ts'

let fixture: GatewayFixture
afterEach(() => fixture.close())

async function start(options: FixtureOptions = {}): Promise<void> {
  fixture = await startFixture(options)
}

async function entries(): Promise<readonly ReturnType<typeof decodeEntry>[]> {
  const { log } = fixture.gateway
  const { size } = await log.checkpoint()
  const bundle = await log.readFile(encodeTilePath({ level: 'entries', index: 0, width: size }))
  return decodeEntryBundle(bundle ?? new Uint8Array(0)).map(decodeEntry)
}

const sessionOf = (reply: Reply): string => decodedReceiptOf(reply).claims.session

/** The same with another limit: a measured change. */
function changedConfig({ measured, operational }: GatewayConfig): GatewayConfig {
  const changed = { ...measured, limits: { ...measured.limits, bodyBytes: 2 << 20 } }
  return { measured: changed, operational, digest: digestMeasured(changed) }
}

function makeUpstreams({ measured }: GatewayConfig): Promise<UpstreamSet> {
  return createUpstreams(measured, {
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    random: (size) => new Uint8Array(randomBytes(size)),
    env: {},
  })
}

describe('a change of the session', () => {
  it('leaves receipts of both that verify under their own, in one log', async () => {
    await start()
    const request = ask(PLAIN_MODEL)
    const before = await fixture.chat(request)
    const old = await attest(fixture)
    await fixture.gateway.changeEpoch()
    const after = await fixture.chat(request)
    const now = await attest(fixture)
    expect(now.session).toMatchObject({ epoch: 1, boot: old.session.boot })
    expect(now.session.keys.log).toBe(old.session.keys.log)
    expect(now.session.keys.receipt).not.toEqual(old.session.keys.receipt)
    expect([sessionOf(before), sessionOf(after)]).toEqual([old.sessionDigest, now.sessionDigest])
    await verifySigned(fixture, { request, reply: before })
    await verifySigned(fixture, { request, reply: after })
    for (const digest of [old.sessionDigest, now.sessionDigest]) {
      const reply = await fixture.get(`/v1/sessions/${digest.slice('sha256:'.length)}`)
      expect(digestUri(reply.octets)).toBe(digest)
    }
  })

  it('is one leaf whose preimage is published, behind the last quote of the session before', async () => {
    await start()
    await fixture.chat(ask(PLAIN_MODEL))
    const from = (await attest(fixture)).sessionDigest
    await fixture.gateway.changeEpoch()
    const to = (await attest(fixture)).sessionDigest
    const record = await fixture.get(`/log/${fixture.gateway.log.id}/epoch/1`)
    const leaves = await entries()
    const place = leaves.findIndex(({ type }) => type === 'epoch')
    expect(encodeHex(leaves[place]?.digest ?? new Uint8Array(0))).toBe(encodeHex(sha256(record.octets)))
    const { size, ...rest } = JSON.parse(record.text)
    expect(rest).toEqual({ from, to, epoch: 1 })
    const isReceipt = ({ type }: (typeof leaves)[number]): boolean => type === 'receipt'
    expect(size).toBeGreaterThan(leaves.findLastIndex(isReceipt))
    expect(size).toBeLessThanOrEqual(place)
    expect(leaves.slice(size, place).map(({ type }) => type)).toContain('quote')
  })

  it('under traffic fails no request, and each receipt verifies under one session alone', async () => {
    await start()
    const replies: Reply[] = []
    let rotating = true
    const client = async (): Promise<void> => {
      while (rotating) replies.push(await fixture.chat(ask(PLAIN_MODEL)))
    }
    const clients = Array.from({ length: 4 }, client)
    for (let i = 0; i < 4; i++) await fixture.gateway.changeEpoch()
    rotating = false
    await Promise.all(clients)
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    const bySession = new Map(replies.map((reply) => [sessionOf(reply), reply]))
    expect(bySession.size).toBeGreaterThan(1)
    for (const reply of bySession.values()) await verifySigned(fixture, { request: ask(PLAIN_MODEL), reply })
    const seqs = replies.map((reply) => decodedReceiptOf(reply).claims.seq)
    expect(new Set(seqs).size).toBe(seqs.length)
  }, 30_000)

  it('waits for receipts that are on their way to the disk: the last quote of their session covers them', async () => {
    const files = new MemoryFiles()
    const store = createFileStore('/data', files)
    await beginLineage(store, { name: 'main', host: HOST })
    const disk = createGate()
    const stalled = createGate()
    const answered = createGate()
    let slow = false
    const answer = () => (slow ? [{ until: answered.opened }, ...json(CHAT_COMPLETION)] : json(CHAT_COMPLETION))
    await start({ answer, lineage: 'there', deps: { store } })
    await fixture.chat(ask(PLAIN_MODEL))
    const old = (await attest(fixture, `/v1/attestation?nonce=${randomBytes(32).toString('base64url')}&wait=20`))
      .sessionDigest
    // From the next receipt on: its intent was durable before the upstream was asked.
    let armed = false
    files.onStep = ({ operation, path }) => {
      if (!armed || operation !== 'sync' || !path.includes('/wal/')) return
      stalled.open()
      return disk.opened
    }
    slow = true
    const asked = fixture.chat(ask(PLAIN_MODEL))
    await fixture.mock.request(2)
    await fixture.gateway.log.checkpoint()
    armed = true
    answered.open()
    await stalled.opened
    const changed = fixture.gateway.changeEpoch()
    for (let i = 0; i < 40; i++) await new Promise((resolve) => setImmediate(resolve))
    await fixture.get('/v1/attestation')
    disk.open()
    await changed
    const reply = await asked
    expect(sessionOf(reply)).toBe(old)
    const leaves = await entries()
    const record = await fixture.get(`/log/${fixture.gateway.log.id}/epoch/1`)
    expect(JSON.parse(record.text).size).toBeGreaterThan(leaves.findLastIndex(({ type }) => type === 'receipt'))
    await verifyGradeQuoted(fixture, await verifySigned(fixture, { request: ask(PLAIN_MODEL), reply }), ridOf(reply))
  })

  it('waits for open requests, and those that come meanwhile wait for it', async () => {
    const gate = createGate()
    let slow = true
    await start({ answer: () => (slow ? [{ until: gate.opened }, ...json(CHAT_COMPLETION)] : json(CHAT_COMPLETION)) })
    const old = (await attest(fixture)).sessionDigest
    const opened = fixture.chat(ask(PLAIN_MODEL))
    await fixture.mock.request(1)
    slow = false
    const changed = fixture.gateway.changeEpoch()
    const held = fixture.chat(ask(PLAIN_MODEL))
    gate.open()
    await changed
    expect(sessionOf(await opened)).toBe(old)
    expect(sessionOf(await held)).toBe((await attest(fixture)).sessionDigest)
    expect((await attest(fixture)).sessionDigest).not.toBe(old)
  })

  it('cuts a stream that goes on too long, with its receipt', async () => {
    const [first = '', ...rest] = CHAT_STREAM.split(/(?<=\n\n)/)
    const gate = createGate()
    const time = { fire: (): void => {} }
    await start({
      answer: () =>
        gated([
          [first, Promise.resolve()],
          [rest.join(''), gate.opened],
        ]),
      deps: {
        timers: {
          after(ms, run) {
            // The drain's own deadline is the one that the test lets pass.
            if (ms === 10_000) time.fire = run
            const timer = setTimeout(run, ms)
            return () => clearTimeout(timer)
          },
        },
      },
    })
    const old = (await attest(fixture)).sessionDigest
    const stream = await open(`${fixture.url}/v1/chat/completions`, {
      method: 'POST',
      body: ask(PLAIN_MODEL, { stream: true }),
    })
    await new Promise((resolve) => stream.incoming.once('data', resolve))
    const changed = fixture.gateway.changeEpoch()
    await new Promise((resolve) => setImmediate(resolve))
    time.fire()
    const reply = await readReply(stream)
    await changed
    expect(decodedReceiptOf(reply).claims).toMatchObject({ session: old, outcome: 'incomplete' })
    gate.open()
  })

  it('is abandoned when the last checkpoint is not quoted: the session goes on, and the log knows of nothing', async () => {
    let healthy = true
    await start({
      quoter: (inner) => ({
        ...inner,
        quote: (data) => (healthy ? inner.quote(data) : Promise.reject(new Error('busy'))),
      }),
      deps: {
        timers: {
          after(ms, run) {
            // Nobody waits ten seconds for a quote that does not come.
            const timer = setTimeout(run, ms === 10_000 && !healthy ? 50 : ms)
            return () => clearTimeout(timer)
          },
        },
      },
    })
    const old = (await attest(fixture)).sessionDigest
    await fixture.chat(ask(PLAIN_MODEL))
    healthy = false
    await fixture.chat(ask(PLAIN_MODEL))
    await expect(fixture.gateway.changeEpoch()).rejects.toMatchObject({ code: 'ERR_QUOTE' })
    expect((await entries()).filter(({ type }) => type === 'epoch')).toEqual([])
    expect((await fixture.get(`/log/${fixture.gateway.log.id}/epoch/1`)).status).toBe(404)
    const reply = await fixture.chat(ask(PLAIN_MODEL))
    expect([reply.status, sessionOf(reply)]).toEqual([200, old])
    healthy = true
    await fixture.gateway.changeEpoch()
    expect((await attest(fixture)).session.epoch).toBe(1)
  })
})

describe('a changed configuration', () => {
  it('is refused where the hardware carries the one it was launched with', async () => {
    await start()
    const config = changedConfig(fixture.config)
    await expect(fixture.gateway.reload(config, () => makeUpstreams(config))).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('a new boot is needed'),
    })
    expect((await attest(fixture)).session.epoch).toBe(0)
    expect((await fixture.chat(ask(PLAIN_MODEL))).status).toBe(200)
  })

  it('is an epoch elsewhere: the new session states it and the new limits hold', async () => {
    const tdx = createSimulatedTdx({ latencyMs: 0 })
    await start({ quoter: () => tdx.quoter })
    const config = changedConfig(fixture.config)
    const large = ask(PLAIN_MODEL, { user: 'x'.repeat(1 << 20) })
    expect((await fixture.chat(large)).status).toBe(413)
    await fixture.gateway.reload(config, () => makeUpstreams(config))
    expect((await fixture.chat(large)).status).toBe(200)
    const epoch = JSON.parse((await fixture.get(`/log/${fixture.gateway.log.id}/epoch/1`)).text)
    const session = JSON.parse((await fixture.get(`/v1/sessions/${epoch.to.slice('sha256:'.length)}`)).text)
    expect(session.dependencies[0].digest.sha256).toBe(config.digest.slice('sha256:'.length))
  })

  it('of operations is taken at once, without a new session', async () => {
    await start()
    const { operational } = fixture.config
    const config = { ...fixture.config, operational: { ...operational, maxWaitSeconds: 1, scrubHours: 5 } }
    await fixture.gateway.reload(config, () => Promise.reject(new Error('not asked for')))
    expect((await attest(fixture)).session.epoch).toBe(0)
  })

  it('of operations holds though a change of the session began before it', async () => {
    const gate = createGate()
    await start({ answer: () => [{ until: gate.opened }, ...json(CHAT_COMPLETION)] })
    const opened = fixture.chat(ask(PLAIN_MODEL))
    await fixture.mock.request(1)
    const changed = fixture.gateway.changeEpoch()
    await new Promise((resolve) => setImmediate(resolve))
    const { operational } = fixture.config
    const apiKeys = [{ id: 'a', tenant: 'alice', sha256: '0'.repeat(64), models: 'all' }] as const
    const config = { ...fixture.config, operational: { ...operational, apiKeys } }
    const reloaded = fixture.gateway.reload(config, () => Promise.reject(new Error('not asked for')))
    gate.open()
    await Promise.all([opened, changed, reloaded])
    expect((await fixture.chat(ask(PLAIN_MODEL))).status).toBe(401)
  })

  it('that could not be taken leaves no upstreams behind', async () => {
    const tdx = createSimulatedTdx({ latencyMs: 0 })
    await start({ quoter: () => tdx.quoter })
    const config = changedConfig(fixture.config)
    await fixture.stop()
    let isClosed = false
    const made = async (): Promise<UpstreamSet> => {
      const upstreams = await makeUpstreams(config)
      return {
        context: upstreams.context,
        models: () => upstreams.models(),
        find: (id) => upstreams.find(id),
        healthy: () => upstreams.healthy(),
        close: async () => {
          isClosed = true
          await upstreams.close()
        },
      }
    }
    await expect(fixture.gateway.reload(config, made)).rejects.toMatchObject({ code: 'ERR_USAGE' })
    expect(isClosed).toBe(true)
  })

  it('of what only a restart changes is refused by name, and nothing of it is taken', async () => {
    await start()
    const { operational } = fixture.config
    const config = { ...fixture.config, operational: { ...operational, dataDir: '/elsewhere', lineage: 'other' } }
    await expect(fixture.gateway.reload(config, () => makeUpstreams(config))).rejects.toThrow(
      'operational.dataDir, operational.lineage can be changed by a restart alone',
    )
  })
})
