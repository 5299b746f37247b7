/** How one boot's log continues that of the boot before: what its genesis names must be what is there. @module */
import { encodeHex, sameBytes } from '../core/encoding/bytes.ts'
import { ENTRY_TYPES, hashLeaf, type SignedCheckpoint } from '../core/log/index.ts'
import { MalformedError } from '../errors.ts'
import { readBundles } from './bundles.ts'
import type { LogCheck } from './checks.ts'
import type { Findings } from './findings.ts'
import { Frontier } from './frontier.ts'
import type { Previous } from './genesis.ts'
import type { LogReader } from './log-reader.ts'
import type { Standing } from './walk.ts'

/** What later logs are held against. */
export interface AuditedHistory {
  readonly id: string
  /** Leaves that its newest signed checkpoint covers; undefined when it never signed one. */
  readonly size: number | undefined
  /** Roots at the sizes that later logs name. */
  readonly roots: ReadonlyMap<number, Uint8Array>
  /** At the newest quoted checkpoint. */
  readonly quoted: Standing | undefined
  /** The log that its own genesis names. */
  readonly before: AuditedHistory | undefined
  /** The log that was found to continue it. */
  continuedBy: string | undefined
}

export interface Continuation {
  /** Of the log that is judged. */
  readonly id: string
  readonly previous: Exclude<Previous, { readonly source: 'none' }>
  /** The checkpoint that its genesis names; its signature is verified. None for a log that never signed one. */
  readonly named: SignedCheckpoint | undefined
  /** The log before; undefined when the host shows it no more. */
  readonly before: AuditedHistory | undefined
}

/** Why nothing is known of the time between two logs; undefined where there is no gap. */
export function judgeContinuation(
  { id, previous, named, before }: Continuation,
  findings: Findings<LogCheck>,
): string | undefined {
  const { origin } = previous
  if (before === undefined) {
    const gap = `the log before it, ${origin}${named === undefined ? '' : ` with ${named.size} leaves`}, is not there any more`
    findings.missing('previous', gap)
    return gap
  }
  const wrong = rollback({ id, previous, named, before }, before)
  if (wrong !== undefined)
    findings.fail('previous', 'STATE_ROLLBACK', { detail: wrong, ...(named && { index: named.size }) })
  before.continuedBy = id
  if (named === undefined) {
    findings.pass('previous', `${origin}, never signed`)
    return `${origin} never signed a checkpoint: what it names is the host's word`
  }
  const root = before.roots.get(named.size)
  if (root !== undefined)
    findings.that('previous', sameBytes(root, named.root), 'LOG_SPLIT_VIEW', {
      detail: `genesis names another tree of ${named.size} leaves than ${origin} shows`,
      index: named.size,
    })
  else if (wrong === undefined) findings.missing('previous', `what ${origin} shows is not what it signed`)
  findings.pass('previous', `${origin}, ${named.size} leaves`)
  return undefined
}

/** How a boot did not begin where the one before had ended. */
function rollback({ previous, named }: Continuation, { size, continuedBy }: AuditedHistory): string | undefined {
  const { origin } = previous
  const [due, seen] = [size ?? 0, named?.size ?? 0]
  if (seen > due) return `genesis names ${seen} leaves of ${origin}, and the log shows ${due}`
  if (seen < due) return `genesis names ${seen} leaves of ${origin}, which had ${due}: it was begun from an older copy`
  return continuedBy === undefined ? undefined : `${origin} is continued by ${continuedBy} already`
}

/** The nearest log that the hardware quoted: from it on receipts are carried over. */
function nearestQuoted(before: AuditedHistory): (AuditedHistory & { readonly quoted: Standing }) | undefined {
  const seen = new Set<AuditedHistory>()
  for (let at: AuditedHistory | undefined = before; at !== undefined && !seen.has(at); at = at.before) {
    seen.add(at)
    const { quoted } = at
    if (quoted !== undefined) return { ...at, quoted }
  }
  return undefined
}

/**
 * Passes unless a recovered leaf is a receipt that the log before had quoted: that would count one answer twice.
 * @param recovered digests of the 0x05 leaves, hex, with their indices
 */
export async function judgeRecovered(
  reader: LogReader,
  { before, recovered }: { readonly before: AuditedHistory; readonly recovered: ReadonlyMap<string, number> },
  findings: Findings<LogCheck>,
): Promise<void> {
  if (recovered.size === 0) {
    findings.pass('recovered', '0')
    return
  }
  const nearest = nearestQuoted(before)
  if (nearest === undefined) {
    findings.missing('recovered', 'no quoted checkpoint of the log before is there to compare with')
    return
  }
  const { id, quoted } = nearest
  const frontier = new Frontier()
  for await (const { entries } of readBundles(reader, id, quoted.size)) {
    for (const octets of entries) {
      frontier.append(hashLeaf(octets))
      // The walk has judged their form.
      const index = octets[0] === ENTRY_TYPES.receipt ? recovered.get(encodeHex(octets.subarray(1))) : undefined
      if (index === undefined) continue
      const detail = `recovered leaf ${index} is receipt ${frontier.size - 1} of the log before, which was quoted`
      findings.fail('recovered', 'EVIDENCE_REPLAY', { detail, index })
    }
  }
  // It was read anew: only the root says that these are the leaves of the walk.
  if (!sameBytes(frontier.root(), quoted.root))
    throw new MalformedError('LOG_LEAF_CORRUPT', `the leaves of ${id} changed while they were read`)
  findings.pass('recovered', `${recovered.size}, none of them quoted before`)
}
