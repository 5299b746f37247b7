/** Files of this very machine, read and written on a thread of their own. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  carryOut,
  createDeviceFiles,
  DeviceFault,
  exchangeOctets,
  listNames,
  lookAt,
  readLine,
  readOctets,
} from '../../src/quoter/files/device-files.ts'
import { createThread } from '../../src/quoter/thread.ts'

let folder: string
const files = createDeviceFiles()
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-device-'))
})
afterAll(async () => {
  files.close()
  await rm(folder, { recursive: true, force: true })
})

const faultOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof DeviceFault ? error.errno : String(error)),
  )

describe('the thread', () => {
  it('reads to the end, however long the file is', async () => {
    const octets = new Uint8Array(100_000).fill(5)
    await writeFile(join(folder, 'long'), octets)
    expect(Buffer.compare(await readOctets(files, join(folder, 'long'), 100_000), octets)).toBe(0)
    expect(await faultOf(readOctets(files, join(folder, 'long'), 99_999))).toBe('TOO_LONG')
  })

  it('writes in place, and does not make a file that is not there', async () => {
    await writeFile(join(folder, 'there'), 'abcdef')
    await carryOut(files, { call: 'write', path: join(folder, 'there'), octets: Buffer.from('XY') })
    expect(await readFile(join(folder, 'there'), 'utf8')).toBe('XYcdef')
    const missing = { call: 'write', path: join(folder, 'missing'), octets: Buffer.from('XY') } as const
    expect(await faultOf(carryOut(files, missing))).toBe('ENOENT')
  })

  it('keeps a file whole', async () => {
    const store = { call: 'store', folder: join(folder, 'made', 'here'), name: 'log' } as const
    await carryOut(files, { ...store, octets: Buffer.from('one') })
    await carryOut(files, { ...store, octets: Buffer.from('two') })
    expect(await listNames(files, join(folder, 'made', 'here'))).toEqual(['log'])
    expect(await readLine(files, join(folder, 'made', 'here', 'log'))).toBe('two')
  })

  it('makes and removes folders, and knows what stands where', async () => {
    const path = join(folder, 'instance')
    await carryOut(files, { call: 'make', path })
    expect(await faultOf(carryOut(files, { call: 'make', path }))).toBe('EEXIST')
    expect(await lookAt(files, path)).toBe('folder')
    expect(await lookAt(files, '/dev/null')).toBe('device')
    await carryOut(files, { call: 'remove', path })
    expect(await lookAt(files, path)).toEqual({ errno: 'ENOENT' })
  })

  it('writes and reads on one descriptor', async () => {
    expect(await exchangeOctets(files, '/dev/null', Uint8Array.of(1))).toHaveLength(0)
  })

  it('lets go of what is under way, and begins anew', async () => {
    const reading = faultOf(readOctets(files, '/dev/zero', 1 << 28))
    files.abandon()
    expect(await reading).toBe('CountersignError: the call was given up')
    expect(await lookAt(files, '/dev/null')).toBe('device')
  })

  it('tells a thread that cannot work in the words of everything else that fails', async () => {
    const thread = createThread<string, string>('nothing that is defined')
    await expect(thread.call('task')).rejects.toMatchObject({ name: 'CountersignError', code: 'ERR_QUOTE' })
  })

  it('is not begun anew while a few hang in the kernel, and is when one comes back', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const reached = new Int32Array(new SharedArrayBuffer(4))
    const thread = createThread<Int32Array, string>(`(reached) => {
      Atomics.add(reached, 0, 1)
      process.getBuiltinModule('node:fs').closeSync(process.getBuiltinModule('node:fs').openSync(${JSON.stringify(pipe)}, 'r'))
      return 'back'
    }`)
    for (let hanging = 1; hanging <= 3; hanging++) {
      const call = faultOf(thread.call(reached))
      await vi.waitFor(() => expect(reached[0]).toBe(hanging), { timeout: 20_000 })
      thread.abandon()
      expect(await call).toBe('CountersignError: the call was given up')
    }
    await expect(thread.call(reached)).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: '3 earlier calls of the device hang in the kernel: no more are begun until one comes back',
    })
    // Whoever opens the other end lets all of them go.
    const file = openSync(pipe, constants.O_RDWR)
    await vi.waitFor(async () => expect(await thread.call(reached)).toBe('back'), { timeout: 20_000 })
    closeSync(file)
    thread.abandon()
  })
})
