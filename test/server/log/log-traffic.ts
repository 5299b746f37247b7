/** Logs for tests, and requests that go through them. @module */
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { createEntry } from '../../../src/core/log/index.ts'
import { createReceiptLog, type LogDeps, type LogTimers, type ReceiptLog } from '../../../src/server/log/index.ts'
import { logKey } from '../../core/log/log-key.ts'
import type { MemoryFiles } from '../../kit/memory-files.ts'
import { createMemoryStore, memoryPath } from '../../kit/memory-store.ts'

export const HOST = 'gw.example.com'
export const SIGNER = logKey(7)
export const GENESIS = encodeUtf8('{"session":"sha256:00"}')
export const NOTHING = { size: 0, counts: { intents: 0, receipts: 0, open: 0 } }
/** A clock that stands still: what needs time to pass says so. */
export const CLOCK = { seconds: () => 1_790_000_000, monotonicMs: () => 0 }

export function openLog(files: MemoryFiles, options: Partial<LogDeps> = {}): Promise<ReceiptLog> {
  const store = createMemoryStore(files)
  return createReceiptLog({ store, host: HOST, signer: SIGNER, clock: CLOCK, ...options }, GENESIS)
}

/** Path of a published file of a log on the disk in memory. */
export function published(log: Pick<ReceiptLog, 'id'>, path: string): string {
  return memoryPath(`log/${log.id}/${path}`)
}

/** Path of a segment on the disk in memory. */
export function segmentPath(log: Pick<ReceiptLog, 'id'>, segment = 0): string {
  return memoryPath(`private/${log.id}/wal/${segment}`)
}

/** 16 octets that name the `n`-th request. */
export function idOf(n: number): Uint8Array {
  const id = new Uint8Array(16)
  new DataView(id.buffer).setUint32(12, n)
  return id
}

export function receiptOf(n: number): { entry: Uint8Array; jti: Uint8Array; sealed: Uint8Array; intent: Uint8Array } {
  const jti = idOf(n)
  jti[0] = 1
  return {
    entry: createEntry('receipt', encodeUtf8(`jws ${n}`)),
    jti,
    sealed: encodeUtf8(`sealed ${n} `.repeat(1 + (n % 5))),
    intent: idOf(n),
  }
}

/** Admits and answers one request. */
export async function answer(log: ReceiptLog, n: number): Promise<void> {
  await log.recordIntent(idOf(n))
  await log.appendReceipt(receiptOf(n)).durable
}

/** Timers that fire when the test says so. */
export class HandTimers implements LogTimers {
  readonly waits: number[] = []
  #pending: (() => void)[] = []

  after(ms: number, run: () => void): () => void {
    this.waits.push(ms)
    this.#pending.push(run)
    return () => {
      this.#pending = this.#pending.filter((other) => other !== run)
    }
  }

  /** Fires all, and lets what they started go on. */
  async fire(): Promise<void> {
    const due = this.#pending
    this.#pending = []
    for (const run of due) run()
    await turns()
  }
}

/** As many turns of the event loop as work in memory takes. */
export async function turns(count = 60): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
