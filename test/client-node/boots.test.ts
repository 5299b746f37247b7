/** A boot that begins anew in a gateway's process has another TLS key. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileStore } from '../../src/storage/index.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { diskError, MemoryFiles } from '../kit/memory-files.ts'
import type { MockUpstream } from '../server/upstream/mock-upstream.ts'
import { ask, BINDINGS, createFetch, outcomeOf, startModel } from './scene.ts'

let upstream: MockUpstream
let gateway: TestGateway
let files: MemoryFiles

beforeEach(async () => {
  files = new MemoryFiles()
  upstream = await startModel()
  const store = createFileStore('/data', files)
  gateway = await startTestGateway({ upstream: upstream.origin, tls: 'self-signed', store })
})
afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

function keysOf(evidence = gateway.gateway.evidence()): readonly string[] | undefined {
  return evidence?.attestation.session.keys.tls_spki_sha256
}

/** The disk takes nothing for a while: the log fails, its boot ends, and the next one begins. */
async function beginAnew(attested: typeof fetch): Promise<void> {
  const { log } = gateway.gateway
  files.onStep = ({ operation, path }) => {
    if (operation === 'sync' && path.includes('/wal/')) throw diskError('EIO', path)
  }
  await expect(ask(attested, gateway.base)).rejects.toThrow()
  files.onStep = () => {}
  await expect.poll(() => gateway.gateway.log.id, { timeout: 30_000, interval: 20 }).not.toBe(log.id)
  await gateway.gateway.ready()
}

describe.each(BINDINGS)('a client bound by %s', (binding) => {
  it('verifies the next boot and its key, and goes on', async () => {
    const attested = createFetch(gateway.trust, binding)
    expect(await ask(attested, gateway.base)).toBe(`pass ${binding}:`)
    const before = keysOf()
    await beginAnew(attested)
    expect(keysOf()).not.toEqual(before)
    expect(await outcomeOf(ask(attested, gateway.base))).toBe(`pass ${binding}:`)
  })
})
