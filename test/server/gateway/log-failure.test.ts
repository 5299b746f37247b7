/** A disk that fails: nothing leaves that is not durably receipted, the boot is over, and the next one begins when the disk is well. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Timers } from '../../../src/server/deps.ts'
import { beginLineage, createFileStore } from '../../../src/storage/index.ts'
import { diskError, MemoryFiles } from '../../kit/memory-files.ts'
import { ownMsUntil } from '../../kit/own-time.ts'
import { CHAT_COMPLETION, CHAT_STREAM, gated, json } from '../upstream/mock-answers.ts'
import { createGate, type Script } from '../upstream/mock-upstream.ts'
import { ask, attest, type GatewayFixture, HOST, PLAIN_MODEL, startFixture, verifySigned } from './gateway-fixture.ts'
import { open, readReply } from './http-client.ts'

const [FIRST = '', ...REST] = CHAT_STREAM.split(/(?<=\n\n)/)

let fixture: GatewayFixture
let files: MemoryFiles
afterEach(() => fixture.close())

async function start(answer: () => Script = () => json(CHAT_COMPLETION), timers?: Timers): Promise<void> {
  files = new MemoryFiles()
  const store = createFileStore('/data', files)
  await beginLineage(store, { name: 'main', host: HOST })
  fixture = await startFixture({
    answer,
    lineage: 'there',
    deps: { store, ...(timers === undefined ? {} : { timers }) },
  })
}

/** From here on no sync of a write-ahead log goes well. */
function breakDisk(): void {
  files.onStep = ({ operation, path }) => {
    if (operation === 'sync' && path.includes('/wal/')) throw diskError('EIO', path)
  }
}

function healDisk(): void {
  files.onStep = () => {}
}

/** The boot after `log` is there and has evidence. */
async function nextBoot(log: string): Promise<void> {
  await fixture.line(({ event, ...line }) => event === 'boot' && 'detail' in line && !line.detail.includes(log))
  await fixture.gateway.ready()
}

async function expectInterrupted(): Promise<void> {
  const chat = await fixture.chat(ask(PLAIN_MODEL))
  expect(chat.status).toBe(503)
  expect(JSON.parse(chat.text).error.code).toBe('log_unavailable')
  expect((await fixture.get('/livez')).status).toBe(200)
  expect(JSON.parse((await fixture.get('/readyz')).text)).toMatchObject({ ready: false, phase: 'interrupted' })
  const nonce = Buffer.alloc(32, 1).toString('base64url')
  expect((await fixture.get(`/v1/attestation?nonce=${nonce}`)).status).toBe(503)
}

describe('a log that cannot be made durable', () => {
  it('before the answer: 503, no receipt, no answer', async () => {
    await start()
    breakDisk()
    const reply = await fixture.chat(ask(PLAIN_MODEL))
    expect(reply.status).toBe(503)
    expect(reply.headers['inference-receipt']).toBeUndefined()
    expect(reply.text).not.toContain('Hello')
    await expectInterrupted()
  })

  it('at the commit of an answer: it stays here', async () => {
    const gate = createGate()
    await start(() => [{ until: gate.opened }, ...json(CHAT_COMPLETION)])
    const pending = fixture.chat(ask(PLAIN_MODEL))
    await fixture.mock.request(1)
    breakDisk()
    gate.open()
    const reply = await pending
    expect(reply.status).toBe(503)
    expect(reply.text).not.toContain('Hello')
    expect(reply.headers['inference-receipt']).toBeUndefined()
    await expectInterrupted()
  })

  it('at the commit of a stream: its end and its receipt never leave', async () => {
    const gate = createGate()
    await start(() =>
      gated([
        [FIRST, Promise.resolve()],
        [REST.join(''), gate.opened],
      ]),
    )
    const reply = await open(`${fixture.url}/v1/chat/completions`, {
      method: 'POST',
      body: ask(PLAIN_MODEL, { stream: true }),
    })
    const head = new Promise<Buffer>((resolve) => reply.incoming.once('data', resolve))
    await head
    breakDisk()
    gate.open()
    const rest = await readReply(reply)
    expect(rest.text).not.toContain('[DONE]')
    expect(rest.text).not.toContain(': receipt')
    expect(rest.text).toContain('log_unavailable')
    await expectInterrupted()
  })

  it('still serves what was quoted before', async () => {
    await start()
    const reply = await fixture.chat(ask(PLAIN_MODEL))
    breakDisk()
    await fixture.chat(ask(PLAIN_MODEL))
    const receipt = await fixture.get(`/v1/receipts/${reply.headers['inference-receipt-id']}`)
    expect(receipt.status).toBe(200)
    expect((await fixture.get('/v1/attestation')).status).toBe(200)
  })

  it('ends its boot alone: when the disk is well, the next one goes on under a log that names it', async () => {
    await start()
    await fixture.chat(ask(PLAIN_MODEL))
    const { log } = fixture.gateway
    const { sessionDigest } = await attest(fixture)
    breakDisk()
    await fixture.chat(ask(PLAIN_MODEL))
    await expectInterrupted()
    healDisk()
    expect(await ownMsUntil(nextBoot(log.id))).toBeLessThan(2_000)
    expect(fixture.gateway.log.id).not.toBe(log.id)
    expect((await attest(fixture)).sessionDigest).not.toBe(sessionDigest)
    const request = ask(PLAIN_MODEL)
    await verifySigned(fixture, { request, reply: await fixture.chat(request) })
    const genesis = JSON.parse((await fixture.get(`/log/${fixture.gateway.log.id}/genesis`)).text)
    expect(genesis.previous).toMatchObject({ source: 'disk', origin: log.origin })
    expect((await fixture.get(`/log/${log.id}/genesis`)).status).toBe(200)
    expect(JSON.parse((await fixture.get('/readyz')).text)).toMatchObject({ ready: true, phase: 'serving' })
  })

  it('is tried anew while the disk is broken, and leaves no logs behind', async () => {
    await start()
    const { id } = fixture.gateway.log
    breakDisk()
    await fixture.chat(ask(PLAIN_MODEL))
    await fixture.line(({ event }) => event === 'boot-failed')
    healDisk()
    await nextBoot(id)
    const logs = new Set(files.paths().map((path) => /^[/]data[/]log[/]([^/]+)/.exec(path)?.[1]))
    logs.delete(undefined)
    expect(logs).toEqual(new Set([id, fixture.gateway.log.id]))
  })
})

