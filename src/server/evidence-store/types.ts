/** What is kept of a quoted checkpoint, and what comes back. @module */
import type { EndorsedQuote } from '../../core/evidence/hardware.ts'

/** Evidence as it was captured when its quote verified; all octets verbatim. */
export interface CapturedEvidence {
  readonly session: Uint8Array
  readonly statement: Uint8Array
  readonly quote: EndorsedQuote
  /** The quoted checkpoint; its body is the statement's, octet by octet. */
  readonly checkpoint: { readonly size: number; readonly note: string }
}

/** Where a quoted checkpoint stands in history. Kept in memory, a few words for each. */
export interface EvidencePlace {
  /** Of the quoted checkpoint. */
  readonly size: number
  /** `sha256:` of the session's octets. */
  readonly session: string
  /** Of the statement, seconds. */
  readonly iat: number
  readonly exp: number
  /** Leaf of the quote itself; undefined when it was never appended. */
  readonly quoteIndex: number | undefined
}

/** Evidence that covers a leaf. What comes from the store is the host's: whoever gets it judges it. */
export interface CoveringEvidence extends CapturedEvidence {
  readonly place: EvidencePlace
  /** The least cosigned checkpoint that holds the quote's leaf, with its cosignatures. */
  readonly witnessed: WitnessedNote | undefined
}

export interface WitnessedNote {
  readonly size: number
  readonly note: string
}

/** Which of several is wanted. */
export interface CoveringWish {
  /** `witnessed`: one whose quote a cosigned checkpoint holds, where there is one. `quoted`: one in force, where there is one. */
  readonly grade: 'quoted' | 'witnessed'
  readonly nowSeconds: number
}
