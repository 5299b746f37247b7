/**
 * Check `output-digest`: that the answer held says what the receipt says it came to. Not part of the receipt's own verdict: the octets
 * themselves are needed, and are held where an answer is judged afterwards. docs/formats.md, Merged output. @module
 */
import { MalformedError } from '../../errors.ts'
import type { Checker } from '../verdict.ts'
import type { Octets } from './disclosed.ts'
import { digestOutput } from './merged-octets.ts'

/** @param signed the `response` disclosure; undefined where it is withheld */
export function checkOutput(
  check: Checker<'output-digest'>,
  signed: Octets | undefined,
  held: Uint8Array | 'not-held',
): void {
  if (signed === undefined) check.unchecked('output-digest', 'disclosure withheld')
  else if (signed.output_digest === undefined)
    check.unchecked(
      'output-digest',
      'the receipt names none: no chat or completion, not complete, or without merged form',
    )
  else if (held === 'not-held') check.unchecked('output-digest', 'octets not held')
  else {
    const merged = mergeHeld(held, signed.media_type)
    check.that('output-digest', merged === signed.output_digest, 'RESPONSE_DIGEST_MISMATCH', {
      pass: merged,
      fail: `signed ${signed.output_digest}, the answer held comes to ${merged}`,
    })
  }
}

/** The digest, or why there is none: a gateway that signed one then read the answer otherwise than it is. */
function mergeHeld(held: Uint8Array, mediaType: string): string {
  try {
    return digestOutput(held, mediaType)
  } catch (error) {
    if (error instanceof MalformedError) return `none: ${error.message}`
    throw error
  }
}
