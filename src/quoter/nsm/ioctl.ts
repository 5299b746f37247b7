/**
 * The one ioctl of /dev/nsm, through libc. Node has none, so this is the one place with a foreign-function library; it is loaded when a
 * device is asked, and by nobody else.
 *
 * ```
 * struct nsm_raw { struct iovec request; struct iovec response }     addr u64 | len u64 | addr u64 | len u64
 * ```
 * On return the second length is what was written. The function reaches its thread as text, see {@link createThread}. @module
 */
import { createRequire } from 'node:module'
import type koffi from 'koffi'
import type { FileSystem } from '../files/perform.ts'

/** _IOWR(0x0A, 0, struct nsm_raw). */
export const NSM_IOCTL = 0xc0200a00

export interface IoctlTask {
  readonly path: string
  readonly number: number
  readonly request: Uint8Array
  readonly responseSize: number
}

export type IoctlReply =
  | { readonly kind: 'octets'; readonly octets: Uint8Array }
  /** `code` is the kernel's, such as `EMSGSIZE`. */
  | { readonly kind: 'failed'; readonly code: string }

/** What the thread needs of the library. */
export type Library = Pick<typeof koffi, 'load' | 'address' | 'errno' | 'os'>

/** Makes the call once; a function of the library is never given back. */
export function createIoctl({
  library,
  fs,
}: {
  readonly library: Library
  readonly fs: Pick<FileSystem, 'openSync' | 'closeSync' | 'constants'>
}): (task: IoctlTask) => IoctlReply {
  // Variadic in glibc and in musl; in musl the number is an int, of which these are the same 32 bits.
  const ioctl = library.load(null).func('int ioctl(int fd, unsigned long request, ...)')
  const nameOf = (errno: number): string =>
    Object.entries(library.os.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`

  const exchange = (file: number, { number, request, responseSize }: IoctlTask): IoctlReply => {
    // One array for both, which is read below: an address alone keeps nothing from being collected during the call.
    const memory = new Uint8Array(request.length + responseSize)
    memory.set(request)
    const [start, size] = [BigInt(library.address(memory)), BigInt(request.length)]
    const vectors = BigUint64Array.of(start, size, start + size, BigInt(responseSize))
    const result: unknown = ioctl(file, number, 'void *', vectors)
    const errno = library.errno()
    if (result !== 0) return { kind: 'failed', code: nameOf(errno) }
    const written = Number(vectors[3] ?? 0n)
    // The driver's own word for a length beyond what it was given.
    if (written > responseSize) return { kind: 'failed', code: 'EMSGSIZE' }
    return { kind: 'octets', octets: memory.slice(request.length, request.length + written) }
  }

  return (task) => {
    try {
      const file = fs.openSync(task.path, fs.constants.O_RDWR)
      try {
        return exchange(file, task)
      } finally {
        fs.closeSync(file)
      }
    } catch (error) {
      return { kind: 'failed', code: error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN' }
    }
  }
}

/** Where the library lies; undefined where it was not installed, as it may be left out. */
export function findLibrary(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('koffi')
  } catch {
    return undefined
  }
}

/** Text of a function of an {@link IoctlTask}. The library is loaded by the thread's first call. */
export function ioctlText(library: string): string {
  return `(() => {
  const { createRequire } = process.getBuiltinModule('node:module')
  const fs = process.getBuiltinModule('node:fs')
  const path = ${JSON.stringify(library)}
  let ioctl
  return (task) => {
    try {
      ioctl ??= (${createIoctl.toString()})({ library: createRequire(path)(path), fs })
    } catch {
      return { kind: 'failed', code: 'NO_LIBRARY' }
    }
    return ioctl(task)
  }
})()`
}
