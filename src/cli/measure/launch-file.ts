/** Files of a launch: firmware is read, kernels and initrds are digested portion by portion, so that their size costs no memory. @module */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { sha256 } from '../../core/crypto/index.ts'
import { CountersignError } from '../../errors.ts'
import { UsageError } from '../command.ts'

export interface DigestedFile {
  readonly size: number
  readonly sha256: Uint8Array
}

export interface ReadFirmware extends DigestedFile {
  readonly octets: Uint8Array
}

/** Read at once: with less, the calls cost more than the memory that is saved. */
const PORTION = 1024 * 1024
const MAX_FIRMWARE = 64 * 1024 * 1024

/** What changes when somebody writes to a file. */
async function stateOf(handle: FileHandle): Promise<{ readonly size: number; readonly key: string }> {
  const state = await handle.stat({ bigint: true })
  if (!state.isFile()) throw new UsageError('it is no file', 'Give a file.')
  return { size: Number(state.size), key: `${state.size} ${state.mtimeNs} ${state.ctimeNs}` }
}

/** Runs `use` on an open file, and refuses what it found where the file was written to meanwhile. */
async function withFile<T>(file: string, use: (handle: FileHandle, size: number) => Promise<T>): Promise<T> {
  let handle: FileHandle
  try {
    handle = await open(file)
  } catch {
    throw new UsageError(`${file} cannot be read`, 'Check the path.')
  }
  try {
    const before = await stateOf(handle)
    const result = await use(handle, before.size)
    if ((await stateOf(handle)).key === before.key) return result
    throw new CountersignError('ERR_STATE', `${file} changed while it was measured: stop who writes, and measure again`)
  } catch (error) {
    // A folder opens, and fails only when it is looked at.
    if (error instanceof CountersignError) throw error
    throw new UsageError(`${file} cannot be read`, 'Give a file.')
  } finally {
    await handle.close()
  }
}

/** The sizes of files, for a bar of progress. */
export async function sizeOfFiles(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map((file) => withFile(file, async (_, size) => size)))
  return sizes.reduce((sum, size) => sum + size, 0)
}

export interface HashedFile {
  readonly size: number
  readonly digest: Uint8Array
}

/** While one portion is digested, the next is read. @param onRead octets of each portion */
export function hashFile(
  file: string,
  algorithm: 'sha256' | 'sha384',
  onRead: (octets: number) => void = () => {},
): Promise<HashedFile> {
  return withFile(file, async (handle) => {
    const hash = createHash(algorithm)
    let [full, spare] = [Buffer.allocUnsafeSlow(PORTION), Buffer.allocUnsafeSlow(PORTION)]
    let { bytesRead } = await handle.read(full, 0, PORTION)
    let size = 0
    while (bytesRead > 0) {
      const next = handle.read(spare, 0, PORTION)
      hash.update(full.subarray(0, bytesRead))
      size += bytesRead
      onRead(bytesRead)
      bytesRead = (await next).bytesRead
      ;[full, spare] = [spare, full]
    }
    return { size, digest: new Uint8Array(hash.digest()) }
  })
}

export async function digestFile(file: string, onRead: (octets: number) => void): Promise<DigestedFile> {
  const { size, digest } = await hashFile(file, 'sha256', onRead)
  return { size, sha256: digest }
}

/** As much of a file as there is room for. */
async function readInto(handle: FileHandle, octets: Uint8Array): Promise<Uint8Array> {
  let size = 0
  while (size < octets.length) {
    const { bytesRead } = await handle.read(octets, size, octets.length - size)
    if (bytesRead === 0) break
    size += bytesRead
  }
  return octets.subarray(0, size)
}

/** Firmware, whole: its parts are looked up from its end. */
export function readFirmware(file: string): Promise<ReadFirmware> {
  return withFile(file, async (handle, size) => {
    if (size > MAX_FIRMWARE) throw new UsageError(`${file} is larger than 64 MiB`, 'Give the firmware itself.')
    const octets = await readInto(handle, new Uint8Array(size))
    return { size: octets.length, sha256: sha256(octets), octets }
  })
}
