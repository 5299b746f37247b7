/** What a lease says of the process that holds it, and the clocks by which it is watched. A port: tests are other machines. @module */
import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'

export interface ProcessFacts {
  readonly machine: string
  readonly pid: number
  /** When the process began, by its kernel's count; empty where that is unknown. Tells it from a later one of the same id. */
  readonly start: string
  /** Of one run of one kernel; empty where it is unknown. */
  readonly bootId: string
  /** The table that process ids are of: containers on one kernel have one each. Empty where it is unknown. */
  readonly pidNamespace: string
  /** Whether a process of this table lives. In doubt, it does. */
  isAlive(pid: number, start: string): Promise<boolean>
  nonce(): string
  /** Seconds since 1970, to tell people. */
  seconds(): number
  /** Never set back. */
  monotonicMs(): number
  wait(ms: number): Promise<void>
  /** Runs a task again and again, each time `ms` after it ended; it does not keep the process up. @returns what ends it */
  repeat(ms: number, task: () => Promise<void>): () => void
}

/** This process. */
export function nodeProcess(): ProcessFacts {
  return {
    machine: hostname(),
    pid: process.pid,
    start: decodeStat(readOr(() => readFileSync('/proc/self/stat', 'latin1')))?.start ?? '',
    bootId: readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')).trim(),
    pidNamespace: readOr(() => readlinkSync('/proc/self/ns/pid')),
    isAlive,
    nonce: () => randomBytes(16).toString('hex'),
    seconds: () => Math.floor(Date.now() / 1000),
    monotonicMs: () => performance.now(),
    wait: (ms) => wait(ms),
    repeat,
  }
}

/** State and start time of /proc/<pid>/stat: fields 3 and 22. The name in field 2 is the process's to choose and may hold anything. */
export function decodeStat(text: string): { readonly state: string; readonly start: string } | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields[0], fields[19]]
  return state !== undefined && start !== undefined && /^[0-9]+$/.test(start) ? { state, start } : undefined
}

async function isAlive(pid: number, start: string): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  const found = decodeStat(await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''))
  if (found === undefined) return true
  // One that was killed stays in the table until its parent asks for it.
  if (found.state === 'Z' || found.state === 'X') return false
  return start === '' || found.start === start
}

function repeat(ms: number, task: () => Promise<void>): () => void {
  let isOver = false
  let timer: NodeJS.Timeout | undefined
  const next = (): void => {
    if (isOver) return
    timer = setTimeout(() => void task().then(next, next), ms)
    timer.unref()
  }
  next()
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}

function readOr(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
