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
  /** Leaves that its newest signed checkpoint covers. */
  readonly size: number
  /** Roots at the sizes that later logs name. */
  readonly roots: ReadonlyMap<number, Uint8Array>
  /** At the newest quoted checkpoint. */
  readonly quoted: Standing | undefined
  /** The log that was found to continue it. */
  continuedBy: string | undefined
}

export interface Continuation {
  /** Of the log that is judged. */
  readonly id: string
  readonly previous: Exclude<Previous, { readonly source: 'none' }>
  /** The checkpoint that its genesis names; its signature is verified. */
  readonly named: SignedCheckpoint
  /** The log before; undefined when the host shows it no more. */
  readonly before: AuditedHistory | undefined
}

/** Why nothing is known of the time between two logs; undefined where there is no gap. */
export function judgeContinuation(
  { id, named, before }: Continuation,
  findings: Findings<LogCheck>,
): string | undefined {
  const { origin, size } = named
  if (before === undefined) {
    const gap = `the log before it, ${origin} with ${size} leaves, is not there any more`
    findings.missing('previous', gap)
    return gap
  }
  const root = before.roots.get(size)
  const wrong =
    size > before.size
      ? `genesis names ${size} leaves of ${origin}, and the log shows ${before.size}`
      : size < before.size
        ? `genesis names ${size} leaves of ${origin}, which had ${before.size}: it was begun from an older copy`
        : before.continuedBy !== undefined
          ? `${origin} is continued by ${before.continuedBy} already`
          : undefined
  if (wrong !== undefined) findings.fail('previous', 'STATE_ROLLBACK', { detail: wrong, index: size })
  else if (root === undefined) findings.missing('previous', `what ${origin} shows is not what it signed`)
  else
    findings.that('previous', sameBytes(root, named.root), 'LOG_SPLIT_VIEW', {
      detail: `genesis names another tree of ${size} leaves than ${origin} shows`,
      index: size,
    })
  before.continuedBy = id
  findings.pass('previous', `${origin}, ${size} leaves`)
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
  const { quoted } = before
  if (recovered.size === 0) {
    findings.pass('recovered', '0')
    return
  }
  if (quoted === undefined) {
    findings.missing('recovered', 'no quoted checkpoint of the log before is there to compare with')
    return
  }
  const frontier = new Frontier()
  for await (const { entries } of readBundles(reader, before.id, quoted.size)) {
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
    throw new MalformedError('LOG_LEAF_CORRUPT', `the leaves of ${before.id} changed while they were read`)
  findings.pass('recovered', `${recovered.size}, none of them quoted before`)
}
