/**
 * A thread for calls that block in the kernel, one after the other.
 *
 * Its text is made of functions that name nothing but their parameters: so it runs from the sources as well as from the build.
 * @module
 */
import { Worker } from 'node:worker_threads'
import { CountersignError } from '../errors.ts'

export interface DeviceThread<Task, Reply> {
  /** @throws CountersignError ERR_QUOTE when the thread was let go of meanwhile, could not begin, or too many hang */
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

/** Each has a heap of its own, and none can be ended from outside while the kernel has it. */
const MAX_HANGING = 3

/** @param perform text of an expression whose value is a function of a task that returns its reply */
export function createThread<Task, Reply>(perform: string): DeviceThread<Task, Reply> {
  const waiting = new Map<number, Waiting<Reply>>()
  let worker: Worker | undefined
  let calls = 0
  /** Let go of, and not ended yet. */
  const hanging = new Set<Worker>()
  const abandon = (reason = new CountersignError('ERR_QUOTE', 'the call was given up')): void => {
    const gone = worker
    worker = undefined
    for (const { reject } of waiting.values()) reject(reason)
    waiting.clear()
    if (gone === undefined) return
    gone.unref()
    hanging.add(gone)
    // Not waited for: it may take as long as the kernel does.
    void gone.terminate()
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
    const onEnd = (why: string): void => {
      if (worker === begun) abandon(new CountersignError('ERR_QUOTE', `the thread of the device ended early: ${why}`))
    }
    begun.once('error', (error) => onEnd(error instanceof Error ? error.message : 'unknown'))
    begun.once('exit', () => {
      onEnd('it stopped')
      hanging.delete(begun)
    })
    return begun
  }
  return {
    call: (task) =>
      new Promise((resolve, reject) => {
        if (hanging.size >= MAX_HANGING)
          throw new CountersignError(
            'ERR_QUOTE',
            `${hanging.size} earlier calls of the device hang in the kernel: no more are begun until one comes back`,
          )
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
