/**
 * How encrypted chunks follow each other. draft-ietf-ohai-chunked-ohttp sections 4 and 5.
 *
 * ```
 * length   1 or more, an integer of variable length
 * chunk    so many octets, the last 16 of them its tag
 * …
 * 0        says that the final chunk follows
 * chunk    up to the end of the message
 * ```
 * None of this is authenticated: an attacker chooses every length. What protects is that each chunk opens only at its place, and the
 * final one only as the final one.
 * @module
 */
import { MalformedError } from '../../errors.ts'
import { concatBytes } from '../encoding/bytes.ts'
import { Inflow, type Steps } from './inflow.ts'
import { encodeVarint, takeVarint } from './varint.ts'

/** Octets that encryption adds to a chunk, with each AEAD that HPKE knows. */
export const TAG_SIZE = 16
/** Octets of content in a chunk that everybody must be able to take (section 3). */
export const CHUNK_SIZE = 16_384

/** @param sealed of at least one octet of content */
export function frameChunk(sealed: Uint8Array): Uint8Array {
  return concatBytes(encodeVarint(sealed.length), sealed)
}

export function frameFinalChunk(sealed: Uint8Array): Uint8Array {
  return concatBytes(encodeVarint(0), sealed)
}

/** Content in pieces of at most {@link CHUNK_SIZE} octets; none for no content, as only a final chunk may be empty. */
export function splitContent(content: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < content.length; at += CHUNK_SIZE) pieces.push(content.subarray(at, at + CHUNK_SIZE))
  return pieces
}

/** Takes encrypted chunks apart in portions of any size. */
export class ChunkReader {
  readonly #inflow: Inflow = new Inflow('E2EE_TRUNCATED')
  readonly #steps: Steps<Uint8Array>
  #chunks: Uint8Array[] = []

  /** @param maxSize of one sealed chunk, in octets */
  constructor(maxSize: number) {
    this.#steps = this.#take(maxSize)
  }

  /**
   * Returns the chunks, all but the final one, that are whole now.
   * @throws MalformedError E2EE_FORMAT for a chunk that is too long, E2EE_DECRYPT for one without content
   */
  push(octets: Uint8Array): readonly Uint8Array[] {
    this.#inflow.add(octets)
    this.#chunks = []
    this.#steps.next()
    return this.#chunks
  }

  /** The final chunk: the message ended. @throws MalformedError E2EE_TRUNCATED where it ended earlier */
  finish(): Uint8Array {
    this.#inflow.end()
    const step = this.#steps.next()
    if (!step.done) throw new MalformedError('E2EE_TRUNCATED', 'the final chunk is missing')
    return step.value
  }

  *#take(maxSize: number): Steps<Uint8Array> {
    for (;;) {
      const length = yield* takeVarint(this.#inflow, 'length of a chunk', maxSize)
      if (length === 0) break
      // Section 6: what holds nothing is refused like what does not decrypt, or chunks could be put in that change nothing.
      if (length <= TAG_SIZE) throw new MalformedError('E2EE_DECRYPT', 'a chunk before the final one holds nothing')
      // Apart, as the list that it belongs to is that of the last push.
      const chunk = yield* this.#inflow.take('a chunk', length)
      this.#chunks.push(chunk)
    }
    const sealed = yield* this.#inflow.takeRest('the final chunk', maxSize)
    if (sealed.length < TAG_SIZE) throw new MalformedError('E2EE_TRUNCATED', 'ends within the final chunk')
    return sealed
  }
}
