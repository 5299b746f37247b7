/**
 * What a worker thread does: reads a file to its end and gives its SHA-256. Reading and hashing block, so they have threads of their own.
 *
 * The function reaches a worker as its own text: so it runs from the sources, which Node cannot load in a thread, as well as from what the
 * build makes of them, and is checked like all other code. Hence it names nothing but its parameters and what every runtime has.
 * @module
 */
import type { MessagePort } from 'node:worker_threads'
import type { FileState } from './walk.ts'

export interface HashTask {
  readonly path: string
  /** As the folder was walked. */
  readonly state: FileState
}

export type HashReply =
  | { readonly kind: 'read'; readonly octets: number }
  | { readonly kind: 'digest'; readonly hex: string }
  /** `changed`: not the file that was found, or written to meanwhile. */
  | { readonly kind: 'failed'; readonly reason: 'changed' | 'unreadable'; readonly detail: string }

/** What the thread needs of Node. */
export interface WorkerModules {
  readonly port: MessagePort | null
  readonly fs: Pick<typeof import('node:fs'), 'openSync' | 'fstatSync' | 'closeSync' | 'constants'> & {
    readSync(file: number, buffer: Uint8Array, offset: number, length: number, position: null): number
  }
  readonly crypto: typeof import('node:crypto')
}

export function answerTasks({ port, fs, crypto }: WorkerModules): void {
  const CHUNK_SIZE = 1024 * 1024
  const REPORT_EVERY = 16 * 1024 * 1024
  const FIELDS = ['dev', 'ino', 'size', 'mode', 'mtimeNs', 'ctimeNs'] as const
  const buffer = new Uint8Array(CHUNK_SIZE)
  const reply = (message: HashReply): void => port?.postMessage(message)

  const isSame = (a: FileState, b: FileState): boolean => FIELDS.every((field) => a[field] === b[field])

  /** Undefined when the file is longer than it was: somebody writes to it, and reading might never end. */
  const digestOf = (file: number, size: bigint): string | undefined => {
    const hash = crypto.createHash('sha256')
    let total = 0
    let unreported = 0
    for (;;) {
      const count = fs.readSync(file, buffer, 0, CHUNK_SIZE, null)
      total += count
      unreported += count
      if (total > Number(size)) return undefined
      if (count === 0 || unreported >= REPORT_EVERY) {
        reply({ kind: 'read', octets: unreported })
        unreported = 0
      }
      if (count === 0) return hash.digest('hex')
      hash.update(count === CHUNK_SIZE ? buffer : buffer.subarray(0, count))
    }
  }

  const measure = ({ path, state }: HashTask): HashReply => {
    // Neither led elsewhere by a link nor held up by a pipe that was put in the file's place.
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants
    const file = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      if (!isSame(state, fs.fstatSync(file, { bigint: true })))
        return { kind: 'failed', reason: 'changed', detail: 'it is not the file that was found' }
      const hex = digestOf(file, state.size)
      if (hex === undefined || !isSame(state, fs.fstatSync(file, { bigint: true })))
        return { kind: 'failed', reason: 'changed', detail: 'it was written to' }
      return { kind: 'digest', hex }
    } finally {
      fs.closeSync(file)
    }
  }

  port?.on('message', (task: HashTask) => {
    try {
      reply(measure(task))
    } catch (error) {
      const detail = error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read'
      reply({ kind: 'failed', reason: 'unreadable', detail })
    }
  })
}
