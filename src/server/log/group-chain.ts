/** Links the groups of a write-ahead log: each continues the one before, is signed by the log key, and keeps the log's laws. @module */
import { ed25519Spki, verifySignature } from '../../core/crypto/index.ts'
import { concatBytes, sameBytes } from '../../core/encoding/bytes.ts'
import { decodeEntry, decodeLogOrigin } from '../../core/log/index.ts'
import { MalformedError } from '../../errors.ts'
import { idKey } from './receipt-positions.ts'
import type { LogCounts } from './types.ts'
import { type DecodedGroup, signaturePrefix } from './wal-format.ts'

/** What the accepted groups hold together. */
export interface ChainContents {
  readonly groups: readonly DecodedGroup[]
  /** Entries of all groups. */
  readonly size: number
  readonly counts: LogCounts
  /** Intents that no receipt closed, 16 octets each, in order of admission. */
  readonly open: readonly Uint8Array[]
}

export class GroupChain {
  readonly #prefix: Uint8Array
  readonly #spki: Uint8Array
  readonly #groups: DecodedGroup[] = []
  readonly #open: Map<string, Uint8Array> = new Map()
  #size = 0
  #intents = 0
  #receipts = 0
  #previous: Uint8Array = new Uint8Array(32)

  /** @throws MalformedError LOG_ORIGIN when the origin does not certify a key */
  constructor(origin: string) {
    this.#prefix = signaturePrefix(origin)
    this.#spki = ed25519Spki(decodeLogOrigin(origin).publicKey)
  }

  /**
   * Accepts the next group, or leaves the chain as it is.
   * @throws MalformedError when the group does not continue the chain, is not signed, or breaks a law of the log
   */
  async add(group: DecodedGroup): Promise<void> {
    const { number, firstIndex, firstSeq, previous, signed, signature, digest } = group
    // A group moved, repeated or taken from another log keeps its signature: position and chain are what betrays it.
    const inPlace = number === this.#groups.length && firstIndex === this.#size && firstSeq === this.#receipts
    if (!inPlace || !sameBytes(previous, this.#previous)) throw refused('does not continue the one before')
    if (!(await verifySignature('Ed25519', this.#spki, signature, concatBytes(this.#prefix, signed))))
      throw refused('is not signed by the log key')
    if (group.entries.length + group.intents.length === 0) throw refused('is empty')
    this.#checkEntries(group)
    this.#closeIntents(group)
    this.#groups.push(group)
    this.#size += group.entries.length
    this.#intents += group.intents.length
    this.#receipts += group.records.length
    this.#previous = digest
  }

  contents(): ChainContents {
    const counts = { intents: this.#intents, receipts: this.#receipts, open: this.#open.size }
    return { groups: this.#groups, size: this.#size, counts, open: [...this.#open.values()] }
  }

  /** Entry 0, and no other, is the genesis; each receipt has its record, in order. */
  #checkEntries({ entries, records }: DecodedGroup): void {
    const receipts: number[] = []
    entries.forEach((entry, ordinal) => {
      const { type } = decodeEntry(entry)
      if ((type === 'genesis') !== (this.#size + ordinal === 0)) throw refused('has a genesis out of place')
      if (type === 'receipt') receipts.push(ordinal)
    })
    const paired = records.length === receipts.length && records.every(({ ordinal }, i) => ordinal === receipts[i])
    if (!paired) throw refused('has receipts without records, or records without receipts')
  }

  /** Each intent is new, and each receipt closes one that is open. Nothing is recorded unless all of them do. */
  #closeIntents({ intents, records }: DecodedGroup): void {
    const open = new Map(intents.map((intent) => [idKey(intent), intent]))
    if (open.size !== intents.length || intents.some((intent) => this.#open.has(idKey(intent))))
      throw refused('admits one request twice')
    const closed = new Set(records.map(({ intent }) => idKey(intent)))
    if (closed.size !== records.length || [...closed].some((key) => !open.has(key) && !this.#open.has(key)))
      throw refused('closes an intent that is not open')
    for (const [key, intent] of open) this.#open.set(key, intent)
    for (const key of closed) this.#open.delete(key)
  }
}

function refused(what: string): MalformedError {
  return new MalformedError('PARSE_INVALID', `the group ${what}`)
}
