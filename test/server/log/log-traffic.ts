/** Logs for tests, and requests that go through them. @module */
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { createEntry } from '../../../src/core/log/index.ts'
import { createReceiptLog, type FileSystem, type LogDeps, type ReceiptLog } from '../../../src/server/log/index.ts'
import { logKey } from '../../core/log/log-key.ts'

export const HOST = 'gw.example.com'
export const SIGNER = logKey(7)
export const GENESIS = encodeUtf8('{"session":"sha256:00"}')

export function openLog(files: FileSystem, options: Partial<LogDeps> = {}): Promise<ReceiptLog> {
  return createReceiptLog({ directory: '/data', host: HOST, signer: SIGNER, files, ...options }, GENESIS)
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
