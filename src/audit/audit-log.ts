/** One log from its first leaf to its newest checkpoint. @module */

import { decodeBase64Url } from '../core/encoding/base64.ts'
import { sameBytes } from '../core/encoding/bytes.ts'
import { decodeUtf8 } from '../core/encoding/utf8.ts'
import {
  decodeCheckpoint,
  decodeLogOrigin,
  decodeNote,
  type SignedCheckpoint,
  verifyCheckpoint,
} from '../core/log/index.ts'
import { failedCheck } from '../core/verdict.ts'
import { MalformedError } from '../errors.ts'
import { LOG_CHECK_NAMES, LOG_CHECKS, type LogCheck } from './checks.ts'
import type { AuditContext, ListedLog } from './context.ts'
import { type AuditCheck, Findings } from './findings.ts'
import { type Gathered, gather } from './gather.ts'
import type { Genesis } from './genesis.ts'
import { type HardwareResult, judgeHardware } from './hardware.ts'
import { hostOf, identityOf, idOf } from './identity.ts'
import { type AuditedHistory, judgeContinuation, judgeRecovered } from './previous.ts'
import { findCorruptLeaf } from './tiles.ts'
import type { Standing } from './walk.ts'
import type { WitnessedPlace } from './witnessed.ts'

/** What was found of one log. */
export interface LogAudit {
  readonly id: string
  readonly origin: string
  /** Leaves below the newest signed checkpoint; undefined when the log never published one. */
  readonly size: number | undefined
  readonly receipts: number
  readonly recovered: number
  /** 0x02 leaves, and records of evidence that are kept. */
  readonly quotes: number
  readonly records: number
  /** Quotes whose time witnesses prove. */
  readonly dated: number
  readonly epochs: number
  /** At the newest quote. */
  readonly quoted:
    | { readonly size: number; readonly receipts: number; readonly open: number; readonly iat: number }
    | undefined
  readonly witnessed: WitnessedPlace | undefined
  /** Of what the log before should have had and is not there to show. */
  readonly gap: string | undefined
  readonly checks: readonly AuditCheck[]
  readonly simulated: boolean
  readonly assumptions: readonly string[]
  readonly history: AuditedHistory | undefined
}

type LogFindings = Findings<LogCheck>

const RESTING_ON_LEAVES = [
  'genesis',
  'entry-types',
  'epochs',
  'quoted-roots',
  'sessions',
  'counts',
  'quote-leaves',
  'witnessed-roots',
  'recovered',
] as const

/** Of a log whose leaves are not those that it signed: later logs have nothing to be held against. */
const NO_TREE: Pick<AuditedHistory, 'roots' | 'quoted'> = { roots: new Map(), quoted: undefined }

const NO_HARDWARE: HardwareResult = { dated: 0, simulated: false, assumptions: [] }

/** Signed by the key that the origin certifies, which is the id under which the host lists the log. */
async function readCheckpoint(
  { reader, host, trust }: AuditContext,
  id: string,
  findings: LogFindings,
): Promise<SignedCheckpoint | undefined> {
  const octets = await reader.read(id, 'checkpoint')
  if (octets === undefined) return undefined
  const note = decodeUtf8(octets)
  const { origin } = decodeCheckpoint(decodeNote(note).text)
  const verdict = await verifyCheckpoint({ checkpoint: note, ...identityOf(origin) })
  if (!verdict.ok) throw new MalformedError(verdict.code, failedCheck(verdict.checks)?.detail ?? 'not verified')
  const { host: named, publicKey } = decodeLogOrigin(origin)
  const prefixes = typeof trust === 'string' ? 'unchecked' : trust.policy.origins
  const allowed = prefixes === 'unchecked' || prefixes.some((prefix) => origin.startsWith(prefix))
  if (!sameBytes(publicKey, decodeBase64Url(id)) || (host !== undefined && named !== host) || !allowed)
    throw new MalformedError('LOG_ORIGIN', `the checkpoint of ${id} is of ${origin}`)
  findings.pass('checkpoint', `${verdict.value.size} leaves`)
  return verdict.value
}

/** What was quoted or cosigned was signed: a host that shows it, and no checkpoint, holds that back. */
function refuseHeldBack(signed: readonly number[], findings: LogFindings): void {
  const index = signed.at(-1)
  if (index === undefined) return
  findings.fail('checkpoint', 'LOG_ROLLBACK', {
    detail: `a checkpoint of ${index} leaves is kept, and the newest one is not there`,
    index,
  })
}

