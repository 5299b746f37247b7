/** Digests of files: of each as a whole, which one thread computes from first to last, and of its blocks, which many do at once. @module */
import { fsVerityDigest, VERITY_BLOCK_SIZE } from './fs-verity.ts'
import { type HashJob, type PoolOptions, runJobs } from './hash-pool.ts'
import type { FoundFile } from './walk.ts'

/** Octets of a file that one thread takes at a time: a multiple of fs-verity's blocks. */
const RANGE_SIZE = 16 * 1024 * 1024
/** Digests of the blocks of a whole range. */
const RANGE_DIGESTS = (RANGE_SIZE / VERITY_BLOCK_SIZE) * 32

export interface FileDigests {
  /** Lower-case hexadecimal SHA-256 of the octets. */
  readonly hex: string
  /** `sha256:…`, where it was asked for. */
  readonly fsVerity?: string
}

export interface HashOptions extends Omit<PoolOptions, 'onReply'> {
  readonly fsVerity?: boolean | undefined
  /** Octets read since the last call. */
  onRead(octets: number): void
}

function rangesOf(file: FoundFile): readonly HashJob[] {
  const size = Number(file.state.size)
  const starts = Array.from({ length: Math.ceil(size / RANGE_SIZE) }, (_, i) => i * RANGE_SIZE)
  return starts.map((from) => ({ file, range: { from, to: Math.min(from + RANGE_SIZE, size) } }))
}

/** Room for the digests of all blocks of a file. */
function leavesOf({ state }: FoundFile): Uint8Array {
  return new Uint8Array(Math.ceil(Number(state.size) / VERITY_BLOCK_SIZE) * 32)
}

/** @returns the digests of each file, by name */
export async function hashFiles(
  files: readonly FoundFile[],
  { fsVerity = false, onRead, ...pool }: HashOptions,
): Promise<ReadonlyMap<string, FileDigests>> {
  const leaves = new Map(fsVerity ? files.map((file) => [file.name, leavesOf(file)]) : [])
  const wholes = new Map<string, string>()
  const jobs = [...files.map((file) => ({ file })), ...(fsVerity ? files.flatMap(rangesOf) : [])]
  await runJobs(jobs, {
    ...pool,
    onReply({ file, range }, reply) {
      if (reply.kind === 'read') onRead(reply.octets)
      else if (reply.kind === 'digest') wholes.set(file.name, reply.hex)
      else leaves.get(file.name)?.set(reply.digests, ((range?.from ?? 0) / RANGE_SIZE) * RANGE_DIGESTS)
    },
  })
  const digests = new Map<string, FileDigests>()
  for (const { name, state } of files) {
    const hex = wholes.get(name)
    const blocks = leaves.get(name)
    const verity = blocks === undefined ? {} : { fsVerity: fsVerityDigest(Number(state.size), blocks) }
    if (hex !== undefined) digests.set(name, { hex, ...verity })
  }
  return digests
}
