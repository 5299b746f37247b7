/** Where a decoder read what: for showing the structure of octets with offsets. Nothing that is judged depends on it. @module */
import { MalformedError } from '../../errors.ts'

/** How the octets of a read are to be shown. */
export type ReadKind = 'little-endian' | 'big-endian' | 'octets' | 'zeros'

/** One read, by the name that the decoder gives the field. */
export interface RecordedRead {
  readonly field: string
  /** From the first of the recorded octets, also where the decoder went on in a copy of a part. */
  readonly offset: number
  readonly length: number
  readonly kind: ReadKind
}

export interface Recording<T> {
  /** In the order of the decoder. After a fault the last one is where it stopped; the octets may end within it. */
  readonly reads: readonly RecordedRead[]
  readonly result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: MalformedError }
}

/** The reads of one cursor. */
export interface ReadTrack {
  read(field: string, at: number, { length, kind }: { length: number; kind: ReadKind }): void
  /** `copy` holds what stands at `at`: cursors over it go on with these offsets. */
  copied(copy: Uint8Array, at: number): void
}

class Recorder {
  readonly reads: RecordedRead[] = []
  readonly #starts: WeakMap<ArrayBufferLike, number> = new WeakMap()

  constructor(octets: Uint8Array) {
    this.#starts.set(octets.buffer, -octets.byteOffset)
  }

  track(octets: Uint8Array): ReadTrack | undefined {
    const start = this.#starts.get(octets.buffer)
    if (start === undefined) return undefined
    const base = start + octets.byteOffset
    return {
      read: (field, at, { length, kind }) => this.reads.push({ field, offset: base + at, length, kind }),
      copied: (copy, at) => this.#starts.set(copy.buffer, base + at - copy.byteOffset),
    }
  }
}

let active: Recorder | undefined

/** The track of a new cursor over `octets`; undefined unless {@link recordReads} runs and knows where they come from. */
export function trackReads(octets: Uint8Array): ReadTrack | undefined {
  return active?.track(octets)
}

/**
 * Runs a decoder, and records every read of it that goes back to `octets`. Decoders are synchronous, so that nothing else can run
 * meanwhile; a recording inside another is kept apart from it.
 */
export function recordReads<T>(octets: Uint8Array, decode: () => T): Recording<T> {
  const outer = active
  const recorder = new Recorder(octets)
  active = recorder
  try {
    return { result: { ok: true, value: decode() }, reads: recorder.reads }
  } catch (fault) {
    if (!(fault instanceof MalformedError)) throw fault
    return { result: { ok: false, fault }, reads: recorder.reads }
  } finally {
    active = outer
  }
}
