/** The files of a folder, as they lie there. Links and devices are refused: what they lead to is not in the folder. @module */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { assertRelativeName, compareNames } from '../core/resources/oms-manifest-names.ts'
import { CountersignError } from '../errors.ts'

/** Left out of every measurement, and named in it: version control, and the signature, which cannot cover itself. */
export const IGNORED_PATHS: readonly string[] = ['.git', 'model.sig']

/** What tells one state of a file from another: a write moves `mtime`, and whoever sets that back moves `ctime`. */
export interface FileState {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  readonly mode: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

const STATE_FIELDS = ['dev', 'ino', 'size', 'mode', 'mtimeNs', 'ctimeNs'] as const

export function isSameState(a: FileState, b: FileState): boolean {
  return STATE_FIELDS.every((field) => a[field] === b[field])
}

export interface FoundFile {
  /** Relative POSIX path. */
  readonly name: string
  readonly path: string
  readonly state: FileState
}

function refuse(name: string, why: string): CountersignError {
  return new CountersignError('ERR_USAGE', `${name} ${why}`)
}

function assertMeasurable(name: string): void {
  // Node shows octets that are no UTF-8 so; two such names would look alike.
  if (name.includes('\u{fffd}')) throw refuse(name, 'has a name that is not UTF-8: rename it')
  try {
    assertRelativeName(name)
  } catch {
    throw refuse(name, 'has a name with a backslash or beyond 4096 characters: rename it')
  }
}

async function walkInto(folder: string, prefix: string, found: FoundFile[]): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const name = `${prefix}${entry.name}`
    if (IGNORED_PATHS.includes(name)) continue
    const path = join(folder, entry.name)
    assertMeasurable(name)
    if (entry.isDirectory()) await walkInto(path, `${name}/`, found)
    else if (entry.isSymbolicLink()) throw refuse(name, 'is a symbolic link: put the file itself in its place')
    else if (entry.isFile()) found.push({ name, path, state: await lstat(path, { bigint: true }) })
    else throw refuse(name, 'is neither a file nor a folder: take it out')
  }
}

/** @throws CountersignError ERR_USAGE, naming what cannot be measured */
export async function walkFolder(directory: string): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = []
  try {
    await walkInto(directory, '', found)
  } catch (cause) {
    if (cause instanceof CountersignError) throw cause
    throw new CountersignError('ERR_USAGE', `${directory} cannot be read as a folder`, { cause })
  }
  if (found.length === 0) throw refuse(directory, 'holds no file to measure')
  return found.sort((a, b) => compareNames(a.name, b.name))
}
