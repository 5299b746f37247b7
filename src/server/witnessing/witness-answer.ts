/** What a witness's answers mean. It may lie: its cosignature counts only if it verifies over our checkpoint and is dated about now. @module */
import { sameBytes } from '../../core/encoding/bytes.ts'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import {
  type Cosignature,
  decodeNote,
  encodeNote,
  type SignedCheckpoint,
  verifyCosignatures,
  type WitnessKey,
} from '../../core/log/index.ts'
import { MalformedError } from '../../errors.ts'
import type { WitnessReply } from './connection.ts'
import { WitnessFailure } from './witness-failure.ts'

/** Seconds that the clock of a witness may be apart from ours: what a verifier allows between T and a statement too. */
export const WITNESS_CLOCK_SKEW = 300
const SIZE_LINE = /^(0|[1-9][0-9]{0,15})\n$/

/** A cosignature that verified. */
export interface HeldCosignature {
  readonly cosignature: Cosignature
  /** Its one signature line, with its line feed. */
  readonly line: string
}

/** The size that the witness is at, from an answer 409; undefined when it says none. */
export function conflictSize({ mediaType, octets }: WitnessReply): number | undefined {
  if (mediaType !== 'text/x.tlog.size') return undefined
  const [, digits] = SIZE_LINE.exec(textOf(octets)) ?? []
  const size = Number(digits)
  return Number.isSafeInteger(size) ? size : undefined
}

/**
 * The cosignature of `key` among the lines of an answer. Lines of other keys are passed over, as the protocol asks.
 * @throws WitnessFailure bad-cosignature, bad-time
 */
export async function readCosignature(
  { octets }: WitnessReply,
  { note }: SignedCheckpoint,
  { key, now }: { readonly key: WitnessKey; readonly now: Date },
): Promise<HeldCosignature> {
  const held = await cosignatureOf(note + textOf(octets), key)
  if (held === undefined) throw new WitnessFailure('bad-cosignature')
  const apart = Math.abs(held.cosignature.timestamp - now.getTime() / 1000)
  if (apart > WITNESS_CLOCK_SKEW) throw new WitnessFailure('bad-time')
  return held
}

/** The one cosignature of `key` on a note; undefined without one, with two, or with one that does not verify. */
export async function cosignatureOf(text: string, key: WitnessKey): Promise<HeldCosignature | undefined> {
  try {
    const note = decodeNote(text)
    const own = note.signatures.filter(({ name, keyId }) => name === key.name && sameBytes(keyId, key.id))
    const [cosignature, ...more] = await verifyCosignatures({ text: note.text, signatures: own }, [key])
    if (cosignature === undefined || more.length > 0) return undefined
    const line = encodeNote({ text: note.text, signatures: own }).slice(note.text.length + 1)
    return { cosignature, line }
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

function textOf(octets: Uint8Array): string {
  try {
    return decodeUtf8(octets)
  } catch (cause) {
    throw new WitnessFailure('protocol', { cause })
  }
}
