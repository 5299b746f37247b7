/** Runs `countersign ci` over files in a folder of its own. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Io } from '../../src/cli/command.ts'
import { command } from '../../src/cli/commands/ci.ts'
import { trialPolicy } from '../../src/cli/trial-policy.ts'
import { encodeLock, type Lock, type LockRow } from '../../src/core/lock.ts'
import type { Measurements } from '../../src/core/measurement/measurements.ts'
import { encodePublished } from '../../src/core/measurement/published.ts'
import { ISSUER } from '../kit/sigstore.ts'

type Json = Readonly<Record<string, unknown>>

export const APPROVER = 'https://github.com/example/approvals/.github/workflows/approve.yml@refs/heads/main'
export const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
export const snp = (letter: string): Measurements => ({
  platform: 'snp',
  measurements: { measurement: letter.repeat(96) },
})

/** A row of the lock; what is not given is the same in all. */
export function row(letter: string, more: Partial<Omit<LockRow, 'platform' | 'measurements'>> = {}): LockRow {
  return {
    ...snp(letter),
    shape: `qemu, shape ${letter}`,
    status: 'active',
    notAfter: 'none',
    config: digest('c'),
    models: [{ name: 'llama', digest: digest('d') }],
    provenance: 'none',
    ...more,
  }
}

export function lockOf(...rows: readonly LockRow[]): Lock {
  return { version: 1, revision: 1, minimumPolicyRevision: 1, rows }
}

/** One line, as `countersign measure … --lock-row` prints it. */
export function measuredLine(letter: string, changes: Json = {}): string {
  const { platform, measurements, shape, config, models } = row(letter)
  const measured = {
    config,
    measurements,
    models,
    notAfter: 'none',
    platform,
    provenance: 'none',
    shape,
    status: 'next',
  }
  return `${JSON.stringify({ ...measured, ...changes })}\n`
}

export function releaseOf(...letters: readonly string[]): Buffer {
  const images = letters.map((letter) => ({
    ...snp(letter),
    name: 'gateway.efi',
    digest: digest('e'),
    shape: `shape ${letter}`,
  }))
  const source = { repository: 'https://github.com/example/gateway', commit: 'ab'.repeat(20) }
  return Buffer.from(encodePublished({ version: 1, release: 'v1', source, images }))
}

/** What a builder or an approver signs about `octets`. */
export function statementOn(octets: Uint8Array, predicateType: string, predicate: Json = {}): Uint8Array {
  const sha256 = createHash('sha256').update(octets).digest('hex')
  const subject = [{ name: 'file', digest: { sha256 } }]
  return Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate }))
}

export const SLSA = 'https://slsa.dev/provenance/v1'
export const SUMMARY = 'https://slsa.dev/verification_summary/v1'

export interface Outcome {
  readonly exit: number
  readonly out: string
}

export interface Bench {
  file(name: string, content: string | Uint8Array): string
  read(name: string): string
  path(name: string): string
  /** With the policy and the lock of this folder. */
  run(...args: readonly string[]): Promise<Outcome>
  /** As it stands. */
  runBare(...args: readonly string[]): Promise<Outcome>
  close(): void
}

/** @param policy members that differ from those of a trial on a simulated TEE */
export function createBench(lock: Lock, policy: Json = {}): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-ci-'))
  const path = (name: string): string => join(folder, name)
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(path(name), content)
    return path(name)
  }
  const references = { rootFingerprint: digest('f'), measurement: 'a'.repeat(96), config: digest('c'), models: [] }
  const text = trialPolicy({ ...references, host: 'gw.example.com' })
  file('policy.json', JSON.stringify({ ...JSON.parse(text), ...policy }))
  file('lock.json', encodeLock(lock))
  const runBare = async (...args: readonly string[]): Promise<Outcome> => {
    let out = ''
    const io: Io = {
      out: (written) => {
        out += written
      },
      err: () => undefined,
      colour: false,
      progress: false,
      env: {},
      now: () => new Date('2026-11-21T12:00:00Z'),
    }
    return { exit: await command.run(args, io), out }
  }
  return {
    file,
    path,
    read: (name) => readFileSync(path(name), 'utf8'),
    run: (...args) => runBare('--policy', path('policy.json'), '--lock', path('lock.json'), ...args),
    runBare,
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Policy that asks for an approval by {@link APPROVER}. */
export const APPROVAL_DUE = { lockApproval: { approvers: [{ issuer: ISSUER, identity: APPROVER }] } }
