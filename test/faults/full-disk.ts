/** Disks that fill up and get space again: a small file system where one may be mounted, and one in memory. @module */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createFileStore, type ObjectStore } from '../../src/storage/index.ts'
import { diskError, MemoryFiles } from '../kit/memory-files.ts'
import { createMemoryStore } from '../kit/memory-store.ts'

export interface FillableDisk {
  readonly kind: string
  readonly store: ObjectStore
  /** Takes all the space there is, as somebody else's files do. */
  fill(): void
  /** Gives it back. */
  free(): void
  release(): void
}

/** Undefined where this process may not mount one. */
export function mountDisk(folder: string, mebibytes: number): FillableDisk | undefined {
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  const ballast = join(folder, 'ballast')
  const release = (): void => {
    process.off('exit', release)
    // Lazily: files may be open still.
    execFileSync('umount', ['-l', folder], { stdio: 'ignore' })
  }
  // Whoever ends the script early must not leave a file system behind.
  process.once('exit', release)
  return {
    kind: `a file system of ${mebibytes} MiB`,
    store: createFileStore(join(folder, 'data')),
    fill: () => fillWith(ballast),
    free: () => rmSync(ballast),
    release,
  }
}

/** All octets that fit, to the last block. */
function fillWith(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (const size of [1 << 20, 65_536, 4_096]) writeUntilFull(file, new Uint8Array(size).fill(1))
  } finally {
    closeSync(file)
  }
}

function writeUntilFull(file: number, block: Uint8Array): void {
  for (;;) {
    try {
      if (writeSync(file, block) < block.length) return
    } catch {
      return
    }
  }
}

export function memoryDisk(): FillableDisk {
  const files = new MemoryFiles()
  let isFull = false
  files.onStep = ({ operation, path }) => {
    if (isFull && (operation === 'write' || operation === 'create')) throw diskError('ENOSPC', path)
  }
  return {
    kind: 'a disk in memory',
    store: createMemoryStore(files),
    fill() {
      isFull = true
    },
    free() {
      isFull = false
    },
    release: () => {},
  }
}
