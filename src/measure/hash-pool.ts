/** Work on several threads: each thread takes the largest piece that is left. @module */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { CountersignError } from '../errors.ts'
import { answerTasks, type ByteRange, type HashReply, type HashTask } from './hash-worker.ts'
import type { FoundFile } from './walk.ts'

const WORKER_TEXT = `(${answerTasks.toString()})({
  port: process.getBuiltinModule('node:worker_threads').parentPort,
  fs: process.getBuiltinModule('node:fs'),
  crypto: process.getBuiltinModule('node:crypto'),
})`

/** A whole file, or the blocks of a part of it. */
export interface HashJob {
  readonly file: FoundFile
  readonly range?: ByteRange
}

/** What a job comes to, or octets that were read for it. */
export type JobReply = Exclude<HashReply, { readonly kind: 'failed' }>

export interface PoolOptions {
  /** As many as there are cores where not given. */
  readonly threads?: number | undefined
  readonly signal?: AbortSignal | undefined
  onReply(job: HashJob, reply: JobReply): void
}

function sizeOf({ file, range }: HashJob): number {
  return range === undefined ? Number(file.state.size) : range.to - range.from
}

function failureOf(name: string, { reason, detail }: Extract<HashReply, { kind: 'failed' }>): CountersignError {
  return reason === 'changed'
    ? new CountersignError(
        'ERR_STATE',
        `${name} changed while it was measured (${detail}): stop who writes, and measure again`,
      )
    : new CountersignError('ERR_USAGE', `${name} cannot be read (${detail})`)
}

/** One thread's share: a job after the other until none is left. */
function drain(worker: Worker, queue: HashJob[], onReply: PoolOptions['onReply']): Promise<void> {
  return new Promise((resolve, reject) => {
    let current: HashJob | undefined
    const next = (): void => {
      current = queue.pop()
      if (current === undefined) {
        resolve()
        return
      }
      const { file, range } = current
      const task: HashTask = { path: file.path, state: file.state, ...(range === undefined ? {} : { range }) }
      worker.postMessage(task)
    }
    worker.on('message', (reply: HashReply) => {
      if (current === undefined) return
      if (reply.kind === 'failed') return reject(failureOf(current.file.name, reply))
      try {
        onReply(current, reply)
      } catch (error) {
        return reject(error)
      }
      if (reply.kind !== 'read') next()
    })
    worker.once('error', reject)
    worker.once('exit', () => reject(new CountersignError('ERR_STATE', 'a thread that measures ended early')))
    next()
  })
}

/** Rejects when the caller gives up. */
function aborted(signal: AbortSignal, settled: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: settled })
  })
}

export async function runJobs(jobs: readonly HashJob[], options: PoolOptions): Promise<void> {
  const { threads = availableParallelism(), signal, onReply } = options
  signal?.throwIfAborted()
  const queue = [...jobs].sort((a, b) => sizeOf(a) - sizeOf(b))
  const count = Math.max(1, Math.min(threads, jobs.length))
  // Nothing of this process's options: a thread needs no loader, no inspector, no conditions.
  const workers = Array.from({ length: count }, () => new Worker(WORKER_TEXT, { eval: true, execArgv: [] }))
  const settled = new AbortController()
  try {
    const shares = Promise.all(workers.map((worker) => drain(worker, queue, onReply)))
    await (signal === undefined ? shares : Promise.race([shares, aborted(signal, settled.signal)]))
  } finally {
    settled.abort()
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}
