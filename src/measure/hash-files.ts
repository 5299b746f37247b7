/** Digests of many files on several threads: each thread takes the largest file that is left. @module */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { CountersignError } from '../errors.ts'
import { answerTasks, type HashReply, type HashTask } from './hash-worker.ts'
import type { FoundFile } from './walk.ts'

const WORKER_TEXT = `(${answerTasks.toString()})({
  port: process.getBuiltinModule('node:worker_threads').parentPort,
  fs: process.getBuiltinModule('node:fs'),
  crypto: process.getBuiltinModule('node:crypto'),
})`

export interface HashOptions {
  readonly threads?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Octets read since the last call. */
  onRead(octets: number): void
}

function failureOf(name: string, { reason, detail }: Extract<HashReply, { kind: 'failed' }>): CountersignError {
  return reason === 'changed'
    ? new CountersignError(
        'ERR_STATE',
        `${name} changed while it was measured (${detail}): stop who writes, and measure again`,
      )
    : new CountersignError('ERR_USAGE', `${name} cannot be read (${detail})`)
}

/** One thread's share: a file after the other until none is left. */
function drain(worker: Worker, queue: FoundFile[], found: (file: FoundFile, reply: HashReply) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let current: FoundFile | undefined
    const next = (): void => {
      current = queue.pop()
      if (current === undefined) resolve()
      else worker.postMessage({ path: current.path, state: current.state } satisfies HashTask)
    }
    worker.on('message', (reply: HashReply) => {
      if (current === undefined) return
      if (reply.kind === 'failed') return reject(failureOf(current.name, reply))
      try {
        found(current, reply)
      } catch (error) {
        return reject(error)
      }
      if (reply.kind === 'digest') next()
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

/** @returns for each name the digest in lower-case hexadecimal */
export async function hashFiles(
  files: readonly FoundFile[],
  { threads = availableParallelism(), signal, onRead }: HashOptions,
): Promise<ReadonlyMap<string, string>> {
  signal?.throwIfAborted()
  const queue = [...files].sort((a, b) => (a.state.size < b.state.size ? -1 : a.state.size > b.state.size ? 1 : 0))
  const count = Math.max(1, Math.min(threads, files.length))
  // Nothing of this process's options: a thread needs no loader, no inspector, no conditions.
  const workers = Array.from({ length: count }, () => new Worker(WORKER_TEXT, { eval: true, execArgv: [] }))
  const settled = new AbortController()
  const digests = new Map<string, string>()
  const found = ({ name }: FoundFile, reply: HashReply): void => {
    if (reply.kind === 'read') onRead(reply.octets)
    else if (reply.kind === 'digest') digests.set(name, reply.hex)
  }
  try {
    const shares = Promise.all(workers.map((worker) => drain(worker, queue, found)))
    await (signal === undefined ? shares : Promise.race([shares, aborted(signal, settled.signal)]))
    return digests
  } finally {
    settled.abort()
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}
