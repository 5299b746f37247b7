/** One pass over the leaves of a log: its root, its laws, and what its tree was at the sizes that something names. @module */
import { sameBytes } from '../core/encoding/bytes.ts'
import { createEntry, decodeEntry, type EntryType, hashLeaf, type LogEntry, type TreeHead } from '../core/log/index.ts'
import { MalformedError } from '../errors.ts'
import { BundleFault, readBundles } from './bundles.ts'
import type { LogCheck } from './checks.ts'
import type { Findings } from './findings.ts'
import { Frontier } from './frontier.ts'
import { decodeEpoch, type Genesis } from './genesis.ts'
import type { LogReader } from './log-reader.ts'
import { findCorruptLeaf } from './tiles.ts'

/** How a log stood at one size. */
export interface Standing {
  readonly size: number
  readonly root: Uint8Array
  readonly leaves: Readonly<Record<EntryType, number>>
  /** `sha256:` of the session in force: that of genesis, or of the last epoch leaf. */
  readonly session: string
  readonly epoch: number
}

export interface Walk {
  readonly reader: LogReader
  readonly id: string
  /** What the log signed: leaves to walk, and their root. */
  readonly head: TreeHead
  readonly genesis: Genesis | undefined
  readonly genesisOctets: Uint8Array | undefined
  /** Ascending: `onSize` is called at each that the walk reaches. */
  readonly sizes: readonly number[]
  onSize(standing: Standing): Promise<void>
  /** Each leaf of a quote, a handful of octets: whether it is awaited is for the caller. */
  onQuote(digest: Uint8Array, index: number): void
  onRecovered(digest: Uint8Array, index: number): void
  onProgress(leaves: number): void
}

/** The leaves of genesis and epochs have preimages: the laws that they follow. */
export class LeafWalk {
  readonly #walk: Walk
  readonly #findings: Findings<LogCheck>
  readonly #frontier: Frontier = new Frontier()
  readonly #leaves: Record<EntryType, number> = { genesis: 0, receipt: 0, quote: 0, epoch: 0, nonce: 0, recovered: 0 }
  #session: string
  #epoch = 0
  #nextSize = 0

  constructor(walk: Walk, findings: Findings<LogCheck>) {
    this.#walk = walk
    this.#findings = findings
    this.#session = walk.genesis?.session ?? ''
  }

  /** How the log stands at its end; undefined when leaves are missing: nothing behind them can be judged. */
  async run(): Promise<Standing | undefined> {
    const { reader, id, head, onProgress } = this.#walk
    const { size } = head
    try {
      for await (const { first, entries } of readBundles(reader, id, size)) {
        for (const [i, entry] of entries.entries()) {
          if (this.#frontier.size === this.#walk.sizes[this.#nextSize]) await this.#reachSize()
          // Only few leaves have to wait for a preimage: a million promises would cost more than the hashes.
          const pending = this.#take(entry, first + i)
          if (pending !== undefined) await pending
        }
        onProgress(first + entries.length)
      }
    } catch (error) {
      if (!(error instanceof BundleFault)) throw error
      // Where entries are missing at the end of a bundle, the one that was taken out may have stood further to the front.
      const index = (await findCorruptLeaf({ reader, id }, head)) ?? error.index
      this.#findings.fail('leaves', 'LOG_LEAF_CORRUPT', { detail: `from leaf ${index} on: ${error.message}`, index })
      return undefined
    }
    if (this.#frontier.size === this.#walk.sizes[this.#nextSize]) await this.#reachSize()
    this.#findings.pass('leaves', `${size}`)
    if (!this.#findings.failed('entry-types')) this.#findings.pass('entry-types', describeLeaves(this.#leaves))
    this.#findings.pass('epochs', `${this.#leaves.epoch}`)
    return this.#standing()
  }

  #standing(): Standing {
    return {
      size: this.#frontier.size,
      root: this.#frontier.root(),
      leaves: { ...this.#leaves },
      session: this.#session,
      epoch: this.#epoch,
    }
  }

  async #reachSize(): Promise<void> {
    this.#nextSize++
    await this.#walk.onSize(this.#standing())
  }

  #take(octets: Uint8Array, index: number): Promise<void> | undefined {
    this.#frontier.append(hashLeaf(octets))
    const entry = this.#decode(octets, index)
    if (entry === undefined) return undefined
    this.#leaves[entry.type]++
    switch (entry.type) {
      case 'genesis':
        this.#takeGenesis(octets, index)
        return undefined
      case 'epoch':
        return this.#takeEpoch(octets, index)
      case 'quote':
        this.#walk.onQuote(entry.digest, index)
        return undefined
      case 'recovered':
        this.#walk.onRecovered(entry.digest, index)
        return undefined
      case 'receipt':
      case 'nonce':
        return undefined
      default:
        return entry.type satisfies never
    }
  }

  #decode(octets: Uint8Array, index: number): LogEntry | undefined {
    try {
      const entry = decodeEntry(octets)
      if (index === 0 && entry.type !== 'genesis')
        this.#findings.fail('entry-types', 'PARSE_INVALID', {
          detail: `entry 0 is a ${entry.type}, not genesis`,
          index,
        })
      return entry
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      this.#findings.fail('entry-types', error.failure, { detail: `entry ${index}: ${error.message}`, index })
      return undefined
    }
  }

  #takeGenesis(octets: Uint8Array, index: number): void {
    if (index > 0) {
      this.#findings.fail('entry-types', 'PARSE_INVALID', { detail: `entry ${index} is a second genesis`, index })
      return
    }
    const { genesisOctets } = this.#walk
    if (genesisOctets === undefined) return
    // The host hands out the preimage: the leaf alone says that it is the one that the boot wrote.
    this.#findings.that('genesis', sameBytes(createEntry('genesis', genesisOctets), octets), 'LOG_LEAF_CORRUPT', {
      detail: 'the genesis record does not hash to entry 0',
      index,
    })
  }

  async #takeEpoch(octets: Uint8Array, index: number): Promise<void> {
    const { reader, id } = this.#walk
    const number = this.#epoch + 1
    // Numbers go up whatever the records say, so that one bad record does not spoil the next.
    this.#epoch = number
    const record = await reader.read(id, `epoch/${number}`)
    if (record === undefined) {
      this.#findings.missing('epochs', `the record of epoch ${number}, entry ${index}, is not there`)
      return
    }
    if (!sameBytes(createEntry('epoch', record), octets)) {
      const detail = `the record of epoch ${number} does not hash to entry ${index}`
      this.#findings.fail('epochs', 'LOG_LEAF_CORRUPT', { detail, index })
      return
    }
    await this.#findings.attempt('epochs', () => this.#matchEpoch(record, index), { index })
  }

  #matchEpoch(octets: Uint8Array, index: number): void {
    const { from, to, epoch, size } = decodeEpoch(octets)
    const before = this.#session
    this.#session = to
    const wrong =
      epoch !== this.#epoch
        ? `is of epoch ${epoch}, and ${this.#epoch} is due`
        : from !== before
          ? `ends session ${from}, and ${before} is in force`
          : size > index
            ? `names a checkpoint of ${size} leaves`
            : undefined
    if (wrong !== undefined) throw new MalformedError('PARSE_INVALID', `the epoch record of entry ${index} ${wrong}`)
  }
}

function describeLeaves(leaves: Readonly<Record<EntryType, number>>): string {
  const named = Object.entries(leaves).filter(([, count]) => count > 0)
  return named.map(([type, count]) => `${count} ${type}`).join(', ')
}
