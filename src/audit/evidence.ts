/**
 * The records of evidence of one log, held against its tree. Two readings of each: in the walk what it says of the tree, behind the walk
 * the quote itself, when it is known which cosigned checkpoint holds its leaf. @module
 */
import { type Archive, decodeArchive } from '../core/archive/index.ts'
import { digestUri, sha256 } from '../core/crypto/index.ts'
import { encodeHex, sameBytes } from '../core/encoding/bytes.ts'
import { quoteOctets } from '../core/evidence/endorse.ts'
import { decodeSession, type Session } from '../core/evidence/session.ts'
import { decodeStatement, type Statement } from '../core/evidence/statement.ts'
import { type Checkpoint, decodeCheckpoint, type LogIdentity } from '../core/log/index.ts'
import { MalformedError } from '../errors.ts'
import type { LogCheck } from './checks.ts'
import type { Findings } from './findings.ts'
import type { LogReader } from './log-reader.ts'
import type { Standing } from './walk.ts'

/** What is kept of a record between the readings: a few words. */
export interface QuotedPlace {
  /** Of the quoted checkpoint. */
  readonly size: number
  /** Of the statement, seconds. */
  readonly iat: number
  readonly exp: number
  readonly open: number
  /** Of session, statement and quote, hex: what both readings must agree on. */
  readonly fingerprint: string
  /** SHA-256 of the quote, hex: what its leaf holds. */
  readonly quote: string
}

interface Record {
  readonly archive: Archive
  readonly session: Session
  readonly statement: Statement
  readonly checkpoint: Checkpoint
  /** SHA-256 of the quote, hex. */
  readonly quote: string
}

function decodeRecord(octets: Uint8Array): Record {
  const archive = decodeArchive(octets)
  const statement = decodeStatement(archive.statement)
  return {
    archive,
    session: decodeSession(archive.session),
    statement,
    checkpoint: decodeCheckpoint(statement.checkpoint),
    quote: encodeHex(sha256(quoteOctets(archive.quote))),
  }
}

export class EvidenceWalk {
  readonly #reader: LogReader
  readonly #id: string
  readonly #log: LogIdentity
  readonly #findings: Findings<LogCheck>
  readonly #places: QuotedPlace[] = []
  /** By the digest of the quote: those whose leaf has not come yet. */
  readonly #awaited: Set<string> = new Set()
  readonly #leaves: Map<string, number> = new Map()

  constructor(source: { reader: LogReader; id: string }, log: LogIdentity, findings: Findings<LogCheck>) {
    this.#reader = source.reader
    this.#id = source.id
    this.#log = log
    this.#findings = findings
  }

  /** Ascending. */
  get places(): readonly QuotedPlace[] {
    return this.#places
  }

  /** Where the leaf of a quote lies, behind its checkpoint. */
  leafOf({ quote }: QuotedPlace): number | undefined {
    return this.#leaves.get(quote)
  }

  onQuote(digest: Uint8Array, index: number): void {
    if (this.#awaited.size === 0) return
    const quote = encodeHex(digest)
    if (this.#awaited.delete(quote)) this.#leaves.set(quote, index)
  }

  /** Holds the record of a size against the tree of that size. */
  async reach(standing: Standing): Promise<void> {
    const { size } = standing
    const record = await this.#findings.attempt('evidence', () => this.#read(size), { index: size })
    if (record === undefined) return
    this.#findings.pass('evidence')
    this.#matchTree(record, standing)
    this.#matchSession(record, standing)
    this.#keep(record, size)
  }

  async #read(size: number): Promise<Record | undefined> {
    const octets = await this.#reader.read(this.#id, `evidence/${size}`)
    if (octets !== undefined) return decodeRecord(octets)
    this.#findings.missing('evidence', `the record of size ${size} is listed and not there`)
    return undefined
  }

  #matchTree({ statement, checkpoint, session }: Record, { size, root, leaves }: Standing): void {
    const isOfLog = checkpoint.origin === this.#log.origin && session.keys.log === this.#log.vkey
    const seen = `the record of size ${size}`
    this.#findings.that('evidence-log', isOfLog && checkpoint.size === size, 'LOG_ORIGIN', {
      detail: `${seen} quotes ${checkpoint.size} leaves of ${checkpoint.origin}`,
      index: size,
    })
    if (checkpoint.size !== size) return
    // The hardware quoted one tree and the log shows another: both are signed, and together they prove the fork.
    this.#findings.that('quoted-roots', sameBytes(checkpoint.root, root), 'LOG_SPLIT_VIEW', {
      detail: `the hardware quoted another tree of ${size} leaves than the log shows`,
      index: size,
    })
    const { receipts } = statement.counts
    this.#findings.that('counts', receipts === leaves.receipt, 'CHECKPOINT_NOT_QUOTED', {
      detail: `${seen} counts ${receipts} receipts, and the tree holds ${leaves.receipt}`,
      index: size,
    })
  }

  #matchSession({ archive, session, statement }: Record, { size, ...inForce }: Standing): void {
    const digest = digestUri(archive.session)
    const fits = digest === inForce.session && statement.session === digest && session.epoch === inForce.epoch
    this.#findings.that('sessions', fits, 'EVIDENCE_DIGEST_MISMATCH', {
      detail: `the record of size ${size} is of another session than epoch ${inForce.epoch} of the log`,
      index: size,
    })
    const before = this.#places.at(-1)
    const inOrder = session.iat <= statement.iat && (before === undefined || before.iat <= statement.iat)
    this.#findings.that('statement-order', inOrder, 'STATEMENT_TIME', {
      detail: `the statement of size ${size} is dated before the one before it, or before its session`,
      index: size,
    })
  }

  #keep({ archive, statement, quote }: Record, size: number): void {
    const { iat, exp, counts } = statement
    this.#awaited.add(quote)
    this.#places.push({ size, iat, exp, open: counts.open, fingerprint: fingerprintOf(archive), quote })
  }

  /** Every quote but the newest has its leaf: the newest may have been on its way when the checkpoint was signed. */
  judgeLeaves(): void {
    const newest = this.#places.at(-1)
    const lost = this.#places.filter((place) => place !== newest && this.leafOf(place) === undefined)
    for (const { size } of lost)
      this.#findings.fail('quote-leaves', 'LOG_INCLUSION', {
        detail: `the quote over ${size} leaves is no leaf of the log behind them`,
        index: size,
      })
    if (newest === undefined) this.#findings.missing('quote-leaves', 'there is no record of evidence')
    else {
      const pending = this.leafOf(newest) === undefined
      this.#findings.pass('quote-leaves', pending ? `all but the newest, over ${newest.size} leaves` : 'all')
    }
  }

  /** The record again. @throws MalformedError EVIDENCE_DIGEST_MISMATCH when the host hands out another one than it did in the walk */
  async reread({ size, fingerprint }: QuotedPlace): Promise<Archive> {
    const octets = await this.#reader.read(this.#id, `evidence/${size}`)
    const archive = octets === undefined ? undefined : decodeArchive(octets)
    // What was held against the tree and what is held against the hardware must be one record.
    if (archive === undefined || fingerprintOf(archive) !== fingerprint)
      throw new MalformedError('EVIDENCE_DIGEST_MISMATCH', `the record of size ${size} changed while it was read`)
    return archive
  }
}

function fingerprintOf({ session, statement, quote }: Archive): string {
  return encodeHex(sha256(...[session, statement, quoteOctets(quote)].map((octets) => sha256(octets))))
}
