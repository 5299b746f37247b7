/** A gateway of two boots, audited and watched by its address as it stands. */
import { describe, expect, it } from 'vitest'
import { auditLogs, createHttpReader, lookAtLogs } from '../../src/audit/index.ts'
import type { Trust } from '../../src/core/evidence/attestation.ts'
import { ask, PLAIN_MODEL, startFixture } from '../server/gateway/gateway-fixture.ts'

/** Each boot has a model server of its own, so a configuration and a row of its own. */
function bothRows(first: Trust, second: Trust): Trust {
  if (first.lock === undefined || second.lock === undefined) throw new Error('no lock')
  return { ...second, lock: { ...second.lock, rows: [...first.lock.rows, ...second.lock.rows] } }
}

async function quoted({ get }: { get(path: string): Promise<unknown> }): Promise<void> {
  const nonce = Buffer.alloc(32, 7).toString('base64url')
  await get(`/v1/attestation?nonce=${nonce}&wait=20`)
}

describe('a live gateway', () => {
  it('passes an audit of its boots, and each look at them', async () => {
    const first = await startFixture()
    await Promise.all(Array.from({ length: 20 }, () => first.chat(ask(PLAIN_MODEL))))
    await quoted(first)
    const reader = createHttpReader(first.url, { fetch: globalThis.fetch })
    const options = { now: new Date(), maxStalenessSeconds: 600, trust: first.trust } as const
    const look = await lookAtLogs({ ...options, reader, kept: 'none' })
    expect(look).toMatchObject({ ok: true })
    await first.chat(ask(PLAIN_MODEL))
    await first.stop()
    const second = await startFixture({ dataDir: first.dataDir })
    try {
      await second.chat(ask(PLAIN_MODEL))
      await quoted(second)
      const trust = bothRows(first.trust, second.trust)
      const next = createHttpReader(second.url, { fetch: globalThis.fetch })
      const report = await auditLogs({
        reader: next,
        trust,
        witnesses: 'unchecked',
        onProgress: () => {},
      })
      expect(report.first).toBeUndefined()
      expect(report.logs.map(({ receipts }) => receipts)).toEqual([21, 1])
      const again = await lookAtLogs({ ...options, reader: next, kept: look.state, trust })
      expect(again.detail).toBe('continues')
      expect(again.ok).toBe(true)
    } finally {
      await second.close()
    }
  })
})
