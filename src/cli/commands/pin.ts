/** `countersign pin`: writes the lock file from evidence that passed, and moves it on. @module */
import { parseArgs } from 'node:util'
import { diffLocks, extendLock, revokeRow, rotateLock } from '../../core/lock/index.ts'
import type { Lock, LockedModel, LockRow } from '../../core/lock.ts'
import type { Policy } from '../../core/policy.ts'
import { MalformedError } from '../../errors.ts'
import { type BuilderTrust, type BuilderValues, readBuilder } from '../ci/builder.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { LOCK_FILE, readInput, readPolicyFile, readRevocations } from '../files.ts'
import { renderVerdict } from '../output.ts'
import { judgeSource, rowOf } from '../pin/live-row.ts'
import { type LockFile, openExistingLock, openLockFile, writeLockFile } from '../pin/lock-file.ts'
import { decodeMeasuredRows } from '../pin/measured-rows.ts'
import { PROVENANCE_OPTIONS, proveRows } from '../pin/proven-rows.ts'
import { renderDiff, renderRow } from '../pin/render.ts'
import { REVOCATION_OPTIONS, type RevocationValues } from '../revocations/given.ts'

const HELP = `countersign pin URL|ARCHIVE [options]
countersign pin --measured FILE [options]
countersign pin diff A B [--json]
countersign pin rotate --to next [--keep-until TIME] [--lock FILE]
countersign pin revoke ROW [--lock FILE]

Writes the lock file (reference values). The first form pins what a gateway shows of itself: every check that policy asks for must pass,
else nothing is written. A row is measurement, configuration and models together; what you pin is what you saw, so look at it.

  --policy FILE      what to demand (default: countersign.policy.json here)
  --lock FILE        the lock to write (default: countersign.lock.json here)
  --shape TEXT       which machine launches so, for people (default: -)
  --status STATUS    active or next (default: active in a new lock, else next)
  --model NAME=none  a model that the gateway serves and nobody measured; may be repeated
  --measured FILE    rows of countersign measure … --lock-row instead, one a line, or a release's measurements.json; their status is next
  --config DIGEST    with a measurements.json: the configuration, and with --model NAME=DIGEST each model, that its images run with
  --revocations FILE the list that policy asks for, as it was published
  --revocations-at-least N
                     refuse a list of a lower number than N

Who built it; all of these together. Every row has to be in the list, which the bundle has to be about; the list says its shape:
  --provenance BUNDLE  Sigstore bundle over the release's measurements
  --measurements FILE  measurements.json of the release
  --trusted-root FILE  trusted_root.json of Sigstore: whose signatures count
  --issuer URL         of the builder's identity
  --identity TEXT      of the builder, whole: for example the address of a workflow with its ref

  diff               what differs between two locks; exit code 1 where something does
  rotate             rows that are next become active; those that were are revoked, or with --keep-until count until that time
  revoke             never trust a row again; ROW is its id, as diff and pin show it

Exit codes: 0 written, or no difference; 1 not verified, or a difference; 2 usage; 3 a required check could not be performed.

Example: countersign pin https://gw.example.com --status next --shape "c3d-standard-8"
Example: countersign pin --measured rows --provenance bundle.json --measurements measurements.json --trusted-root trusted_root.json \\
  --issuer https://token.actions.githubusercontent.com \\
  --identity https://github.com/example/gateway/.github/workflows/release.yml@refs/tags/v1.2.3
`