/** A log that never signed a checkpoint claims nothing. */
function unpublished(
  { id, genesis }: ListedLog,
  before: ReadonlyMap<string, AuditedHistory>,
  findings: LogFindings,
): LogAudit {
  for (const name of LOG_CHECK_NAMES) findings.unchecked(name, 'this log never published a checkpoint')
  const history = { id, size: undefined, ...NO_TREE, before: historyBefore(genesis, before), continuedBy: undefined }
  return { ...NOTHING, id, origin: id, size: undefined, checks: findings.close(), history }
}

function historyBefore(
  genesis: Genesis | undefined,
  before: ReadonlyMap<string, AuditedHistory>,
): AuditedHistory | undefined {
  return genesis === undefined || genesis.previous.source === 'none'
    ? undefined
    : before.get(idOf(genesis.previous.origin))
}

const NOTHING = {
  receipts: 0,
  recovered: 0,
  quotes: 0,
  records: 0,
  dated: 0,
  epochs: 0,
  quoted: undefined,
  witnessed: undefined,
  gap: undefined,
  simulated: false,
  assumptions: [],
} as const

/** @param before audited logs by id: those that this one may continue */
export async function auditLog(
  context: AuditContext,
  listed: ListedLog,
  before: ReadonlyMap<string, AuditedHistory>,
): Promise<LogAudit> {
  const { id } = listed
  const findings: LogFindings = new Findings(id, LOG_CHECKS)
  // Listings before the checkpoint: whatever they name, a checkpoint that is read after them must hold.
  const sizes = await findings.attempt('evidence', () => context.reader.evidenceSizes(id))
  const witnessed = await findings.attempt('witnessed-roots', () => context.reader.witnessedSizes(id))
  const checkpoint = await findings.attempt('checkpoint', () => readCheckpoint(context, id, findings))
  if (checkpoint === undefined) {
    refuseHeldBack([...(sizes ?? []), ...(witnessed ?? [])], findings)
    if (!findings.failed('checkpoint')) return unpublished(listed, before, findings)
    return { ...NOTHING, id, origin: id, size: undefined, checks: findings.close(), history: undefined }
  }
  judgeGenesisRecord(listed, findings)
  const source = { checkpoint, sizes: { evidence: sizes ?? [], witnessed: witnessed ?? [] } }
  const gathered = await gather(context, { listed, ...source }, findings)
  await judgeRoot(context, { id, end: gathered.end, head: checkpoint }, findings)
  const sound = gathered.end !== undefined && !findings.failed('root')
  const gap = await judgePrevious(context, { listed, gathered, before }, findings)
  const hardware = await judgeQuotes(context, gathered, findings)
  const audit = summarise({ id, checkpoint, gathered, gap, hardware })
  const { roots, quoted } = sound ? gathered : NO_TREE
  const history = {
    id,
    size: checkpoint.size,
    roots,
    quoted,
    before: historyBefore(listed.genesis, before),
    continuedBy: undefined,
  }
  return { ...audit, checks: findings.close(), history }
}

function judgeGenesisRecord({ genesis, refusal }: ListedLog, findings: LogFindings): void {
  if (refusal !== undefined) findings.fail('genesis', refusal.failure, { detail: refusal.message, index: 0 })
  else if (genesis === undefined) findings.missing('genesis', 'the genesis record is not there')
}

async function judgeRoot(
  { reader }: AuditContext,
  { id, end, head }: { readonly id: string; readonly end: Standing | undefined; readonly head: SignedCheckpoint },
  findings: LogFindings,
): Promise<void> {
  if (end === undefined) return
  if (sameBytes(end.root, head.root)) {
    findings.pass('root')
    return
  }
  const index = await findCorruptLeaf({ reader, id }, head)
  const where = index === undefined ? 'the tree as a whole is another one' : `leaf ${index} is not the one of the tree`
  findings.fail('root', 'LOG_LEAF_CORRUPT', {
    detail: `the ${head.size} leaves do not lead to the root that the log signed: ${where}`,
    ...(index !== undefined && { index }),
  })
  // Damage on a disk is no fork: whatever was held against these leaves says nothing of what the log signed.
  findings.withdraw(RESTING_ON_LEAVES, 'the leaves are not those that the log signed')
}

