/** SIGKILL under load: every receipt that a client fully received is in the write-ahead log, once. */
import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { receiptEntry } from '../../../src/core/receipt/receipt.ts'
import { readWriteAheadLog } from '../../../src/server/log/index.ts'
import { decodedReceiptOf } from './gateway-fixture.ts'
import { call } from './http-client.ts'
import { PKI_FILE, testPki } from './test-pki.ts'

const CHILD = join(import.meta.dirname, 'kill-child.mjs')
const BUILT = join(import.meta.dirname, '../../../dist/server/index.js')
const CLIENTS = 12

interface Started {
  readonly url: string
  readonly directory: string
}

function isStarted(message: unknown): message is Started {
  return typeof message === 'object' && message !== null && 'url' in message && 'directory' in message
}

/** Asks with many clients at once and kills the gateway when so many answers were received whole. */
async function killAfter(
  received: number,
  dataDir: string,
): Promise<{ readonly entries: string[]; readonly directory: string }> {
  const child = fork(CHILD, [PKI_FILE, dataDir], { execArgv: [] })
  const dead = new Promise((resolve) => child.once('exit', resolve))
  const { url, directory } = await new Promise<Started>((resolve, reject) => {
    child.once('message', (message) => (isStarted(message) ? resolve(message) : reject(new Error('no address'))))
    child.once('exit', () => reject(new Error('the child ended before it served')))
  })
  const entries: string[] = []
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] })
  const client = async (): Promise<void> => {
    for (;;) {
      const reply = await call(`${url}/v1/chat/completions`, { method: 'POST', body })
      entries.push(encodeHex(receiptEntry(decodedReceiptOf(reply).issuerJws)))
      if (entries.length === received) child.kill('SIGKILL')
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, () => client().catch(() => undefined)))
  await dead
  return { entries, directory }
}

it.each([1, 17, 64, 230])('loses no receipt that was received, killed after %i', async (received) => {
  expect(existsSync(BUILT), 'npm test builds what this test runs; so does npm run build').toBe(true)
  await testPki()
  const dataDir = await mkdtemp(join(tmpdir(), 'countersign-kill-'))
  const { entries, directory } = await killAfter(received, dataDir)
  const { groups, counts } = await readWriteAheadLog(directory)
  const logged = groups.flatMap((group) => group.entries.map((entry) => encodeHex(entry)))
  expect(entries.length).toBeGreaterThanOrEqual(received)
  expect(entries.filter((entry) => !logged.includes(entry))).toEqual([])
  expect(new Set(logged).size).toBe(logged.length)
  expect(counts.intents).toBe(counts.receipts + counts.open)
  await rm(dataDir, { recursive: true })
})
