/** A disk that fails: nothing leaves that is not durably receipted, and the boot is over. */
import { afterEach, describe, expect, it } from 'vitest'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { CHAT_COMPLETION, CHAT_STREAM, gated, json } from '../upstream/mock-answers.ts'
import { createGate, type Script } from '../upstream/mock-upstream.ts'
import { ask, type GatewayFixture, PLAIN_MODEL, startFixture } from './gateway-fixture.ts'
import { open, readReply } from './http-client.ts'

const [FIRST = '', ...REST] = CHAT_STREAM.split(/(?<=\n\n)/)

let fixture: GatewayFixture
let files: MemoryFiles
afterEach(() => fixture.close())

async function start(answer: () => Script): Promise<void> {
  files = new MemoryFiles()
  fixture = await startFixture({ answer, deps: { files } })
}

function breakDisk(): void {
  files.onStep = ({ operation, path }) => {
    if (operation === 'sync' && path.endsWith('.wal')) throw new Error('EIO')
  }
}

async function expectBootOver(): Promise<void> {
  const chat = await fixture.chat(ask(PLAIN_MODEL))
  expect(chat.status).toBe(503)
  expect(JSON.parse(chat.text).error.code).toBe('log_unavailable')
  expect((await fixture.get('/livez')).status).toBe(503)
  expect(JSON.parse((await fixture.get('/readyz')).text)).toMatchObject({ ready: false, phase: 'failed' })
  const nonce = Buffer.alloc(32, 1).toString('base64url')
  expect((await fixture.get(`/v1/attestation?nonce=${nonce}`)).status).toBe(503)
}

describe('a log that cannot be made durable', () => {
  it('before the answer: 503, no receipt, no answer', async () => {
    await start(() => json(CHAT_COMPLETION))
    breakDisk()
    const reply = await fixture.chat(ask(PLAIN_MODEL))
    expect(reply.status).toBe(503)
    expect(reply.headers['inference-receipt']).toBeUndefined()
    expect(reply.text).not.toContain('Hello')
    await expectBootOver()
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
    await expectBootOver()
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
    await expectBootOver()
  })

  it('still serves what was quoted before', async () => {
    await start(() => json(CHAT_COMPLETION))
    const reply = await fixture.chat(ask(PLAIN_MODEL))
    breakDisk()
    await fixture.chat(ask(PLAIN_MODEL))
    const receipt = await fixture.get(`/v1/receipts/${reply.headers['inference-receipt-id']}`)
    expect(receipt.status).toBe(200)
    expect((await fixture.get('/v1/attestation')).status).toBe(200)
  })
})