describe('a disk without space', () => {
  it('lets no answer leave that it does not hold, keeps what it has, and is used again when it has space', async () => {
    await start()
    const request = ask(PLAIN_MODEL)
    const before = await fixture.chat(request)
    const nonce = Buffer.alloc(32, 9).toString('base64url')
    await fixture.get(`/v1/attestation?nonce=${nonce}`)
    files.onStep = ({ operation, path }) => {
      if (operation !== 'sync' && operation !== 'syncDirectory') throw diskError('ENOSPC', path)
    }
    const during = Array.from({ length: 5 }, () => fixture.chat(request))
    await new Promise((resolve) => setImmediate(resolve))
    const receipt = await fixture.get(`/v1/receipts/${before.headers['inference-receipt-id']}`)
    expect(receipt.status).toBe(200)
    healDisk()
    for (const reply of await Promise.all(during)) {
      expect([200, 503]).toContain(reply.status)
      if (reply.status === 503) expect(reply.headers['inference-receipt']).toBeUndefined()
      else await verifySigned(fixture, { request, reply })
    }
    let after = await fixture.chat(request)
    while (after.status === 503) {
      await fixture.gateway.ready()
      after = await fixture.chat(request)
    }
    await verifySigned(fixture, { request, reply: after })
  })

  it('does not keep the gateway from ending', async () => {
    // Thirty seconds for open requests and ten for the last quote are more than a test waits.
    const after = (ms: number, run: () => void): (() => void) => {
      const timer = setTimeout(run, ms >= 5_000 ? 100 : ms)
      return () => clearTimeout(timer)
    }
    await start(undefined, { after })
    await fixture.chat(ask(PLAIN_MODEL))
    files.onStep = ({ operation, path }) => {
      if (operation === 'write' || operation === 'create') throw diskError('ENOSPC', path)
    }
    const last = fixture.chat(ask(PLAIN_MODEL)).catch(() => undefined)
    await fixture.mock.request(1)
    await fixture.stop()
    expect((await last)?.headers['inference-receipt']).toBeUndefined()
  })
})

describe('another writer', () => {
  it('[L13] ends the gateway for good, and says why', async () => {
    await start()
    const store = createFileStore('/data', files)
    const tokens = await store.list('lineage/main/writer')
    const lease = await store.read(`lineage/main/writer/${tokens.at(-1)}`)
    await store.create(`lineage/main/writer/${Number(tokens.at(-1)) + 1}`, lease ?? new Uint8Array(0))
    const nonce = Buffer.alloc(32, 1).toString('base64url')
    await fixture.get(`/v1/attestation?nonce=${nonce}&wait=1`)
    expect(await fixture.gateway.ended).toMatchObject({ code: 'ERR_STATE', failure: 'LOG_FENCED' })
    expect((await fixture.get('/livez')).status).toBe(503)
    expect((await fixture.chat(ask(PLAIN_MODEL))).status).toBe(503)
  })
})
