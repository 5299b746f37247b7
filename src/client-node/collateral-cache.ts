/**
 * Collateral on disk: one file for each entry, written whole or not at all. A file that is cut, altered or of another key is a miss; its
 * next entry replaces it. Floors against rollback live as long as these files, so the folder is the owner's alone.
 * @module
 */
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CollateralCache, CollateralEntry } from '../collateral/index.ts'
import { sha256 } from '../core/crypto/index.ts'
import { decodeBase64, encodeBase64 } from '../core/encoding/base64.ts'
import { encodeHex } from '../core/encoding/bytes.ts'
import { decodeJson } from '../core/encoding/json.ts'
import { ObjectReader } from '../core/encoding/shape.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { CountersignError, MalformedError } from '../errors.ts'

export interface DiskCacheOptions {
  /** Certificates that are kept; the oldest goes first. Dated documents are few, guard against rollback, and stay. */
  readonly maxCertificates?: number
}

const FORMAT = 'countersign-collateral-1'
const MAX_FILE = 4 << 20
const FOREIGN_WRITE = 0o022
const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const
const KINDS = ['dated', 'certificate'] as const

/**
 * Opens a folder as a cache; makes it, for its owner alone, if it is not there.
 * @throws CountersignError ERR_CONFIG when the folder cannot be used, belongs to somebody else, or when others may write to it
 */
export async function createDiskCache(
  folder: string,
  { maxCertificates = 4096 }: DiskCacheOptions = {},
): Promise<CollateralCache> {
  await usable(folder, () => openFolder(folder))
  return {
    get: (key) => usable(folder, () => readEntry(folder, key)),
    set: (key, entry) =>
      usable(folder, async () => {
        await writeEntry(folder, key, entry)
        if (entry.kind === 'certificate') await dropOldest(folder, maxCertificates)
      }),
  }
}

async function openFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (made !== undefined) await chmod(folder, 0o700)
  const { mode, uid } = await stat(folder)
  // Its owner can write here whatever the bits say, and so can swap every file; root can anyway.
  if (process.getuid !== undefined && uid !== 0 && uid !== process.getuid())
    throw new CountersignError(
      'ERR_CONFIG',
      `the collateral cache ${folder} belongs to somebody else (user ${uid}): choose a folder of your own`,
    )
  // Whoever writes here can bring old revocation lists back.
  if (process.platform !== 'win32' && (mode & FOREIGN_WRITE) !== 0)
    throw new CountersignError(
      'ERR_CONFIG',
      `others may write to the collateral cache ${folder}: chmod 700 it, or choose another`,
    )
}

async function readEntry(folder: string, key: string): Promise<CollateralEntry | undefined> {
  for (const kind of KINDS) {
    const octets = await readIfThere(join(folder, fileName(key, kind)))
    const entry = octets && decodeEntry(octets, key, kind)
    if (entry) return entry
  }
  return undefined
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    const found = await stat(file)
    // A pipe would keep its reader waiting for ever.
    return !found.isFile() || found.size > MAX_FILE ? undefined : new Uint8Array(await readFile(file))
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Renaming replaces a file in one step: readers and crashes see the old entry or the new one. */
async function writeEntry(folder: string, key: string, entry: CollateralEntry): Promise<void> {
  const file = join(folder, fileName(key, entry.kind))
  const draft = join(folder, `.${randomUUID()}.draft`)
  try {
    await writeFile(draft, encodeEntry(key, entry), { flag: 'wx', mode: 0o600, flush: true })
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

async function dropOldest(folder: string, most: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.certificate'))
  if (names.length <= most) return
  const aged = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })))
  aged.sort((a, b) => a.at - b.at)
  for (const { name } of aged.slice(0, names.length - most)) await rm(join(folder, name), { force: true })
}

/** Digests: an address is no file name, and none leads out of the folder. */
function fileName(key: string, kind: CollateralEntry['kind']): string {
  return `${encodeHex(sha256(encodeUtf8(key)))}.${kind}`
}

function encodeEntry(key: string, { body, issuerChain, fetchedAt, kind }: CollateralEntry): string {
  const fields = { format: FORMAT, key, kind, fetchedAt, issuerChain, body: encodeBase64(body) }
  return JSON.stringify({ ...fields, digest: digestOf(fields) })
}

function decodeEntry(octets: Uint8Array, key: string, kind: CollateralEntry['kind']): CollateralEntry | undefined {
  try {
    const reader = new ObjectReader(decodeJson(octets, { maxSize: MAX_FILE }), 'entry', CODES)
    const format = reader.oneOf('format', [FORMAT])
    const fetchedAt = reader.integer('fetchedAt')
    const issuerChain = reader.string('issuerChain')
    const body = reader.string('body')
    const fields = {
      format,
      key: reader.string('key'),
      kind: reader.oneOf('kind', KINDS),
      fetchedAt,
      issuerChain,
      body,
    }
    const intact = reader.string('digest') === digestOf(fields) && fields.key === key && fields.kind === kind
    reader.end()
    return intact ? { body: decodeBase64(body), issuerChain, fetchedAt, kind } : undefined
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** Finds accidents, not attackers: who can write here can also digest. */
function digestOf(fields: object): string {
  return encodeHex(sha256(encodeUtf8(JSON.stringify(fields))))
}

async function usable<T>(folder: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (cause instanceof CountersignError) throw cause
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new CountersignError(
      'ERR_CONFIG',
      `the collateral cache ${folder} cannot be used${code}: check its permissions and free space, or choose another folder`,
      { cause },
    )
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
