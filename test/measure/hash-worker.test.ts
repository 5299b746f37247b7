/** One thread's work, against a file system that changes under its hands. */
import * as crypto from 'node:crypto'
import * as fs from 'node:fs'
import { lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hashFiles } from '../../src/measure/hash-files.ts'
import { answerTasks, type HashReply, type WorkerModules } from '../../src/measure/hash-worker.ts'
import type { FileState, FoundFile } from '../../src/measure/walk.ts'

type ReadSync = WorkerModules['fs']['readSync']

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-hash-'))
  path = join(folder, 'a.bin')
  writeFileSync(path, 'octets')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What the thread replies to one file, the last word of it. */
async function answerTo(state: FileState, readSync: ReadSync = fs.readSync): Promise<HashReply> {
  const { port1, port2 } = new MessageChannel()
  const modules: WorkerModules = { port: port2, fs: { ...fs, readSync }, crypto }
  answerTasks(modules)
  const answer = new Promise<HashReply>((resolve) => {
    port1.on('message', (reply: HashReply) => {
      if (reply.kind !== 'read') resolve(reply)
    })
  })
  port1.postMessage({ path, state })
  const reply = await answer
  port1.close()
  return reply
}

const stateNow = (): FileState => lstatSync(path, { bigint: true })
const found = (change: Partial<FileState> = {}): FoundFile => ({
  name: 'a.bin',
  path,
  state: { ...stateNow(), ...change },
})

describe('a thread that measures', () => {
  it('gives the digest of a file that stays as it is', async () => {
    const hex = crypto.createHash('sha256').update('octets').digest('hex')
    expect(await answerTo(stateNow())).toEqual({ kind: 'digest', hex })
  })

  it('refuses a file that is written to after its last octet was read', async () => {
    const state = stateNow()
    const answer = await answerTo(state, (...given) => {
      const count = fs.readSync(...given)
      if (given[3] === 1) fs.utimesSync(path, 1, 1)
      return count
    })
    expect(answer).toEqual({ kind: 'failed', reason: 'changed', detail: 'it was written to' })
  })

  it('stops at a file that never ends', async () => {
    const endless: ReadSync = (_, buffer) => buffer.byteLength
    expect(await answerTo(stateNow(), endless)).toMatchObject({ kind: 'failed', reason: 'changed' })
  })
})

describe('files for threads', () => {
  const options = { onRead: () => {} }

  it.each(['dev', 'ino', 'size', 'mode', 'mtimeNs', 'ctimeNs'] as const)(
    'are refused where %s is not as it was found',
    async (field) => {
      const file = found({ [field]: stateNow()[field] + 1n })
      await expect(hashFiles([file], options)).rejects.toMatchObject({
        code: 'ERR_STATE',
        message: expect.stringMatching(/^a\.bin changed .*not the file that was found/),
      })
    },
  )

  it('are refused where a link was put in the place of the file, or nothing', async () => {
    const file = found()
    rmSync(path)
    await expect(hashFiles([file], options)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(/a\.bin .*ENOENT/),
    })
    symlinkSync('/dev/zero', path)
    await expect(hashFiles([file], options)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(/a\.bin .*ELOOP/),
    })
  })

  it('end their threads when the caller throws', async () => {
    const onRead = (): never => {
      throw new Error('of the caller')
    }
    await expect(hashFiles([found()], { onRead })).rejects.toThrow('of the caller')
  })
})
