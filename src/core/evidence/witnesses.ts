/**
 * The rule for `witnessed`, as far as it is about the quote. formats.md, The grade witnessed:
 * inclusion of the quote's own 0x02 leaf in a later checkpoint C2 of the same log key and origin, larger than the quoted one, consistency
 * from the quoted checkpoint to C2, and a quorum of cosignatures on C2.
 *
 * The leaf covers the quote with its signature: a cosignature on the quoted checkpoint alone would date the tree, and a quote made later
 * could be put over it. @module
 */

import type { Checkpoint, WitnessPolicy } from '../log/index.ts'
import { createEntry, verifyConsistency, verifyInclusion, verifyWitnessedCheckpoint } from '../log/index.ts'
import { judge, type Verdict } from '../verdict.ts'
import { quoteOctets } from './endorse.ts'
import type { EndorsedQuote } from './hardware.ts'

/** What an archive holds of witnesses: all of it is the host's until it is proven. */
export interface WitnessEvidence {
  readonly quote: EndorsedQuote
  /** C2SP tlog-proof of the quote's leaf; its checkpoint is C2. */
  readonly quoteProof: string
  /** Hashes from the quoted checkpoint to C2. */
  readonly consistency: readonly Uint8Array[]
}

/** The checkpoint that the quote commits to, and the log that it is of. */
export interface QuotedTree {
  readonly vkey: string
  readonly checkpoint: Checkpoint
}

export interface WitnessedQuote {
  /** Place of the quote's leaf. */
  readonly index: number
  /** Leaves of C2. */
  readonly size: number
  /** The signed text of C2. */
  readonly body: string
  /** The least time at which the quorum had cosigned. */
  readonly at: Date
  /** Names of the witnesses that cosigned, as policy has them. */
  readonly witnesses: readonly string[]
}

const CHECKS = ['quote', 'later'] as const

/** Judges that the quote was in the log when a quorum saw it. That the quote is genuine is judged elsewhere, at the time found here. */
export function judgeWitnessed(
  { quote, quoteProof, consistency }: WitnessEvidence,
  { vkey, checkpoint: quoted }: QuotedTree,
  policy: WitnessPolicy,
): Promise<Verdict<WitnessedQuote>> {
  return judge(CHECKS, async (check) => {
    const { origin } = quoted
    const entry = check.decode('quote', () => createEntry('quote', quoteOctets(quote)))
    const proven = check.include('quote-proof', await verifyInclusion({ proof: quoteProof, entry, vkey, origin }))
    const { index, size, body, note } = proven
    check.that('later', size > quoted.size, 'LOG_CONSISTENCY', {
      pass: `size ${size} after ${quoted.size}`,
      fail: `a checkpoint of size ${size} cannot hold the quote over one of size ${quoted.size}`,
    })
    check.include('consistency', await verifyConsistency(quoted, proven.checkpoint, consistency))
    const cosigned = await verifyWitnessedCheckpoint({ checkpoint: note, vkey, origin }, policy)
    const { time, witnesses } = check.include('cosignatures', cosigned)
    return { index, size, body, at: time, witnesses }
  })
}
