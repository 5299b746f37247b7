/** Commands that ask a live gateway, of one that ends TLS itself: its certificate is its own, as in the examples of the images. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command as ci } from '../../src/cli/commands/ci.ts'
import { command as pin } from '../../src/cli/commands/pin.ts'
import { command as verify } from '../../src/cli/commands/verify.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { rejectionOf } from '../kit/rejection-of.ts'
import { runCommand } from './run-command.ts'

let gateway: TestGateway
let folder: string
beforeAll(async () => {
  gateway = await startTestGateway({ tls: 'self-signed' })
  folder = mkdtempSync(join(tmpdir(), 'countersign-self-signed-'))
  writeFileSync(join(folder, 'policy.json'), gateway.policyText)
  writeFileSync(join(folder, 'lock.json'), gateway.lockText)
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await gateway.close()
})

const trust = (lock = 'lock.json'): readonly string[] => [
  ...['--policy', join(folder, 'policy.json')],
  ...['--lock', join(folder, lock)],
]

describe('a gateway with a certificate of its own', () => {
  it('is at an https address, for which no authority vouches', async () => {
    expect(gateway.base).toMatch(/^https:/)
    await expect(fetch(`${gateway.base}/models`)).rejects.toThrow('fetch failed')
  })

  it('is verified', async () => {
    const { exit, out } = await runCommand(verify, [gateway.base, ...trust()])
    expect([exit, out]).toEqual([0, expect.stringContaining('newer than a nonce of yours')])
  })

  it('is pinned', async () => {
    expect((await runCommand(pin, [gateway.base, ...trust('new.lock.json')])).exit).toBe(0)
  })

  it('is compared with its lock', async () => {
    const { exit, out } = await runCommand(ci, ['--gateway', gateway.base, ...trust()])
    expect([exit, out]).toEqual([0, expect.stringContaining('newer than a nonce of this run')])
  })

  it('still cannot be reached where nobody answers', async () => {
    const nobody = await rejectionOf(runCommand(verify, ['https://127.0.0.1:1', ...trust()]))
    expect(nobody).toMatchObject({ code: 'ERR_NETWORK' })
  })
})
