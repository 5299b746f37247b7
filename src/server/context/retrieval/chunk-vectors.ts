/**
 * The vectors of a collection's chunks, had from the model server with the first search that needs them.
 *
 * Not at boot: a model server may come up after the gateway, and one that never does must not keep it from starting. So there is one
 * occasion for it, which comes again with the next search where it failed. The work belongs to no request: one that gives up, or has waited
 * long enough, leaves it running for those that follow. Nothing of it is kept beyond the process.
 * @module
 */
import { CountersignError } from '../../../errors.ts'
import { type Chunk, type UnitVector, Vectors } from '../../../retrieval/index.ts'

export type Embed = (texts: readonly string[], signal: AbortSignal) => Promise<readonly UnitVector[]>

/** Of one request to the model server. Common ones take 32 texts at once. */
const BATCH_TEXTS = 32
/** UTF-16 units. The first text of a batch is always taken. */
const BATCH_UNITS = 64 << 10
const BATCH_MS = 60_000

export class ChunkVectors {
  readonly #chunks: readonly Chunk[]
  readonly #embed: Embed
  readonly #end = new AbortController()
  #vectors: Vectors
  #filling: Promise<Vectors> | undefined

  constructor(chunks: readonly Chunk[], embed: Embed) {
    this.#chunks = chunks
    this.#embed = embed
    this.#vectors = new Vectors(chunks.length)
  }

  /**
   * One for each chunk. The signal ends the waiting, not the work.
   * @throws CountersignError ERR_UPSTREAM
   */
  async ready(signal: AbortSignal): Promise<Vectors> {
    if (this.#vectors.size === this.#chunks.length) return this.#vectors
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined
    })
    return until(this.#filling, signal)
  }

  /** The model server gives others than these now: a query's cannot be compared with them any more. */
  forget(vectors: Vectors): void {
    if (this.#vectors === vectors) this.#vectors = new Vectors(this.#chunks.length)
  }

  /** Ends the work. */
  close(): void {
    this.#end.abort()
  }

  /** Goes on where it stopped before. */
  async #fill(): Promise<Vectors> {
    const vectors = this.#vectors
    while (vectors.size < this.#chunks.length) {
      const texts = batchFrom(this.#chunks, vectors.size)
      const signal = AbortSignal.any([this.#end.signal, AbortSignal.timeout(BATCH_MS)])
      this.#append(vectors, await this.#embed(texts, signal))
    }
    return vectors
  }

  #append(vectors: Vectors, batch: readonly UnitVector[]): void {
    try {
      for (const vector of batch) vectors.add(vector)
    } catch (error) {
      // Those before are of another model, or all are too many: nothing of it is gone on from.
      this.forget(vectors)
      throw error
    }
  }
}

function batchFrom(chunks: readonly Chunk[], start: number): readonly string[] {
  const texts: string[] = []
  let units = 0
  for (const { text } of chunks.slice(start, start + BATCH_TEXTS)) {
    units += text.length
    if (texts.length > 0 && units > BATCH_UNITS) break
    texts.push(text)
  }
  return texts
}

/** The work goes on when the signal aborts, and its failure is then nobody's. */
function until<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new CountersignError('ERR_UPSTREAM', 'the chunks are still being embedded'))
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}
