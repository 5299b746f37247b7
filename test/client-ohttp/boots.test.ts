/** A boot that begins anew has other keys to encrypt to; and somebody in between only says so. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAttestedFetch, receiptOf } from '../../src/client/index.ts'
import { createOhttpChannel } from '../../src/client-ohttp/index.ts'
import { createFileStore } from '../../src/storage/index.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { diskError, MemoryFiles } from '../kit/memory-files.ts'
import { json } from '../server/upstream/mock-answers.ts'
import { type MockUpstream, startMockUpstream } from '../server/upstream/mock-upstream.ts'

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
}
const RESOURCE = '/.well-known/ohttp-gateway'
const KEY_PROBLEM = JSON.stringify({ type: 'https://iana.org/assignments/http-problem-types#ohttp-key' })

let gateway: TestGateway
let upstream: MockUpstream
let files: MemoryFiles

beforeEach(async () => {
  files = new MemoryFiles()
  upstream = await startMockUpstream(() => json(ANSWER))
  gateway = await startTestGateway({ upstream: upstream.origin, store: createFileStore('/data', files) })
})
afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

function createFetch(fetch: typeof globalThis.fetch = globalThis.fetch): typeof globalThis.fetch {
  const { policy, lock } = gateway.trust
  return createAttestedFetch({
    policy: { ...policy, live: { ...policy.live, channel: ['ohttp'] } },
    ...(lock && { lock }),
    deps: { fetch },
    channel: createOhttpChannel(),
  })
}

async function ask(attested: typeof fetch): Promise<string | undefined> {
  const response = await attested(`${gateway.base}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'mock', messages: [{ role: 'user', content: 'May I?' }] }),
  })
  const { checks } = await receiptOf(response)
  return checks.find(({ name }) => name === 'channel')?.status
}

/** The disk takes nothing for a while: the log fails, its boot ends, and the next one begins. */
async function beginAnew(attested: typeof fetch): Promise<void> {
  const { log } = gateway.gateway
  files.onStep = ({ operation, path }) => {
    if (operation === 'sync' && path.includes('/wal/')) throw diskError('EIO', path)
  }
  await expect(ask(attested)).rejects.toThrow()
  files.onStep = () => {}
  await expect.poll(() => gateway.gateway.log.id, { timeout: 30_000, interval: 20 }).not.toBe(log.id)
  await gateway.gateway.ready()
}

describe('a client over OHTTP', () => {
  it('verifies the next boot and its keys, and goes on', async () => {
    const attested = createFetch()
    expect(await ask(attested)).toBe('pass')
    const before = gateway.gateway.evidence()?.attestation.session.keys.ohttp
    await beginAnew(attested)
    expect(gateway.gateway.evidence()?.attestation.session.keys.ohttp).not.toBe(before)
    expect(await ask(attested)).toBe('pass')
  })

  it.each(['the same session', 'the next epoch'])(
    '[C7] sends nothing again in %s, whoever says that the key is lost',
    async (when) => {
      let requests = 0
      const attested = createFetch(async (input, init) => {
        const { pathname } = new URL(input instanceof Request ? input.url : input)
        if (pathname !== RESOURCE) return globalThis.fetch(input, init)
        requests++
        if (when === 'the next epoch') await gateway.gateway.changeEpoch()
        return new Response(KEY_PROBLEM, { status: 400, headers: { 'content-type': 'application/problem+json' } })
      })
      await expect(ask(attested)).rejects.toMatchObject({ failure: 'E2EE_KEY', failed: { name: 'channel' } })
      expect(requests).toBe(1)
    },
  )
})
