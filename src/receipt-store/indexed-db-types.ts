/** As much of IndexedDB as is used here: this package is compiled without the types of browsers. @module */

export interface DatabaseFactory {
  open(name: string, version: number): DatabaseRequest<Database> & { onupgradeneeded: (() => void) | null }
}

export interface DatabaseRequest<T> {
  readonly result: T
  readonly error: unknown
  onsuccess: (() => void) | null
  onerror: (() => void) | null
}

export interface Database {
  createObjectStore(name: string): ObjectStore
  transaction(names: readonly string[], mode: 'readonly' | 'readwrite'): Transaction
}

export interface Transaction {
  readonly error: unknown
  oncomplete: (() => void) | null
  onerror: (() => void) | null
  onabort: (() => void) | null
  objectStore(name: string): ObjectStore
}

export interface ObjectStore {
  get(key: string): DatabaseRequest<unknown>
  put(value: unknown, key: string): DatabaseRequest<unknown>
  delete(key: string): DatabaseRequest<unknown>
  getAllKeys(): DatabaseRequest<readonly unknown[]>
  getAll(): DatabaseRequest<readonly unknown[]>
}
