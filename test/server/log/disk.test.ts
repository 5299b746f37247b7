/** The log on a real disk. @module */
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { createReceiptLog, openStoredLog, recoverLog, scrubLog } from '../../../src/server/log/index.ts'
import { createFileStore, type FileSystem, nodeFiles, type ObjectStore } from '../../../src/storage/index.ts'
import { answer, CLOCK, GENESIS, HandTimers, HOST, idOf, NOTHING, receiptOf, SIGNER } from './log-traffic.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-log-'))
})
afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

const openOn = (store: ObjectStore, timers = new HandTimers()): ReturnType<typeof createReceiptLog> =>
  createReceiptLog({ store, host: HOST, signer: SIGNER, clock: CLOCK, timers }, GENESIS)

test('keeps what it was given, under the names that the layout gives', async () => {
  const store = createFileStore(join(root, 'data'))
  const log = await openOn(store)
  await Promise.all(Array.from({ length: 300 }, (_, n) => answer(log, n)))
  await log.writeEpoch(1, encodeUtf8('{}'))
  const { note } = await log.checkpoint()
  const { sealed } = receiptOf(123)
  expect(await log.readSealed(receiptOf(123).jti)).toMatchObject({ sealed })
  expect(await log.readFile('tile/0/000')).toHaveLength(8_192)
  await expect(openOn(createFileStore(join(root, 'data')))).rejects.toMatchObject({ code: 'ERR_LOG_APPEND' })
  await log.close()

  const directory = join(root, 'data', 'log', log.id)
  expect((await readdir(directory)).sort()).toEqual(['checkpoint', 'epoch', 'genesis', 'tile'])
  expect((await readdir(join(root, 'data', 'private', log.id))).sort()).toEqual(['index', 'wal'])
  expect(await readFile(join(directory, 'checkpoint'), 'utf8')).toBe(note)
  const again = createFileStore(join(root, 'data'))
  expect(await (await openStoredLog(again, log.id))?.readFile('genesis')).toEqual(GENESIS)
  expect(await recoverLog(again, log.id, NOTHING)).toMatchObject({
    size: 301,
    counts: { intents: 300, receipts: 300, open: 0 },
    tail: { kind: 'clean' },
  })
  expect(await scrubLog(again, log.id, { repair: false })).toMatchObject({ leaves: 301, corrupt: [] })
})

test('leaves little reserved space behind where little was written', async () => {
  const log = await openOn(createFileStore(join(root, 'data')))
  await answer(log, 0)
  await log.close()
  expect((await stat(join(root, 'data', 'private', log.id, 'wal', '0'))).size).toBeLessThanOrEqual(128 * 1024)
})

test('follows no link that the host laid into the directory of a log', async () => {
  const store = createFileStore(join(root, 'data'))
  const log = await openOn(store)
  await log.checkpoint()
  const path = join(root, 'data', 'log', log.id, 'epoch', '1')
  await log.writeEpoch(1, encodeUtf8('{}'))
  await writeFile(join(root, 'secret'), 'secret')
  await rm(path)
  await symlink(join(root, 'secret'), path)
  await expect(log.readFile('epoch/1')).rejects.toMatchObject({ code: 'ELOOP' })
  await log.close()
})

test('waits when the disk is full, and goes on when there is room', async () => {
  // /dev/full takes nothing: ENOSPC on every write.
  let fill = false
  const files: FileSystem = {
    ...nodeFiles,
    create: async (path) => {
      const file = await nodeFiles.create(path)
      const write = async (position: number, bytes: Uint8Array): Promise<void> => {
        if (fill) await writeFile('/dev/full', bytes)
        await file.write(position, bytes)
      }
      return { ...file, write }
    },
  }
  const waits: (() => void)[] = []
  const asked = new Promise<void>((resolve) => {
    waits.push(resolve)
  })
  const retries: (() => void)[] = []
  const after = (_ms: number, run: () => void): (() => void) => {
    retries.push(run)
    for (const wake of waits) wake()
    return () => {}
  }
  const store = createFileStore(join(root, 'data'), files)
  const log = await createReceiptLog({ store, host: HOST, signer: SIGNER, timers: { after } }, GENESIS)
  await answer(log, 1)
  await log.recordIntent(idOf(2))
  fill = true
  const { durable } = log.appendReceipt(receiptOf(2))
  await asked
  expect(log.isFull).toBe(true)
  // What was durable before is served still.
  expect(await log.readSealed(receiptOf(1).jti)).toMatchObject({ index: 1 })
  fill = false
  for (const retry of retries) retry()
  await durable
  expect(log.size).toBe(3)
  await log.close()
})
