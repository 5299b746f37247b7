/** A log under a fixed key, and what it would send to a witness. Two of one key are a log with two histories. @module */
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import {
  encodeAddCheckpoint,
  encodeVkey,
  hashLeaf,
  logOrigin,
  MerkleTree,
  noteKey,
  type SignedCheckpoint,
  signCheckpoint,
} from '../../src/core/log/index.ts'
import { type TestKey, testKey } from '../kit/ed25519.ts'

export const HOST = 'gw.example.com'

export interface TestLogOptions {
  /** Seed of the log's key. */
  readonly seed?: number
  readonly host?: string
  /** What its leaves are made of. */
  readonly history?: string
}

export class TestLog {
  readonly key: TestKey
  readonly origin: string
  readonly vkey: string
  readonly tree: MerkleTree = new MerkleTree()
  readonly #history: string

  constructor({ seed = 0x02, host = HOST, history = 'leaf' }: TestLogOptions = {}) {
    this.key = testKey(seed)
    this.origin = logOrigin(host, this.key.publicKey)
    this.vkey = encodeVkey(noteKey(this.origin, this.key.publicKey))
    this.#history = history
  }

  /** Grows to this many leaves. */
  to(size: number): this {
    while (this.tree.size < size) this.tree.append(hashLeaf(encodeUtf8(`${this.#history} ${this.tree.size}`)))
    return this
  }

  checkpoint(size: number = this.tree.size): SignedCheckpoint {
    return signCheckpoint({ origin: this.origin, size, root: this.to(size).tree.root(size) }, this.key)
  }

  /** A request of the add-checkpoint protocol. */
  request(oldSize: number, size: number): string {
    const { note } = this.checkpoint(size)
    const proof = oldSize > size ? [] : this.tree.consistencyProof(oldSize, size)
    return encodeAddCheckpoint({ oldSize, proof, checkpoint: note })
  }
}
