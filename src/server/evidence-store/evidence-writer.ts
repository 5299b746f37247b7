/** Writes evidence to the store: shared parts first, then the record that names them, so that no record ever lacks a part. @module */
import type { ObjectStore } from '../../storage/types.ts'
import { encodeEvidenceRecord } from './record.ts'
import { splitQuote } from './shared-parts.ts'
import { partName, recordName } from './stored-evidence.ts'
import type { CapturedEvidence, EvidencePlace } from './types.ts'

/** Digests of parts that this boot has written: any other is written again, whatever lies there. */
const MAX_KNOWN_PARTS = 64

export class EvidenceWriter {
  readonly #store: ObjectStore
  readonly #logId: string
  readonly #known: Set<string> = new Set()

  constructor(store: ObjectStore, logId: string) {
    this.#store = store
    this.#logId = logId
  }

  /**
   * @param at asked when the record is encoded: the quote's leaf may be appended while the parts are written
   * @returns the place that was written
   */
  async write({ statement, quote, checkpoint }: CapturedEvidence, at: () => EvidencePlace): Promise<EvidencePlace> {
    const { evidence, parts, octets } = splitQuote(quote)
    await this.#writeParts(octets)
    const place = at()
    const { session, quoteIndex } = place
    const record = { session, statement, checkpoint: checkpoint.note, quoteIndex, evidence, parts }
    const bytes = encodeEvidenceRecord(record)
    await this.#store.write([{ name: recordName(this.#logId, checkpoint.size), bytes }])
    return place
  }

  async #writeParts(octets: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const missing = [...octets].filter(([digest]) => !this.#known.has(digest))
    if (missing.length === 0) return
    await this.#store.write(missing.map(([digest, bytes]) => ({ name: partName(digest), bytes })))
    for (const [digest] of missing) this.#known.add(digest)
    for (const digest of this.#known) {
      if (this.#known.size <= MAX_KNOWN_PARTS) break
      this.#known.delete(digest)
    }
  }
}
