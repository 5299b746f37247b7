/** A folder of files as the manifest of a model, and the digests that name it. @module */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { createOmsManifest, type OmsManifest, omsRoot, omsSubject } from '../core/resources/oms-manifest.ts'
import { CountersignError } from '../errors.ts'
import { type FileState, type FoundFile, IGNORED_PATHS, walkFolder } from './walk.ts'

export interface MeasuredFile {
  /** Relative POSIX path. */
  readonly name: string
  readonly size: number
  /** `sha256:…` of the octets. */
  readonly digest: string
}

export interface MeasuredFolder {
  /** `sha256:…` over names, digests and executable bits: what receipts name. */
  readonly root: string
  readonly manifest: OmsManifest
  /** In the order of the manifest. */
  readonly files: readonly MeasuredFile[]
  /** Of all files, in octets. */
  readonly size: number
  /** `sha256:…` of the digests alone: what signatures of publishers name. */
  readonly subject: string
}

export interface MeasureOptions {
  readonly signal?: AbortSignal
  /** In octets. */
  onProgress?(done: number, total: number): void
  /** Worker threads; as many as there are cores where not given. */
  readonly threads?: number
}

const CHUNK_SIZE = 1024 * 1024
const EXECUTABLE = 0o111n

function isSame(a: FileState, b: FileState): boolean {
  const fields = ['dev', 'ino', 'size', 'mode', 'mtimeNs', 'ctimeNs'] as const
  return fields.every((field) => a[field] === b[field])
}

async function hashOpened(handle: FileHandle, onRead: (octets: number) => void): Promise<string> {
  const hash = createHash('sha256')
  const buffer = new Uint8Array(CHUNK_SIZE)
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_SIZE)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, bytesRead))
    onRead(bytesRead)
  }
}

async function hashFile({ name, path, state }: FoundFile, onRead: (octets: number) => void): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const before = await handle.stat({ bigint: true })
    const hex = await hashOpened(handle, onRead)
    const after = await handle.stat({ bigint: true })
    if (!isSame(state, before) || !isSame(state, after))
      throw new CountersignError('ERR_STATE', `${name} was changed while it was measured`)
    return hex
  } finally {
    await handle.close()
  }
}

/**
 * Measures every file of a folder.
 * @throws CountersignError ERR_USAGE for links and devices, ERR_STATE for files that change meanwhile
 */
export async function measureFolder(directory: string, options: MeasureOptions = {}): Promise<MeasuredFolder> {
  const found = await walkFolder(directory)
  const size = found.reduce((sum, { state }) => sum + Number(state.size), 0)
  let done = 0
  const digests = new Map<string, string>()
  for (const file of found) {
    const onRead = (octets: number): void => {
      options.signal?.throwIfAborted()
      done += octets
      options.onProgress?.(done, size)
    }
    options.signal?.throwIfAborted()
    digests.set(file.name, await hashFile(file, onRead))
  }
  return describe(basename(resolve(directory)), found, digests)
}

function describe(model: string, found: readonly FoundFile[], digests: ReadonlyMap<string, string>): MeasuredFolder {
  const hexOf = (name: string): string => digests.get(name) ?? ''
  const resources = found.map(({ name, state }) => ({
    name,
    digest: hexOf(name),
    ...((state.mode & EXECUTABLE) === 0n ? {} : ({ executable: true } as const)),
  }))
  const manifest = createOmsManifest(model, resources, IGNORED_PATHS)
  const files = found.map(({ name, state }) => ({
    name,
    size: Number(state.size),
    digest: `sha256:${hexOf(name)}`,
  }))
  const size = files.reduce((sum, file) => sum + file.size, 0)
  return { root: omsRoot(manifest), manifest, files, size, subject: omsSubject(manifest) }
}
