/** A gateway's own answers: a receipt names the output digest that the octets come to, and `countersign verify` finds the same. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command as verify } from '../../../src/cli/commands/verify.ts'
import { type Archive, encodeArchive } from '../../../src/core/archive/index.ts'
import { digestOutput } from '../../../src/core/receipt/merged-octets.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { recordIo } from '../../cli/log/history-folder.ts'
import type { TestGateway } from '../../kit/gateway.ts'
import { record, startRecordedGateway } from '../../replay/record.ts'

let gateway: TestGateway
let work: string
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'countersign-output-'))
  gateway = await startRecordedGateway()
  writeFileSync(join(work, 'policy.json'), gateway.policyText)
  writeFileSync(join(work, 'lock.json'), gateway.lockText)
})
afterAll(async () => {
  await gateway?.close()
  rmSync(work, { recursive: true, force: true })
})

function digests({ receipt = '', response }: Archive): {
  readonly signed: string | undefined
  readonly merged: string
} {
  if (response === undefined) throw new Error('the recorder keeps the response')
  return {
    signed: decodeReceipt(receipt).disclosed.response?.output_digest,
    merged: digestOutput(response.octets, response.mediaType),
  }
}

const ASKED = { temperature: 1, seed: 7, max_tokens: 12, logprobs: true, n: 2 }

describe('output digest of a gateway', () => {
  it('is one for a seeded answer, streamed or not, and verifies', async () => {
    const whole = await record(gateway, ASKED, 'quoted')
    const streamed = await record(
      gateway,
      { ...ASKED, stream: true, stream_options: { include_usage: true } },
      'quoted',
    )
    const { signed, merged } = digests(whole)
    expect(signed).toBe(merged)
    expect(digests(streamed)).toEqual({ signed, merged })
    for (const archive of [whole, streamed]) {
      const path = join(work, 'answer.cmw.json')
      writeFileSync(path, encodeArchive(archive))
      const { io, out } = recordIo(new Date())
      const trust = ['--policy', join(work, 'policy.json'), '--lock', join(work, 'lock.json')]
      expect(await verify.run([path, ...trust], io), out()).toBe(0)
      expect(out()).toMatch(/✓ output-digest/)
    }
  })
})
