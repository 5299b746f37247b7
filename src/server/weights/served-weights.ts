/** A folder of weights that was measured at boot, and whether it still lies there as it was. @module */
import type { MeasuredFile, MeasuredFolder } from '../../measure/index.ts'
import type { ModelDescription } from '../../measure/model/index.ts'
import { type FileState, type FoundFile, walkFolder } from '../../measure/walk.ts'

/** What the measurement found, and the state of the files behind it. */
export interface WeightsContents {
  /** Absolute. */
  readonly directory: string
  readonly measured: MeasuredFolder
  readonly description: ModelDescription
  /** As they were when they were measured. */
  readonly found: readonly FoundFile[]
}

const FIELDS: readonly (keyof FileState)[] = ['dev', 'ino', 'size', 'mode', 'mtimeNs', 'ctimeNs']

/** The first file that differs, in words; undefined when none does. Both are in the order of their names. */
function firstDifference(before: readonly FoundFile[], now: readonly FoundFile[]): string | undefined {
  const there = new Map(now.map((file) => [file.name, file]))
  for (const { name, state } of before) {
    const file = there.get(name)
    if (file === undefined) return `${name} is gone`
    if (FIELDS.some((field) => file.state[field] !== state[field])) return `${name} was changed`
    there.delete(name)
  }
  const [added] = there.keys()
  return added === undefined ? undefined : `${added} was added`
}

/**
 * A model server may map its files and read them at any time, so what was measured vouches for nothing once a file was touched. What is
 * compared comes from this machine's kernel; whoever owns the disk below it can change blocks without that: dm-verity is against those.
 */
export class ServedWeights {
  readonly directory: string
  /** `sha256:…` over names, digests and executable bits: what receipts name, scheme `oms-v1`. */
  readonly root: string
  readonly files: readonly MeasuredFile[]
  readonly manifest: MeasuredFolder['manifest']
  /** By the word of whoever made the files. */
  readonly description: ModelDescription
  readonly #found: readonly FoundFile[]
  #difference: string | undefined
  #unreadable: string | undefined

  constructor({ directory, measured, description, found }: WeightsContents) {
    this.directory = directory
    this.root = measured.root
    this.files = measured.files
    this.manifest = measured.manifest
    this.description = description
    this.#found = found
  }

  /** What is not as it was measured; undefined for nothing. Files that differed once are never taken back: who knows what read them meanwhile. */
  get change(): string | undefined {
    return this.#difference ?? this.#unreadable
  }

  /** Looks at every file's inode, size, mode and times, and for files that were added. Reads none. */
  async look(): Promise<string | undefined> {
    if (this.#difference !== undefined) return this.#difference
    try {
      this.#difference = firstDifference(this.#found, await walkFolder(this.directory))
      this.#unreadable = undefined
    } catch (error) {
      this.#unreadable = error instanceof Error ? error.message : 'the folder cannot be read'
    }
    return this.change
  }
}
