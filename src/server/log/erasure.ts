/** Erasure of sealed receipts on request: their octets become zeros, their leaves stay. @module */
import { concatBytes, sameBytes } from '../../core/encoding/bytes.ts'
import { StateError } from '../../errors.ts'
import type { Journal, ObjectStore } from '../../storage/index.ts'
import type { ReceiptPlace } from './jti-index/run-format.ts'
import { erasedName, segmentName } from './names.ts'
import { ID_SIZE } from './wal-format.ts'

/** Erasures that may be known of one log: 16 octets each. */
const MAX_ERASED_SIZE: number = 16 * 1024 * 1024
const MAX_ATTEMPTS = 16

/** The jtis that were erased, 16 octets each. */
export async function readErased(store: ObjectStore, id: string): Promise<Uint8Array> {
  return (await store.read(erasedName(id), MAX_ERASED_SIZE)) ?? new Uint8Array(0)
}

export function isErased(erased: Uint8Array, jti: Uint8Array): boolean {
  for (let at = 0; at + ID_SIZE <= erased.length; at += ID_SIZE)
    if (sameBytes(erased.subarray(at, at + ID_SIZE), jti)) return true
  return false
}

/** Erases first on paper, then on the disk: a scrub between the two finds nothing amiss, and a record that is named is given to nobody. */
export async function eraseRecord(
  { store, id }: { readonly store: ObjectStore; readonly id: string },
  jti: Uint8Array,
  { place, journal }: { readonly place: ReceiptPlace; readonly journal?: Journal | undefined },
): Promise<boolean> {
  await nameErased(store, id, jti)
  if (journal !== undefined) {
    await journal.erase(place.offset, place.length)
    return true
  }
  const opened = await store.openJournalForErasure(segmentName(id, place.segment))
  if (opened === undefined) return false
  try {
    await opened.erase(place.offset, place.length)
    return true
  } finally {
    await opened.close()
  }
}

async function nameErased(store: ObjectStore, id: string, jti: Uint8Array): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const before = await store.read(erasedName(id), MAX_ERASED_SIZE)
    if (before !== undefined && isErased(before, jti)) return
    if (await store.swap(erasedName(id), before, concatBytes(before ?? new Uint8Array(0), jti))) return
  }
  throw new StateError('LOG_FENCED', 'somebody else keeps changing the list of erased records')
}
