/** Sealed records by jti: found in the index, read from the write-ahead log, compared with the CRC that the log signs. @module */
import { crc32 } from 'node:zlib'
import { StateError } from '../../errors.ts'
import type { Journal, JournalReader, ObjectStore } from '../../storage/index.ts'
import { eraseRecord, isErased, readErased } from './erasure.ts'
import { requireId } from './intake.ts'
import type { ReceiptPlace } from './jti-index/run-format.ts'
import { segmentName } from './names.ts'
import type { SealedReceipt } from './types.ts'

export interface SealedRecordsDeps {
  readonly store: ObjectStore
  readonly id: string
  readonly find: (jti: Uint8Array) => Promise<ReceiptPlace | undefined>
  /** The journal of a segment that is written now. */
  readonly journal?: (segment: number) => Journal | undefined
}

export class SealedRecords {
  readonly #deps: SealedRecordsDeps

  constructor(deps: SealedRecordsDeps) {
    this.#deps = deps
  }

  async read(jti: Uint8Array): Promise<SealedReceipt | undefined> {
    const { store, id, find } = this.#deps
    requireId('a jti', jti)
    const place = await find(jti)
    if (place === undefined || isErased(await readErased(store, id), jti)) return undefined
    const { index, seq, length, crc } = place
    const sealed = await this.#octets(place)
    // The segment was removed for its age.
    if (sealed === undefined) return undefined
    if (sealed.length !== length || crc32(sealed) !== crc)
      throw new StateError('LOG_LEAF_CORRUPT', `the sealed record of leaf ${index} is damaged`)
    return { sealed, index, seq }
  }

  async placeOf(jti: Uint8Array): Promise<Pick<SealedReceipt, 'index' | 'seq'> | undefined> {
    requireId('a jti', jti)
    const place = await this.#deps.find(jti)
    return place && { index: place.index, seq: place.seq }
  }

  async erase(jti: Uint8Array): Promise<boolean> {
    const { store, id, find, journal } = this.#deps
    requireId('a jti', jti)
    const place = await find(jti)
    if (place === undefined) return false
    return eraseRecord({ store, id }, jti, { place, journal: journal?.(place.segment) })
  }

  async #octets({ segment, offset, length }: ReceiptPlace): Promise<Uint8Array | undefined> {
    const { store, id, journal } = this.#deps
    const current = journal?.(segment)
    if (current !== undefined) return current.read(offset, length)
    const reader: JournalReader | undefined = await store.openJournal(segmentName(id, segment))
    if (reader === undefined) return undefined
    try {
      return await reader.read(offset, length)
    } finally {
      await reader.close()
    }
  }
}
