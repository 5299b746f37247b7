/** Answers for as long as the program runs. @module */

import type { ReceiptStore } from '../client/store.ts'
import { byAge, type Records, type RecordWriting } from './records.ts'
import { createReceiptStore, type ReceiptStoreOptions } from './store.ts'

export function createMemoryRecords(): Records {
  const records = new Map<string, RecordWriting>()
  return {
    read: async (name) => records.get(name)?.octets.slice(),
    write: async (name, { octets, atMs }) => {
      records.set(name, { octets: octets.slice(), atMs })
    },
    list: async (kind) =>
      [...records]
        .filter(([name]) => name.endsWith(`.${kind}`))
        .map(([name, { atMs }]) => ({ name, atMs }))
        .sort(byAge),
    remove: async (name) => {
      records.delete(name)
    },
  }
}

export function createMemoryStore(options?: ReceiptStoreOptions): ReceiptStore {
  return createReceiptStore(createMemoryRecords(), options)
}
