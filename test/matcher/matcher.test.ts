/** The matcher for tests of one's own: three things to judge, and what `.not` may hold for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAttestedFetch, receiptOf } from '../../src/client/index.ts'
import type { ApprovalJudge } from '../../src/core/evidence/given-judges.ts'
import type { Lock } from '../../src/core/lock.ts'
import type { Policy } from '../../src/core/policy.ts'
import { attestation } from '../../src/matcher/index.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'

expect.extend(attestation)

let gateway: TestGateway
let lock: Lock
let policy: Policy
/** The same row with one register that differs. */
let otherLock: Lock
let folder: string
let answer: Response
let archive: Uint8Array

beforeAll(async () => {
  gateway = await startTestGateway()
  const { trust } = gateway
  if (trust.lock === undefined) throw new Error('a test gateway has a lock')
  lock = trust.lock
  policy = trust.policy
  otherLock = {
    ...lock,
    rows: lock.rows.flatMap((row) =>
      row.platform === 'snp' ? [{ ...row, measurements: { measurement: '5a'.repeat(48) } }] : [],
    ),
  }
  folder = mkdtempSync(join(tmpdir(), 'countersign-matcher-'))
  const fetch = createAttestedFetch({ policy, lock })
  answer = await fetch(`${gateway.base}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'countersign-demo-2m', messages: [{ role: 'user', content: 'hi' }], max_tokens: 4 }),
  })
  await answer.text()
  const { archive: octets } = await (await receiptOf(answer)).upgrade('quoted')
  if (octets === undefined) throw new Error('an upgraded receipt has an archive')
  archive = octets
})
afterAll(async () => {
  await gateway.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('toBeAttestedBy', () => {
  test('a gateway by its address', async () => {
    await expect(gateway.base).toBeAttestedBy(lock, { policy })
    await expect(new URL(gateway.base.replace(/\/v1$/, ''))).toBeAttestedBy(lock, { policy })
    await expect(gateway.base).not.toBeAttestedBy(otherLock, { policy })
  })

  test('an archive by its octets', async () => {
    await expect(archive).toBeAttestedBy(lock, { policy })
    await expect(archive).not.toBeAttestedBy(otherLock, { policy })
    const torn = archive.slice(0, -9)
    await expect(torn).not.toBeAttestedBy(lock, { policy })
  })

  test('an answer of an attested fetch, by the lock of the test and not that of the fetch', async () => {
    await expect(answer).toBeAttestedBy(lock, { policy })
    await expect(answer).not.toBeAttestedBy(otherLock, { policy })
  })

  test('by the paths of both files', async () => {
    const [lockFile, policyFile] = [join(folder, 'lock.json'), join(folder, 'policy.json')]
    writeFileSync(lockFile, gateway.lockText)
    writeFileSync(policyFile, gateway.policyText)
    await expect(archive).toBeAttestedBy(lockFile, { policy: policyFile })
  })

  test('without a policy the strict one holds, which takes no simulated evidence', async () => {
    await expect(archive).not.toBeAttestedBy(lock)
  })

  test('says the check, its code, and what to do', async () => {
    await expect(expect(archive).toBeAttestedBy(otherLock, { policy })).rejects.toThrow(
      /check evidence.snp.measurement: MEASUREMENT_MISMATCH: .*\nThe measured code is not one of those that are pinned\. .*countersign pin/,
    )
    await expect(expect(archive).not.toBeAttestedBy(lock, { policy })).rejects.toThrow(
      'expected it not to verify, and it does (simulated)',
    )
  })
})

describe('what nobody can judge fails in both directions', () => {
  const unreachable = 'http://127.0.0.1:9/v1'

  test('a gateway that cannot be reached', async () => {
    await expect(expect(unreachable).toBeAttestedBy(lock, { policy })).rejects.toMatchObject({ code: 'ERR_NETWORK' })
    await expect(expect(unreachable).not.toBeAttestedBy(lock, { policy })).rejects.toMatchObject({
      code: 'ERR_NETWORK',
    })
  })

  test.each([
    ['a page in place of evidence', '<!doctype html><title>Sign in</title>'],
    ['evidence that breaks off', '{"countersign'],
    ['nothing', ''],
  ])('an address that answers %s', async (_name, body) => {
    const server = createServer((_request, response) => void response.end(body))
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
    try {
      const url = `http://127.0.0.1:${address.port}`
      await expect(expect(url).toBeAttestedBy(lock, { policy })).rejects.toThrow('no attestation')
      await expect(expect(url).not.toBeAttestedBy(lock, { policy })).rejects.toThrow('no attestation')
    } finally {
      server.close()
    }
  })

  test('a check that lacks what it needs', async () => {
    const asking: Policy = {
      ...policy,
      lockApproval: { approvers: [{ issuer: 'https://issuer.example', identity: 'nobody' }] },
    }
    const told = 'lock-approval: CHECK_NOT_PERFORMED: nothing to judge it by was given\nA required check'
    await expect(expect(archive).toBeAttestedBy(lock, { policy: asking })).rejects.toThrow(told)
    await expect(expect(archive).not.toBeAttestedBy(lock, { policy: asking })).rejects.toThrow(told)
    const approval: ApprovalJudge = (check) => check.pass('lock-approval', 'given')
    await expect(archive).toBeAttestedBy(lock, { policy: asking, approval })
  })

  test.each<[string, string | Response]>([
    ['a response that no attested fetch gave', new Response('{}')],
    ['text that is no address', 'gw.example.com'],
  ])('%s', async (_name, received) => {
    await expect(expect(received).not.toBeAttestedBy(lock, { policy })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })

  test('a lock that cannot be read', async () => {
    const held = expect(archive).not.toBeAttestedBy(join(folder, 'none.json'), { policy })
    await expect(held).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})
