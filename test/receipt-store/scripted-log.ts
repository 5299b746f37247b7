/** A log that signs any of its sizes and serves its tiles; two of them with other leaves share key and origin, as a forked log does. */
import type { LogSighting } from '../../src/client/index.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import {
  createEntry,
  decodeTilePath,
  encodeVkey,
  hashLeaf,
  logOrigin,
  MerkleTree,
  noteKey,
  signCheckpoint,
} from '../../src/core/log/index.ts'
import { testKey } from '../kit/ed25519.ts'
import { ISSUED_AT } from '../kit/issue-answer.ts'

export interface ScriptedLog {
  readonly origin: string
  readonly vkey: string
  /** Paths that were asked for. */
  readonly asked: string[]
  readonly note: (size: number) => string
  readonly show: (size: number, fields?: Partial<LogSighting>) => LogSighting
  readonly read: (path: string) => Promise<Uint8Array | undefined>
}

/** @param branch other leaves from the third on */
export function createScriptedLog(branch = 'honest', leaves = 600): ScriptedLog {
  const key = testKey(0x02)
  const origin = logOrigin('gw.example.com', key.publicKey)
  const vkey = encodeVkey(noteKey(origin, key.publicKey))
  const tree = new MerkleTree()
  const hashes: Uint8Array[] = []
  for (let i = 0; i < leaves; i++) {
    const hash = hashLeaf(createEntry('receipt', encodeUtf8(`${i < 2 ? '' : branch} ${i}`)))
    hashes.push(hash)
    tree.append(hash)
  }
  const asked: string[] = []
  const note = (size: number): string => signCheckpoint({ origin, size, root: tree.root(size) }, key).note
  const read = async (path: string): Promise<Uint8Array | undefined> => {
    asked.push(path)
    const { level, index, width } = decodeTilePath(path)
    if (level === 'entries') return undefined
    const step = 256 ** level
    const nodes = Array.from({ length: width }, (_, i) => {
      const first = (index * 256 + i) * step
      const part = new MerkleTree()
      for (const hash of hashes.slice(first, first + step)) part.append(hash)
      return part.root()
    })
    return Uint8Array.from(nodes.flatMap((node) => [...node]))
  }
  const show = (size: number, fields: Partial<LogSighting> = {}): LogSighting => ({
    origin,
    vkey,
    checkpoint: note(size),
    askedAt: new Date(ISSUED_AT * 1000),
    seenAt: new Date(ISSUED_AT * 1000 - 1),
    read,
    warn: (message) => {
      throw new Error(message)
    },
    ...fields,
  })
  return { origin, vkey, asked, note, show, read }
}
