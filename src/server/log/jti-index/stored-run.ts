/** A run on the store: found in by interpolation, as its keys are uniform. Its octets are the host's. @module */
import { MalformedError } from '../../../errors.ts'
import type { ObjectStore } from '../../../storage/index.ts'
import {
  decodeRunHeader,
  EntryTable,
  INDEX_ENTRY_SIZE,
  keyPrefix,
  type ReceiptPlace,
  RUN_HEADER_SIZE,
  type RunHeader,
} from './run-format.ts'

/** Entries read at once: about a page of the disk. */
const WINDOW = 85
/** After so many guesses the keys are not uniform, and halving takes over. */
const MAX_GUESSES = 6

export interface StoredRun extends RunHeader {
  readonly number: number
  readonly name: string
}

/** @throws MalformedError for a run whose head is damaged; undefined when there is none */
export async function openRun(store: ObjectStore, name: string, number: number): Promise<StoredRun | undefined> {
  const head = await store.readRange(name, 0, RUN_HEADER_SIZE)
  return head && { ...decodeRunHeader(head), number, name }
}

/** Entries `start` to `end` of a run. @throws MalformedError when they are not all there */
export async function readEntries(
  store: ObjectStore,
  { name }: StoredRun,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<EntryTable> {
  const length = (end - start) * INDEX_ENTRY_SIZE
  const bytes = await store.readRange(name, RUN_HEADER_SIZE + start * INDEX_ENTRY_SIZE, length)
  if (bytes?.length !== length) throw new MalformedError('EVIDENCE_TRUNCATED', 'a run of the index is cut')
  return new EntryTable(bytes)
}

/** The place of a receipt, as this run has it. */
export async function findInRun(
  store: ObjectStore,
  run: StoredRun,
  jti: Uint8Array,
): Promise<ReceiptPlace | undefined> {
  const prefix = keyPrefix(jti)
  // The key stands in [low, high), and its neighbours outside have these prefixes.
  let low = { slot: 0, prefix: 0 }
  let high = { slot: run.count, prefix: 2 ** 48 }
  for (let guesses = 0; low.slot < high.slot; guesses++) {
    const middle = guesses < MAX_GUESSES ? interpolate(prefix, low, high) : Math.floor((low.slot + high.slot) / 2)
    const start = Math.max(low.slot, Math.min(middle - Math.floor(WINDOW / 2), high.slot - WINDOW))
    const end = Math.min(high.slot, start + WINDOW)
    const window = await readEntries(store, run, { start, end })
    const found = findInWindow(window, end - start, jti)
    if (typeof found === 'object') return found
    if (found === 'absent') return undefined
    // At least one entry leaves the range each time: octets in any order end the search.
    if (found === 'before') high = { slot: start, prefix: window.prefix(0) }
    else low = { slot: end, prefix: window.prefix(end - start - 1) }
  }
  return undefined
}

interface Bound {
  readonly slot: number
  readonly prefix: number
}

function interpolate(prefix: number, low: Bound, high: Bound): number {
  const share = high.prefix > low.prefix ? (prefix - low.prefix) / (high.prefix - low.prefix) : 0.5
  return low.slot + Math.floor(Math.min(1, Math.max(0, share)) * (high.slot - low.slot))
}

function findInWindow(
  window: EntryTable,
  count: number,
  jti: Uint8Array,
): ReceiptPlace | 'before' | 'behind' | 'absent' {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = window.compare(middle, jti)
    if (order === 0) return window.place(middle)
    if (order < 0) low = middle + 1
    else high = middle
  }
  if (low === 0) return 'before'
  return low === count ? 'behind' : 'absent'
}