const OPTIONS = {
  policy: { type: 'string' },
  lock: { type: 'string', default: LOCK_FILE },
  shape: { type: 'string' },
  status: { type: 'string' },
  model: { type: 'string', multiple: true },
  measured: { type: 'string' },
  config: { type: 'string' },
  ...REVOCATION_OPTIONS,
  ...PROVENANCE_OPTIONS,
  to: { type: 'string' },
  'keep-until': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

interface Given extends RevocationValues, BuilderValues {
  readonly policy?: string | undefined
  readonly lock: string
  readonly shape?: string | undefined
  readonly status?: string | undefined
  readonly model?: readonly string[] | undefined
  readonly measured?: string | undefined
  readonly config?: string | undefined
  readonly to?: string | undefined
  readonly 'keep-until'?: string | undefined
  readonly json: boolean
}

type Verb = (operands: readonly string[], given: Given, io: Io) => Promise<ExitCode>

const VERBS: Readonly<Record<string, Verb>> = { diff, rotate, revoke }

async function diff(operands: readonly string[], { json }: Given, io: Io): Promise<ExitCode> {
  const [a, b, ...more] = operands
  if (a === undefined || b === undefined || more.length > 0)
    throw new UsageError(
      'two locks are compared',
      'For example: countersign pin diff old.lock.json countersign.lock.json',
    )
  const difference = diffLocks((await openExistingLock(a)).lock, (await openExistingLock(b)).lock)
  io.out(json ? `${JSON.stringify(difference, undefined, 2)}\n` : renderDiff(difference, io.colour))
  return difference.rows.length + difference.members.length === 0 ? EXIT_OK : EXIT_NOT_VERIFIED
}

async function write(file: LockFile, before: Lock, after: Lock, io: Io): Promise<ExitCode> {
  await writeLockFile(file, after)
  io.out(renderDiff(diffLocks(before, after), io.colour))
  io.err(`${file.path}: revision ${after.revision}\n`)
  return EXIT_OK
}

async function rotate(operands: readonly string[], given: Given, io: Io): Promise<ExitCode> {
  if (operands.length > 0 || given.to !== 'next')
    throw new UsageError('a rotation goes to the rows that are next', 'Write: countersign pin rotate --to next')
  const until = given['keep-until']
  const keepUntil = until === undefined ? undefined : new Date(until)
  if (keepUntil !== undefined && Number.isNaN(keepUntil.getTime()))
    throw new UsageError('--keep-until is not a time', 'Write it like 2026-11-21T12:00:00Z.')
  const file = await openExistingLock(given.lock)
  return write(file, file.lock, rotateLock(file.lock, { at: io.now(), keepUntil }), io)
}

async function revoke(operands: readonly string[], given: Given, io: Io): Promise<ExitCode> {
  const [id, ...more] = operands
  if (id === undefined || more.length > 0)
    throw new UsageError('one row is revoked at a time', 'Give its id, as countersign pin diff shows it.')
  const file = await openExistingLock(given.lock)
  return write(file, file.lock, revokeRow(file.lock, id, io.now()), io)
}

function statusOf(text: string | undefined, lock: Lock | undefined): 'active' | 'next' {
  if (text === undefined) return lock === undefined ? 'active' : 'next'
  if (text === 'active' || text === 'next') return text
  throw new UsageError('--status is active or next', 'Rows are revoked with countersign pin revoke.')
}

function modelOf(text: string): LockedModel {
  const name = /^(.+)=none$/.exec(text)?.[1]
  if (name === undefined)
    throw new UsageError(
      '--model names a model that nobody measured',
      'Write NAME=none; measured ones are in the evidence.',
    )
  return { name, digest: 'none' }
}

/** What a gateway shows of itself, as rows, or the exit code of why there are none. */
async function liveRows(
  source: string,
  { policy, status, given, io }: { policy: Policy; status: 'active' | 'next'; given: Given; io: Io },
): Promise<readonly LockRow[] | ExitCode> {
  if (given.config !== undefined)
    throw new UsageError('--config goes with a measurements.json', 'A gateway shows its configuration itself.')
  const revocations = await readRevocations(policy, given, io)
  const { attestation, more } = await judgeSource(source, { policy, revocations }, io)
  for (const verdict of [attestation, ...more]) {
    if (verdict.ok) continue
    io.out(renderVerdict(verdict, { colour: io.colour, result: '', explain: false }))
    io.err('nothing is pinned: only evidence that passes makes a row\n')
    return verdict.code === 'CHECK_NOT_PERFORMED' ? EXIT_NOT_PERFORMED : EXIT_NOT_VERIFIED
  }
  if (!attestation.ok) throw new TypeError('unreachable: it was just judged')
  const words = { shape: given.shape ?? '-', status, models: (given.model ?? []).map(modelOf) }
  return [rowOf(attestation.value, words, attestation.simulated)]
}

/** What is calculated was never judged: what only a judgement can take is refused, not passed over. */
async function measuredRows(file: string, given: Given): Promise<readonly LockRow[]> {
  const { status, shape, revocations, config, model } = given
  if ([status, shape, revocations].some((value) => value !== undefined))
    throw new UsageError(
      '--status, --shape and --revocations go with a gateway',
      'Rows that were calculated are next, and say their shape.',
    )
  return decodeMeasuredRows(await readInput(file), { config, model })
}

/** Rows whose provenance was proven, where it was asked for; the exit code of why there are none. */
async function provenRows(
  rows: readonly LockRow[] | ExitCode,
  builder: BuilderTrust | undefined,
  io: Io,
): Promise<readonly LockRow[] | ExitCode> {
  if (typeof rows === 'number' || builder === undefined) return rows
  return (await proveRows(rows, builder, io)) ?? EXIT_NOT_VERIFIED
}

/** @throws UsageError where the release says the shape already */
async function readPinBuilder({ shape, ...given }: Given): Promise<BuilderTrust | undefined> {
  if (given['trusted-root'] !== undefined && given.provenance === undefined)
    throw new UsageError('--trusted-root goes with --provenance', 'Give the bundle too, or leave it out.')
  const builder = await readBuilder(given)
  if (builder !== undefined && shape !== undefined)
    throw new UsageError('--shape is in the measurements that the bundle is about', 'Leave it out.')
  return builder
}

async function pin(operands: readonly string[], given: Given, io: Io): Promise<ExitCode> {
  const [source, ...more] = operands
  if ((source === undefined) === (given.measured === undefined) || more.length > 0)
    throw new UsageError('one source is pinned', 'Give the address of a gateway, an archive, or --measured FILE.')
  const policy = await readPolicyFile(given.policy)
  const file = await openLockFile(given.lock)
  const status = statusOf(given.status, file.lock)
  const before = file.lock ?? { version: 1, revision: 0, minimumPolicyRevision: policy.revision, rows: [] }
  if (policy.revision < before.minimumPolicyRevision)
    throw new MalformedError(
      'POLICY_ROLLBACK',
      `policy ${policy.revision}, the lock asks for ${before.minimumPolicyRevision}`,
    )
  const builder = await readPinBuilder(given)
  const found =
    source === undefined
      ? await measuredRows(given.measured ?? '', given)
      : await liveRows(source, { policy, status, given, io })
  const rows = await provenRows(found, builder, io)
  if (typeof rows === 'number') return rows
  const after = extendLock(before, rows, io.now())
  await writeLockFile(file, after)
  for (const row of rows) io.out(renderRow(row))
  io.err(`${file.path}: revision ${after.revision}\n`)
  return EXIT_OK
}

export const command: Command = {
  summary: 'write the lock file from evidence that passed; compare, rotate and revoke its rows',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [first = '', ...rest] = positionals
    const verb = Object.hasOwn(VERBS, first) ? VERBS[first] : undefined
    return verb === undefined ? pin(positionals, values, io) : verb(rest, values, io)
  },
}
