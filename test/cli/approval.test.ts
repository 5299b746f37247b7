/** A lock's approval, as commands that verify are given it. */
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readApproval } from '../../src/cli/approval.ts'
import { readTrust } from '../../src/cli/files.ts'
import { trialLock, trialPolicy } from '../../src/cli/trial-policy.ts'
import { checkPolicy } from '../../src/core/evidence/attestation.ts'
import type { Trust } from '../../src/core/evidence/given-judges.ts'
import { judge } from '../../src/core/verdict.ts'
import { createSigstore, IDENTITY, ISSUER } from '../kit/sigstore.ts'

const folder = await mkdtemp(join(tmpdir(), 'countersign-approval-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const at = (name: string): string => join(folder, name)

const REFERENCES = {
  rootFingerprint: `sha256:${'01'.repeat(32)}`,
  measurement: '02'.repeat(48),
  config: `sha256:${'03'.repeat(32)}`,
  models: [{ name: 'demo', digest: `sha256:${'04'.repeat(32)}` }],
  host: 'gw.example.com',
}
const LOCK = trialLock(REFERENCES)
const SIGSTORE = await createSigstore()
const policy = {
  ...JSON.parse(trialPolicy(REFERENCES)),
  lockApproval: { approvers: [{ issuer: ISSUER, identity: IDENTITY }] },
}

async function approvalOf(lock: string): Promise<string> {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'countersign.lock.json', digest: { sha256: createHash('sha256').update(lock).digest('hex') } }],
    predicateType: 'https://slsa.dev/verification_summary/v1',
    predicate: { verificationResult: 'PASSED' },
  }
  return JSON.stringify(await SIGSTORE.sign({ payload: Buffer.from(JSON.stringify(statement)) }))
}

await writeFile(at('policy.json'), JSON.stringify(policy))
await writeFile(at('unasked.json'), trialPolicy(REFERENCES))
await writeFile(at('lock.json'), LOCK)
await writeFile(at('beside.json'), LOCK)
await writeFile(at('beside.json.sigstore.json'), await approvalOf(LOCK))
await writeFile(at('other.sigstore.json'), await approvalOf(`${LOCK} `))
await writeFile(at('root.json'), SIGSTORE.trustedRoot)

/** How the check ends for commands that read their trust so. */
async function ends(given: {
  readonly lock: string
  readonly approval?: string
  readonly root?: string
}): Promise<string> {
  const trust: Trust = await readTrust(
    {
      policy: at('policy.json'),
      lock: at(given.lock),
      approval: given.approval && at(given.approval),
      'trusted-root': given.root && at(given.root),
    },
    { now: () => new Date('2026-11-21T00:00:00Z') },
  )
  const verdict = await judge(['policy-revision', 'lock-approval'], async (check): Promise<object> => {
    checkPolicy(check, trust)
    return {}
  })
  const made = verdict.checks.find(({ name }) => name === 'lock-approval')
  return `${made?.status} ${made?.code ?? made?.detail}`
}

describe("a lock's approval", () => {
  it('passes beside the lock, and where it is named', async () => {
    expect(await ends({ lock: 'beside.json', root: 'root.json' })).toBe(`pass ${IDENTITY}`)
    expect(await ends({ lock: 'lock.json', approval: 'beside.json.sigstore.json', root: 'root.json' })).toMatch(/^pass/)
  })

  it.each([
    ['no bundle', { lock: 'lock.json', root: 'root.json' }, /^not-performed .*--approval FILE/],
    ['no root to judge it by', { lock: 'beside.json' }, /^not-performed .*--trusted-root FILE/],
    [
      'one of another lock',
      { lock: 'lock.json', approval: 'other.sigstore.json', root: 'root.json' },
      /^fail PROVENANCE_DIGEST/,
    ],
  ])('does not pass with %s', async (_name, given, due) => {
    expect(await ends(given)).toMatch(due)
  })

  it('is refused where policy names nobody who may approve', async () => {
    const { policy: unasked } = await readTrust(
      { policy: at('unasked.json'), lock: at('lock.json') },
      { now: () => new Date() },
    )
    const asked = readApproval({ policy: unasked, lock: at('lock.json') }, { approval: at('other.sigstore.json') })
    await expect(asked).rejects.toThrow(/policy names nobody/)
  })
})
