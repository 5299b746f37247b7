/**
 * Receipts on disk: one file for each record, named by a digest, written whole or not at all. Prompts and answers lie here in clear, so
 * the folder is the owner's alone. @module
 */
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReceiptStore } from '../client/store.ts'
import { CountersignError } from '../errors.ts'
import {
  createReceiptStore,
  type ReceiptStoreOptions,
  type Records,
  type RecordWriting,
} from '../receipt-store/index.ts'

const FOREIGN = 0o077
const DRAFT_LIFE_MS = 3_600_000

/**
 * Opens a folder for records; makes it, for its owner alone, if it is not there.
 * @throws CountersignError ERR_CONFIG when the folder cannot be used, belongs to somebody else, or when others may look into it
 */
export async function createFileRecords(folder: string): Promise<Records> {
  const usable = <T>(run: () => Promise<T>): Promise<T> => orUnusable(folder, run)
  await usable(async () => {
    await openFolder(folder)
    await dropDrafts(folder)
  })
  return {
    read: (name) => usable(() => readIfThere(join(folder, name))),
    write: (name, writing) => usable(() => writeWhole(folder, name, writing)),
    list: (kind) =>
      usable(async () => {
        const names = (await readdir(folder)).filter((name) => name.endsWith(`.${kind}`))
        const stamps = await Promise.all(names.map((name) => stampOf(folder, name)))
        return stamps
          .flatMap((stamp) => stamp ?? [])
          .sort((one, other) => one.atMs - other.atMs || (one.name < other.name ? -1 : 1))
      }),
    remove: (name) => usable(() => rm(join(folder, name), { force: true })),
  }
}

/** @throws CountersignError ERR_CONFIG */
export async function createFileReceiptStore(folder: string, options?: ReceiptStoreOptions): Promise<ReceiptStore> {
  return createReceiptStore(await createFileRecords(folder), options)
}

async function openFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (made !== undefined) await chmod(folder, 0o700)
  const { mode, uid } = await stat(folder)
  if (process.getuid !== undefined && uid !== 0 && uid !== process.getuid())
    throw new CountersignError('ERR_CONFIG', `the receipt store ${folder} belongs to somebody else (user ${uid})`)
  // Whoever reads here reads prompts; whoever writes here can take back what a log showed.
  if (process.platform !== 'win32' && (mode & FOREIGN) !== 0)
    throw new CountersignError('ERR_CONFIG', `others may look into the receipt store ${folder}: chmod 700 it`)
}

/** What a crash left half written, unless another program is writing it now. */
async function dropDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.draft')) continue
    const stamp = await stampOf(folder, name)
    if (stamp !== undefined && Date.now() - stamp.atMs > DRAFT_LIFE_MS) await rm(join(folder, name), { force: true })
  }
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    // A pipe would keep its reader waiting for ever.
    return (await stat(file)).isFile() ? new Uint8Array(await readFile(file)) : undefined
  } catch (error) {
    return absent(error)
  }
}

/** The age is the file's own: a listing need not open what may hold megabytes. */
async function stampOf(folder: string, name: string): Promise<{ name: string; atMs: number } | undefined> {
  try {
    return { name, atMs: (await stat(join(folder, name))).mtimeMs }
  } catch (error) {
    return absent(error)
  }
}

/** Another program may have removed it meanwhile. */
function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
  throw error
}

/** Renaming replaces a file in one step: readers and crashes see the old record or the new one. */
async function writeWhole(folder: string, name: string, { octets, atMs }: RecordWriting): Promise<void> {
  const draft = join(folder, `.${randomUUID()}.draft`)
  try {
    await writeFile(draft, octets, { flag: 'wx', mode: 0o600, flush: true })
    await rename(draft, join(folder, name))
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  // Behind the renaming: a draft that looked old could be taken for one that a crash left.
  await utimes(join(folder, name), new Date(atMs), new Date(atMs)).catch(absent)
}

async function orUnusable<T>(folder: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (cause instanceof CountersignError) throw cause
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    const message = `the receipt store ${folder} cannot be used${code}: check its permissions and free space`
    throw new CountersignError('ERR_CONFIG', message, { cause })
  }
}
