/** Real processes on a real disk: who may write. @module */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { adoptLineage, beginLineage, createFileStore, nodeProcess, openLineage } from '../../../src/storage/index.ts'
import { decodeStat } from '../../../src/storage/lineage/process-facts.ts'
import { ownMsUntil } from '../../kit/own-time.ts'
import { rejectionOf } from '../../kit/rejection-of.ts'

const NAMES = { name: 'main', host: 'gw.example.com' }
const fenced = { failure: 'LOG_FENCED' }

interface Holder {
  readonly child: ChildProcess
  /** Says something to it and waits for its next line. */
  ask(line: string): Promise<string>
  next(): Promise<string>
}

describe('processes', () => {
  let work: string
  let script: string
  let root: string
  const children: ChildProcess[] = []
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'lineage-'))
    script = join(work, 'holder.mjs')
    const bundled = spawnSync(process.execPath, [
      'scripts/bundle.mjs',
      resolve('test/storage/lineage/holder.child.ts'),
      script,
    ])
    expect(String(bundled.stderr)).toBe('')
  })
  beforeEach(async () => {
    root = await mkdtemp(join(work, 'data-'))
    await beginLineage(createFileStore(root), NAMES)
  })
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })
  afterAll(() => rm(work, { recursive: true, force: true }))

  const start = (folder: string, ...more: readonly string[]): Holder => {
    const child = spawn(process.execPath, [script, folder, ...more], { stdio: ['pipe', 'pipe', 'inherit'] })
    children.push(child)
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const next = async (): Promise<string> => String((await lines.next()).value)
    return {
      child,
      next,
      ask(line) {
        child.stdin.write(`${line}\n`)
        return next()
      },
    }
  }

  it('[L13] one of two that start at once writes, the other ends', async () => {
    const holders = [start(root), start(root), start(root)]
    const said = await Promise.all(holders.map((holder) => holder.next()))
    expect(said.filter((line) => line.startsWith('token '))).toEqual(['token 1'])
    expect(said.filter((line) => line.startsWith('LOG_FENCED'))).toHaveLength(2)
  })

  it('[L13] a second one is refused within a second', async () => {
    const first = start(root)
    expect(await first.next()).toBe('token 1')
    const refused = rejectionOf(openLineage(createFileStore(root), NAMES))
    expect(await ownMsUntil(refused)).toBeLessThan(1000)
    expect(await refused).toMatchObject(fenced)
    expect(await first.ask('fence')).toBe('writer')
  })

  it('[L13] one that was killed is taken over at once', async () => {
    const first = start(root)
    expect(await first.next()).toBe('token 1')
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    const lineage = await openLineage(createFileStore(root), NAMES)
    expect(lineage.token).toBe(2)
    await lineage.release()
    expect(await start(root).next()).toBe('token 3')
  })

  it('[L13] one that was stopped, and replaced from another machine, is fenced when it goes on', async () => {
    const first = start(root)
    expect(await first.next()).toBe('token 1')
    expect(await first.ask('fence')).toBe('writer')
    first.child.kill('SIGSTOP')
    const second = start(root, 'another kernel')
    expect(await second.next()).toBe('token 2')
    first.child.kill('SIGCONT')
    expect(await first.ask('fence')).toContain('LOG_FENCED')
    expect(await second.ask('fence')).toBe('writer')
  }, 60_000)

  it('[L13] one that lives is not replaced from another machine', async () => {
    const first = start(root)
    expect(await first.next()).toBe('token 1')
    expect(await start(root, 'another kernel').next()).toContain('LOG_FENCED')
  })

  it('leaves to the next what it released', async () => {
    const first = start(root)
    await first.next()
    expect(await first.ask('release')).toBe('released')
    // Nothing is left to watch: it does not wait, not even once.
    const wait = (ms: number): Promise<void> => Promise.reject(new Error(`waited ${ms} ms`))
    const elsewhere = { ...nodeProcess(), bootId: 'another kernel', wait }
    const second = await openLineage(createFileStore(root), { ...NAMES, process: elsewhere })
    expect(second.token).toBe(2)
    await second.release()
  })

  it('[L13] a copy of the folder is refused beside its running original, and adopted once', async () => {
    const first = start(root)
    await first.next()
    const other = join(work, 'copy')
    await cp(root, other, { recursive: true, preserveTimestamps: true })
    const store = createFileStore(other)
    expect(await rejectionOf(openLineage(store, NAMES))).toMatchObject(fenced)
    await adoptLineage(store, NAMES)
    expect(await rejectionOf(adoptLineage(store, NAMES))).toMatchObject({ code: 'ERR_USAGE' })
    const lineage = await openLineage(store, NAMES)
    expect(lineage.token).toBe(3)
    await lineage.release()
    expect(await first.ask('fence')).toBe('writer')
  })

  it('knows its own start time, and a process by it', async () => {
    const facts = nodeProcess()
    expect(await facts.isAlive(facts.pid, facts.start)).toBe(true)
    if (facts.start !== '') expect(await facts.isAlive(facts.pid, '1')).toBe(false)
    // The largest id that Linux gives is 2^22.
    expect(await facts.isAlive(2 ** 30, '1')).toBe(false)
  })

  it('reads a process whose name is meant to deceive', () => {
    const fields = ['Z', ...Array.from({ length: 18 }, (_, i) => String(i)), '4711', '0']
    expect(decodeStat(`7 (a) R 1 (b)) ${fields.join(' ')}`)).toEqual({ state: 'Z', start: '4711' })
    expect(decodeStat('')).toBeUndefined()
  })
})
