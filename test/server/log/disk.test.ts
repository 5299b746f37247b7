/** The log on a real disk. @module */
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { createEntry } from '../../../src/core/log/index.ts'
import { nodeFiles, readLogFile, readWriteAheadLog } from '../../../src/server/log/index.ts'
import { answer, GENESIS, idOf, openLog, receiptOf } from './log-traffic.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-log-'))
})
afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

test('keeps what it was given, under the names that the layout gives', async () => {
  const directory = join(root, 'data')
  const log = await openLog(nodeFiles, { directory })
  await Promise.all(Array.from({ length: 300 }, (_, n) => answer(log, n)))
  await log.writeEpoch(1, encodeUtf8('{}'))
  const { note } = await log.checkpoint()
  const { sealed, entry } = receiptOf(123)
  expect(await log.readSealed(receiptOf(123).jti)).toMatchObject({ sealed, entry })
  expect(await log.readTile('tile/0/000')).toHaveLength(8_192)
  expect(await readFile(join(log.directory, 'lock'), 'utf8')).toBe(`${process.pid}\n`)
  await expect(openLog(nodeFiles, { directory })).rejects.toMatchObject({ code: 'ERR_LOG_APPEND' })
  await log.close()

  expect(log.directory).toBe(join(directory, 'log', log.id))
  expect((await readdir(log.directory)).sort()).toEqual(['checkpoint', 'epoch', 'genesis', 'tile', 'wal'])
  expect(await readLogFile(log.directory, 'checkpoint')).toEqual(encodeUtf8(note))
  expect(await readLogFile(log.directory, 'genesis')).toEqual(GENESIS)
  expect(await readLogFile(log.directory, 'tile/9/000')).toBeUndefined()
  const { size, counts, tail } = await readWriteAheadLog(log.directory)
  expect({ size, counts, tail }).toEqual({
    size: 301,
    counts: { intents: 300, receipts: 300, open: 0 },
    tail: { kind: 'clean' },
  })
})

test('follows no link that the host laid into the directory of a log', async () => {
  await writeFile(join(root, 'secret'), 'secret')
  await symlink(join(root, 'secret'), join(root, 'checkpoint'))
  await expect(readLogFile(root, 'checkpoint')).rejects.toMatchObject({ code: 'ELOOP' })
})

test('ends when the disk is full', async () => {
  // /dev/full takes nothing: ENOSPC on every write.
  const full = await nodeFiles.open('/dev/full')
  await full?.close()
  let fill = false
  const files = {
    ...nodeFiles,
    create: async (path: string) => {
      const file = await nodeFiles.create(path)
      const append = async (bytes: Uint8Array): Promise<void> => {
        if (fill) await writeFile('/dev/full', bytes)
        await file.append(bytes)
      }
      return { ...file, append }
    },
  }
  const log = await openLog(files, { directory: join(root, 'data') })
  await answer(log, 1)
  fill = true
  await expect(answer(log, 2)).rejects.toMatchObject({ code: 'ERR_LOG_APPEND', cause: { code: 'ENOSPC' } })
  expect(() => log.appendEntry(createEntry('nonce', idOf(1)))).toThrow(
    expect.objectContaining({ code: 'ERR_LOG_APPEND' }),
  )
  // What was durable before is served still.
  expect(await log.readSealed(receiptOf(1).jti)).toMatchObject({ index: 1 })
  expect(await readWriteAheadLog(log.directory)).toMatchObject({ size: 2, tail: { kind: 'clean' } })
})
