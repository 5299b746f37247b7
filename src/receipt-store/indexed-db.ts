/** Answers in a browser's IndexedDB: of the page's origin, until the user clears it or the browser needs the room. @module */
import type { ReceiptStore } from '../client/store.ts'
import { CountersignError } from '../errors.ts'
import type { Database, DatabaseFactory, DatabaseRequest, ObjectStore } from './indexed-db-types.ts'
import { byAge, type Records } from './records.ts'
import { createReceiptStore, type ReceiptStoreOptions } from './store.ts'

export interface IndexedDbOptions extends ReceiptStoreOptions {
  /** Of the database. */
  readonly name?: string
  /** By default the platform's. */
  readonly indexedDB?: DatabaseFactory
}

const NAME = 'countersign-receipts'
const STORE = 'records'
/** The order of writing, without the octets. */
const STAMPS = 'stamps'

function settled<T>(request: DatabaseRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(unusable(request.error))
  })
}

function unusable(cause: unknown): CountersignError {
  const name = cause instanceof Error ? ` (${cause.name})` : ''
  return new CountersignError('ERR_CONFIG', `the database of receipts cannot be used${name}: free space, or clear it`, {
    cause,
  })
}

function open(factory: DatabaseFactory, name: string): Promise<Database> {
  const request = factory.open(name, 1)
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE)
    request.result.createObjectStore(STAMPS)
  }
  return settled(request)
}

/** Both stores change together or not at all; the promise settles when the transaction is done, not before. */
function change(database: Database, run: (records: ObjectStore, stamps: ObjectStore) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction([STORE, STAMPS], 'readwrite')
    transaction.oncomplete = () => resolve()
    transaction.onerror = () => reject(unusable(transaction.error))
    transaction.onabort = () => reject(unusable(transaction.error))
    run(transaction.objectStore(STORE), transaction.objectStore(STAMPS))
  })
}

/** @throws CountersignError ERR_CONFIG, from each call, where the browser has no database or refuses it */
export function createIndexedDbRecords({ name = NAME, indexedDB = platformFactory() }: IndexedDbOptions = {}): Records {
  let opened: Promise<Database> | undefined
  const database = (): Promise<Database> => {
    // Opened at the first use, and again after a failure: a page that keeps nothing asks for nothing.
    opened ??= (indexedDB === undefined ? Promise.reject(unusable(undefined)) : open(indexedDB, name)).catch(
      (error) => {
        opened = undefined
        throw error
      },
    )
    return opened
  }
  const reading = async (store: string): Promise<ObjectStore> =>
    (await database()).transaction([store], 'readonly').objectStore(store)
  return {
    read: async (key) => {
      const found = await settled((await reading(STORE)).get(key))
      return found instanceof Uint8Array ? new Uint8Array(found) : undefined
    },
    write: async (key, { octets, atMs }) =>
      change(await database(), (records, stamps) => {
        records.put(octets, key)
        stamps.put(atMs, key)
      }),
    list: async (kind) => {
      const stamps = await reading(STAMPS)
      // Both asked before either is waited for: a transaction ends when nothing is asked of it.
      const [keys, times] = await Promise.all([settled(stamps.getAllKeys()), settled(stamps.getAll())])
      return keys
        .flatMap((key, at) => {
          const atMs = times[at]
          return typeof key === 'string' && typeof atMs === 'number' && key.endsWith(`.${kind}`)
            ? [{ name: key, atMs }]
            : []
        })
        .sort(byAge)
    },
    remove: async (key) =>
      change(await database(), (records, stamps) => {
        records.delete(key)
        stamps.delete(key)
      }),
  }
}

function platformFactory(): DatabaseFactory | undefined {
  const found: DatabaseFactory | undefined = Reflect.get(globalThis, 'indexedDB')
  return found
}

export function createIndexedDbStore(options: IndexedDbOptions = {}): ReceiptStore {
  return createReceiptStore(createIndexedDbRecords(options), options)
}
