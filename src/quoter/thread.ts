/**
 * A thread for calls that block in the kernel, one after the other.
 *
 * Its text is made of functions that name nothing but their parameters: so it runs from the sources as well as from the build.
 * @module
 */
import { Worker } from 'node:worker_threads'

export interface DeviceThread<Task, Reply> {
  /** @throws Error when the thread was let go of meanwhile, or could not begin */
  call(task: Task): Promise<Reply>
  /** Rejects what is under way. A thread that hangs in the kernel ends when that comes back; the next call has a new one. */
  abandon(): void
}

interface Answer<Reply> {
  readonly id: number
  readonly reply: Reply
}

interface Waiting<Reply> {
  resolve(reply: Reply): void
  reject(error: Error): void
}

/** @param perform text of an expression whose value is a function of a task that returns its reply */
export function createThread<Task, Reply>(perform: string): DeviceThread<Task, Reply> {
  const waiting = new Map<number, Waiting<Reply>>()
  let worker: Worker | undefined
  let calls = 0
  const abandon = (reason: Error = new Error('the call was given up')): void => {
    const gone = worker
    worker = undefined
    for (const { reject } of waiting.values()) reject(reason)
    waiting.clear()
    gone?.unref()
    // Not waited for: it may take as long as the kernel does.
    void gone?.terminate()
  }
  const begin = (): Worker => {
    const begun = new Worker(TEXT(perform), { eval: true, execArgv: [] })
    begun.unref()
    begun.on('message', ({ id, reply }: Answer<Reply>) => {
      const waiter = waiting.get(id)
      waiting.delete(id)
      if (waiting.size === 0) begun.unref()
      waiter?.resolve(reply)
    })
    const onEnd = (reason: Error): void => {
      if (worker === begun) abandon(reason)
    }
    begun.once('error', (error) => onEnd(error instanceof Error ? error : new Error(String(error))))
    begun.once('exit', () => onEnd(new Error('the thread ended early')))
    return begun
  }
  return {
    call: (task) =>
      new Promise((resolve, reject) => {
        worker ??= begin()
        const id = calls++
        waiting.set(id, { resolve, reject })
        // While a call is under way its thread keeps the process up.
        worker.ref()
        worker.postMessage({ id, task })
      }),
    abandon: () => abandon(),
  }
}

const TEXT = (perform: string): string => `
const { parentPort } = process.getBuiltinModule('node:worker_threads')
const perform = ${perform}
parentPort.on('message', ({ id, task }) => parentPort.postMessage({ id, reply: perform(task) }))
`
