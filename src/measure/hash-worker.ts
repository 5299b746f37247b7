/**
 * What a worker thread does: reads a file and gives the SHA-256 of the whole, or of each block of a part of it. Reading and hashing block, so
 * they have threads of their own.
 *
 * The function reaches a worker as its own text: so it runs from the sources, which Node cannot load in a thread, as well as from what the
 * build makes of them, and is checked like all other code. Hence it names nothing but its parameters and what every runtime has.
 * @module
 */
import type { MessagePort } from 'node:worker_threads'
import type { FileState } from './walk.ts'

/** Octets `from` to `to` of a file; both at block ends, but for the end of the file. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

export interface HashTask {
  readonly path: string
  /** As the folder was walked. */
  readonly state: FileState
  /** Where the digest of each block in it is wanted, for fs-verity, and not that of the whole file. */
  readonly range?: ByteRange
}

interface PartOfFile extends ByteRange {
  /** Of the whole file. */
  readonly size: number
}

export type HashReply =
  | { readonly kind: 'read'; readonly octets: number }
  | { readonly kind: 'digest'; readonly hex: string }
  | { readonly kind: 'blocks'; readonly digests: Uint8Array }
  /** `changed`: not the file that was found, or written to meanwhile. */
  | { readonly kind: 'failed'; readonly reason: 'changed' | 'unreadable'; readonly detail: string }

/** What the thread needs of Node. */
export interface WorkerModules {
  readonly port: MessagePort | null
  readonly fs: Pick<typeof import('node:fs'), 'openSync' | 'fstatSync' | 'closeSync' | 'constants'> & {
    readSync(file: number, buffer: Uint8Array, offset: number, length: number, position: number): number
  }
  readonly crypto: typeof import('node:crypto')
}

export function answerTasks({ port, fs, crypto }: WorkerModules): void {
  const CHUNK_SIZE = 1024 * 1024
  const BLOCK_SIZE = 4096
  const REPORT_EVERY = 16 * 1024 * 1024
  const FIELDS = ['dev', 'ino', 'size', 'mode', 'mtimeNs', 'ctimeNs'] as const
  const buffer = new Uint8Array(CHUNK_SIZE)
  const reply = (message: HashReply): void => port?.postMessage(message)

  const isSame = (a: FileState, b: FileState): boolean => FIELDS.every((field) => a[field] === b[field])

  /**
   * Gives whole portions, but for the last. False when the file ends before the range does, or goes on where it should end: somebody
   * writes to it, and reading to its end might never end.
   */
  const readRange = (file: number, { from, to, size }: PartOfFile, use: (portion: Uint8Array) => void): boolean => {
    let reported = from
    for (let at = from; at < to; ) {
      const wanted = Math.min(CHUNK_SIZE, to - at)
      let filled = 0
      while (filled < wanted) {
        const count = fs.readSync(file, buffer, filled, wanted - filled, at + filled)
        if (count === 0) return false
        filled += count
      }
      use(wanted === CHUNK_SIZE ? buffer : buffer.subarray(0, wanted))
      at += wanted
      if (at - reported >= REPORT_EVERY || at === to) {
        reply({ kind: 'read', octets: at - reported })
        reported = at
      }
    }
    return to < size || fs.readSync(file, buffer, 0, 1, to) === 0
  }

  const digestOf = (file: number, size: number): HashReply | undefined => {
    const hash = crypto.createHash('sha256')
    const whole = readRange(file, { from: 0, to: size, size }, (portion) => hash.update(portion))
    return whole ? { kind: 'digest', hex: hash.digest('hex') } : undefined
  }

  /** fs-verity: the SHA-256 of each block, the last of a file filled up with zeros. */
  const blocksOf = (file: number, part: PartOfFile): HashReply | undefined => {
    const digests = new Uint8Array(Math.ceil((part.to - part.from) / BLOCK_SIZE) * 32)
    let at = 0
    const use = (portion: Uint8Array): void => {
      for (let i = 0; i < portion.length; i += BLOCK_SIZE) {
        const rest = portion.subarray(i, i + BLOCK_SIZE)
        const block = rest.length === BLOCK_SIZE ? rest : new Uint8Array(BLOCK_SIZE)
        if (block !== rest) block.set(rest)
        digests.set(crypto.hash('sha256', block, 'buffer'), at)
        at += 32
      }
    }
    return readRange(file, part, use) ? { kind: 'blocks', digests } : undefined
  }

  const measure = ({ path, state, range }: HashTask): HashReply => {
    // Neither led elsewhere by a link nor held up by a pipe that was put in the file's place.
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants
    const file = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      if (!isSame(state, fs.fstatSync(file, { bigint: true })))
        return { kind: 'failed', reason: 'changed', detail: 'it is not the file that was found' }
      const size = Number(state.size)
      const result = range === undefined ? digestOf(file, size) : blocksOf(file, { ...range, size })
      if (result === undefined || !isSame(state, fs.fstatSync(file, { bigint: true })))
        return { kind: 'failed', reason: 'changed', detail: 'it was written to' }
      return result
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
