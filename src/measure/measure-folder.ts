/** A folder of files as the manifest of a model, and the digests that name it. @module */
import { basename, resolve } from 'node:path'
import {
  createOmsManifest,
  type OmsManifest,
  type OmsResource,
  omsRoot,
  omsSubject,
} from '../core/resources/oms-manifest.ts'
import { CountersignError } from '../errors.ts'
import { type FileDigests, hashFiles } from './hash-files.ts'
import { type FoundFile, IGNORED_PATHS, isSameState, walkFolder } from './walk.ts'

export interface MeasuredFile {
  /** Relative POSIX path. */
  readonly name: string
  readonly size: number
  /** `sha256:…` of the octets. */
  readonly digest: string
  /** `sha256:…` with which the kernel names the file once fs-verity is enabled on it; where it was asked for. */
  readonly fsVerity?: string
}

export interface MeasuredFolder {
  /** `sha256:…` over names, digests and executable bits: what receipts name. */
  readonly root: string
  readonly manifest: OmsManifest
  /** In the order of the manifest. */
  readonly files: readonly MeasuredFile[]
  /** Of all files, in octets. */
  readonly size: number
  /** `sha256:…` over the digests alone: what signatures of publishers name. */
  readonly subject: string
}

export interface MeasureOptions {
  readonly signal?: AbortSignal
  /** In octets; `total` is that of all files, twice where fs-verity is asked for. */
  onProgress?(done: number, total: number): void
  /** Worker threads; as many as there are cores where not given. */
  readonly threads?: number
  /** Computes the fs-verity digest of each file too, a large file in parallel parts. */
  readonly fsVerity?: boolean
}

const EXECUTABLE = 0o111n

function digestsOf(name: string, digests: ReadonlyMap<string, FileDigests>): FileDigests {
  const found = digests.get(name)
  if (found === undefined) throw new CountersignError('ERR_STATE', `${name} was not measured`)
  return found
}

/** Files come, go and change behind the one that is read: the folder must be the same before and after. */
async function assertUnchanged(directory: string, found: readonly FoundFile[]): Promise<void> {
  const before = new Map(found.map(({ name, state }) => [name, state]))
  const after = await walkFolder(directory)
  const differs = after.find(({ name, state }) => {
    const earlier = before.get(name)
    before.delete(name)
    return earlier === undefined || !isSameState(earlier, state)
  })
  const name = differs?.name ?? [...before.keys()][0]
  if (name !== undefined)
    throw new CountersignError(
      'ERR_STATE',
      `${name} changed while the folder was measured: stop who writes, and measure again`,
    )
}

/**
 * Measures every file of a folder, in parallel.
 * @throws CountersignError ERR_USAGE for links and devices, ERR_STATE for what changes meanwhile; the signal's reason when aborted
 */
export async function measureFolder(directory: string, options: MeasureOptions = {}): Promise<MeasuredFolder> {
  const { signal, threads, fsVerity = false, onProgress } = options
  const found = await walkFolder(directory)
  const size = found.reduce((sum, { state }) => sum + Number(state.size), 0)
  const total = fsVerity ? 2 * size : size
  let done = 0
  const onRead = (octets: number): void => {
    done += octets
    onProgress?.(done, total)
  }
  const digests = await hashFiles(found, { threads, signal, fsVerity, onRead })
  await assertUnchanged(directory, found)
  const files: MeasuredFile[] = []
  const resources: OmsResource[] = []
  for (const { name, state } of found) {
    const { hex, fsVerity: verity } = digestsOf(name, digests)
    const marked = (state.mode & EXECUTABLE) !== 0n
    resources.push({ name, digest: hex, ...(marked ? { executable: true } : {}) })
    files.push({
      name,
      size: Number(state.size),
      digest: `sha256:${hex}`,
      ...(verity === undefined ? {} : { fsVerity: verity }),
    })
  }
  const manifest = createOmsManifest(basename(resolve(directory)), resources, IGNORED_PATHS)
  return { root: omsRoot(manifest), manifest, files, size, subject: omsSubject(manifest) }
}