interface Linked {
  readonly listed: ListedLog
  readonly gathered: Gathered
  readonly before: ReadonlyMap<string, AuditedHistory>
}

async function judgePrevious(
  { reader }: AuditContext,
  { listed: { id, genesis }, gathered, before }: Linked,
  findings: LogFindings,
): Promise<string | undefined> {
  if (genesis === undefined || gathered.end === undefined) return undefined
  const { previous } = genesis
  const found = gathered.end.leaves.recovered
  const due = previous.source === 'none' ? 0 : previous.recovered
  if (found !== due)
    findings.fail('recovered', 'LOG_INCLUSION', { detail: `genesis says ${due} recovered, and ${found} leaves are` })
  const lost = judgeMissing(previous.missing, before, findings)
  if (previous.source === 'none') {
    findings.pass('recovered', '0')
    findings.pass('previous', 'none: history begins here')
    return lost ?? (before.size === 0 ? undefined : 'it begins a history of its own, though older logs are there')
  }
  const history = before.get(idOf(previous.origin))
  if (hostOf(previous.origin) !== hostOf(gathered.origin))
    findings.fail('previous', 'LOG_ORIGIN', { detail: `genesis names ${previous.origin}, a log of another host` })
  const named = previous.checkpoint === '' ? 'none' : await findings.attempt('previous', () => readNamed(previous))
  if (named === undefined) return undefined
  const gap = judgeContinuation(
    { id, previous, named: named === 'none' ? undefined : named, before: history },
    findings,
  )
  if (history === undefined) findings.missing('recovered', 'the log before is not there to compare with')
  else
    await findings.attempt('recovered', () =>
      judgeRecovered(reader, { before: history, recovered: gathered.recovered }, findings),
    )
  return lost ?? gap
}

/** Logs that witnesses knew when this boot began, and that its store did not have. */
function judgeMissing(
  missing: readonly string[],
  before: ReadonlyMap<string, AuditedHistory>,
  findings: LogFindings,
): string | undefined {
  const gone = missing.filter((origin) => !before.has(idOf(origin)))
  if (gone.length === 0) return undefined
  const gap = `witnesses knew ${gone.join(', ')} when it began, and nothing of that is there`
  findings.missing('previous', gap)
  return gap
}

/** The checkpoint that genesis names: by the key that its origin certifies, and of that origin. */
async function readNamed({ origin, checkpoint }: { origin: string; checkpoint: string }): Promise<SignedCheckpoint> {
  const verdict = await verifyCheckpoint({ checkpoint, ...identityOf(origin) })
  if (verdict.ok) return verdict.value
  throw new MalformedError(
    verdict.code,
    `the checkpoint of the log before: ${failedCheck(verdict.checks)?.detail ?? ''}`,
  )
}

async function judgeQuotes(
  { trust }: AuditContext,
  { evidence, witnesses, end }: Gathered,
  findings: LogFindings,
): Promise<HardwareResult> {
  if (end === undefined) return NO_HARDWARE
  evidence.judgeLeaves()
  if (trust === 'unchecked') findings.unchecked('hardware', 'as you asked')
  else if (trust === 'missing')
    findings.missing('hardware', 'no policy was given: nothing says which hardware may vouch')
  else return judgeHardware(evidence, { trust, witnessed: witnesses.places }, findings)
  return NO_HARDWARE
}

interface Judged {
  readonly id: string
  readonly checkpoint: SignedCheckpoint
  readonly gathered: Gathered
  readonly gap: string | undefined
  readonly hardware: HardwareResult
}

function summarise({ id, checkpoint, gathered, gap, hardware }: Judged): Omit<LogAudit, 'checks' | 'history'> {
  const { end, evidence, witnesses, quoted } = gathered
  const newest = evidence.places.at(-1)
  return {
    id,
    origin: checkpoint.origin,
    size: checkpoint.size,
    receipts: end?.leaves.receipt ?? 0,
    recovered: end?.leaves.recovered ?? 0,
    quotes: end?.leaves.quote ?? 0,
    records: evidence.places.length,
    epochs: end?.leaves.epoch ?? 0,
    quoted:
      newest === undefined || quoted === undefined
        ? undefined
        : { size: newest.size, receipts: quoted.leaves.receipt, open: newest.open, iat: newest.iat },
    witnessed: witnesses.places.at(-1),
    gap,
    ...hardware,
  }
}
