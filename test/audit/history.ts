/** Histories in memory, boot by boot, as a gateway publishes them; every step can be told to lie. @module */

import type { LogReader } from '../../src/audit/index.ts'
import { trialLock, trialPolicy } from '../../src/cli/trial-policy.ts'
import { encodeArchive } from '../../src/core/archive/index.ts'
import { digestUri, sha256 } from '../../src/core/crypto/index.ts'
import { encodeBase64Url } from '../../src/core/encoding/base64.ts'
import { concatBytes, encodeHex } from '../../src/core/encoding/bytes.ts'
import { encodeJcs } from '../../src/core/encoding/jcs.ts'
import type { JsonObject } from '../../src/core/encoding/json.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import type { Trust } from '../../src/core/evidence/attestation.ts'
import { encodeSession, type Session } from '../../src/core/evidence/session.ts'
import { encodeStatement, type Statement, statementReportData } from '../../src/core/evidence/statement.ts'
import { decodeLock } from '../../src/core/lock.ts'
import {
  cosignCheckpoint,
  createEntry,
  type EntryType,
  encodeEntry,
  encodeEntryBundle,
  encodeTilePath,
  encodeVkey,
  hashLeaf,
  logOrigin,
  MerkleTree,
  noteKey,
  type SignedCheckpoint,
  signCheckpoint,
  TILE_WIDTH,
  tilesOf,
} from '../../src/core/log/index.ts'
import { decodePolicy } from '../../src/core/policy.ts'
import { createSimulatedSnp, type SimulatedSnp } from '../../src/simulator/index.ts'
import { type TestKey, testKey } from '../kit/ed25519.ts'
import { simulatedClock } from '../kit/simulated-clock.ts'
import { testPki } from '../server/gateway/test-pki.ts'

export const HOST = 'gw.example.com'
export const STARTED_AT = 1_800_000_000
const CONFIG = sha256(encodeUtf8('measured configuration'))
const MODEL = { name: 'demo', digest: digestUri(encodeUtf8('weights')) } as const
export const WITNESS: { readonly name: string; readonly signer: TestKey } = {
  name: 'witness.example.org',
  signer: testKey(0x70),
}

/** Published files by name below the root. */
export type Files = Map<string, Uint8Array>

export async function simulatedMachine(): Promise<SimulatedSnp> {
  return createSimulatedSnp({
    pki: await testPki(),
    clock: simulatedClock,
    latencyMs: 0,
    throttle: 'none',
    fields: { hostData: CONFIG },
  })
}

export function trustIn(snp: SimulatedSnp): Trust {
  const references = {
    rootFingerprint: snp.rootFingerprint,
    measurement: snp.measurement,
    config: `sha256:${encodeHex(CONFIG)}`,
    models: [MODEL],
    host: HOST,
  }
  return { policy: decodePolicy(trialPolicy(references)), lock: decodeLock(trialLock(references)) }
}

/** How one quote departs from what it should be. */
export interface QuoteLies {
  readonly statement?: (statement: Statement) => Statement
  readonly checkpoint?: (checkpoint: SignedCheckpoint) => SignedCheckpoint
  readonly withoutLeaf?: boolean
}

const DESCRIPTOR = { scheme: 'jcs', source: 'gateway' } as const

export interface BootOptions {
  readonly snp: SimulatedSnp
  readonly files: Files
  readonly seed: number
  readonly now?: number
  /** In place of genesis. */
  readonly entry?: Uint8Array
}

/** One boot: its keys come from `seed`. */
export class TestBoot {
  readonly id: string
  readonly origin: string
  readonly #snp: SimulatedSnp
  readonly #files: Files
  readonly #key: TestKey
  readonly #tree: MerkleTree = new MerkleTree()
  readonly #entries: Uint8Array[] = []
  #session: Session
  #sessionOctets: Uint8Array
  #published = 0
  #intents = 0
  #now: number

  constructor({ snp, files, seed, now = STARTED_AT, entry }: BootOptions, previous: JsonObject = { source: 'none' }) {
    this.#snp = snp
    this.#files = files
    this.#key = testKey(seed)
    this.#now = now
    this.id = encodeBase64Url(this.#key.publicKey)
    this.origin = logOrigin(HOST, this.#key.publicKey)
    this.#session = this.#makeSession(0)
    this.#sessionOctets = encodeSession(this.#session)
    this.#publishSession()
    const genesis = encodeJcs({ session: digestUri(this.#sessionOctets), previous })
    this.write('genesis', genesis)
    this.append(entry ?? createEntry('genesis', genesis))
  }

  get size(): number {
    return this.#entries.length
  }

  get key(): TestKey {
    return this.#key
  }

  write(path: string, octets: Uint8Array): void {
    this.#files.set(`log/${this.id}/${path}`, octets)
  }

  read(path: string): Uint8Array {
    const octets = this.#files.get(`log/${this.id}/${path}`)
    if (octets === undefined) throw new Error(`no ${path}`)
    return octets
  }

  append(entry: Uint8Array): this {
    this.#entries.push(entry)
    this.#tree.append(hashLeaf(entry))
    return this
  }

  leaf(type: EntryType, name: string): this {
    return this.append(encodeEntry({ type, digest: sha256(encodeUtf8(name)) }))
  }

  receipts(count: number, name = 'receipt'): this {
    for (let i = 0; i < count; i++) this.leaf('receipt', `${this.id} ${name} ${i}`)
    this.#intents += count
    return this
  }

  /** The checkpoint over `size` leaves, not published. */
  sign(size: number = this.size, root: Uint8Array = this.#tree.root(size)): SignedCheckpoint {
    return signCheckpoint({ origin: this.origin, size, root }, this.#key)
  }

  /** Tiles and checkpoint over all leaves so far. */
  publish(): SignedCheckpoint {
    for (const tile of tilesOf(this.size, this.#published)) {
      const start = tile.index * TILE_WIDTH
      const octets =
        tile.level === 'entries'
          ? encodeEntryBundle(this.#entries.slice(start, start + tile.width))
          : this.#tree.hashes(8 * tile.level, start, tile.width)
      this.write(encodeTilePath(tile), octets)
    }
    this.#published = this.size
    const signed = this.sign()
    this.write('checkpoint', encodeUtf8(signed.note))
    return signed
  }

  /** Publishes, quotes, keeps the record, and appends the leaf of the quote. */
  quote({
    statement: lie = (true_) => true_,
    checkpoint = (true_) => true_,
    withoutLeaf = false,
  }: QuoteLies = {}): this {
    const { body } = checkpoint(this.publish())
    const receipts = this.#entries.filter(([type]) => type === 1).length
    this.#now += 10
    const statement = encodeStatement(
      lie({
        eat_profile: 'urn:countersign:statement:1',
        iat: this.#now,
        exp: this.#now + 3_600,
        session: digestUri(this.#sessionOctets),
        counts: { intents: this.#intents + 1, receipts, open: this.#intents + 1 - receipts },
        checkpoint: body,
      }),
    )
    const report = this.#snp.report(statementReportData(statement))
    const quote = { tee: 'snp', report, auxblob: new Uint8Array(0), endorsements: this.#snp.endorsements } as const
    this.write(`evidence/${this.size}`, encodeArchive({ session: this.#sessionOctets, statement, quote }))
    if (!withoutLeaf) this.append(createEntry('quote', report))
    return this
  }

  /** Publishes, and keeps the checkpoint with a cosignature. */
  witness(timestamp: number = this.#now + 5, signed: SignedCheckpoint = this.publish()): this {
    const line = cosignCheckpoint(signed.body, WITNESS, timestamp)
    this.write(`witnessed/${signed.size}`, concatBytes(encodeUtf8(signed.note), encodeUtf8(line)))
    return this
  }

  /** The next epoch: its record, its leaf, its session. */
  nextEpoch(lie: (record: JsonObject) => JsonObject = (true_) => true_): this {
    const from = digestUri(this.#sessionOctets)
    this.#session = this.#makeSession(this.#session.epoch + 1)
    this.#sessionOctets = encodeSession(this.#session)
    this.#publishSession()
    const { epoch } = this.#session
    const record = encodeJcs(lie({ from, to: digestUri(this.#sessionOctets), epoch, size: this.size }))
    this.write(`epoch/${epoch}`, record)
    return this.append(createEntry('epoch', record))
  }

  #publishSession(): void {
    this.write(`session/${digestUri(this.#sessionOctets).slice('sha256:'.length)}`, this.#sessionOctets)
  }

  #makeSession(epoch: number): Session {
    return {
      eat_profile: 'urn:countersign:session:1',
      boot: encodeBase64Url(this.#key.publicKey.slice(0, 16)),
      epoch,
      iat: this.#now,
      swname: 'countersign',
      swversion: ['0.1.0'],
      keys: {
        receipt: testKey(0x01).jwk,
        log: encodeVkey(noteKey(this.origin, this.#key.publicKey)),
        tls_spki_sha256: [],
      },
      dependencies: [
        {
          name: 'measured-config',
          digest: { sha256: encodeHex(CONFIG) },
          annotations: { ...DESCRIPTOR, role: 'configuration' },
        },
      ],
    }
  }
}

/** What a genesis says of the boot before. */
export function previousOf(
  { origin }: TestBoot,
  { note }: SignedCheckpoint,
  more: { readonly recovered?: number; readonly open?: number } = {},
): JsonObject {
  return { source: 'disk', origin, checkpoint: note, recovered: 0, open: 1, ...more }
}

/** Two boots: 300 receipts, an epoch and two quotes in the first; two receipts that were left, carried over, in the second. */
export interface TwoBoots {
  readonly files: Files
  readonly first: TestBoot
  readonly second: TestBoot
}

/** Steps that a test replaces. */
export interface Steps {
  readonly firstQuote?: QuoteLies
  readonly lastQuote?: QuoteLies
  readonly epoch?: (record: JsonObject) => JsonObject
  readonly previous?: (honest: JsonObject, first: TestBoot) => JsonObject
  /** In place of genesis of the first boot. */
  readonly entry?: Uint8Array
  /** A leaf more, at 302. */
  readonly extra?: Uint8Array
  /** Names of the receipts that the second boot recovers. */
  readonly recovered?: readonly string[]
  /** A receipt of the first boot by its ordinal, quoted, that the second one recovers in place of another. */
  readonly quotedAgain?: number
}

export function twoBoots(snp: SimulatedSnp, steps: Steps = {}): TwoBoots {
  const files: Files = new Map()
  const first = new TestBoot({ snp, files, seed: 0x02, ...(steps.entry && { entry: steps.entry }) })
  first.receipts(300).leaf('nonce', 'a challenge')
  if (steps.extra !== undefined) first.append(steps.extra)
  first.quote(steps.firstQuote)
  first.nextEpoch(steps.epoch).receipts(2, 'later').quote().quote(steps.lastQuote).witness()
  first.receipts(2, 'left')
  const last = first.publish()
  const honest = previousOf(first, last, { recovered: 2 })
  const second = new TestBoot(
    { snp, files, seed: 0x03, now: STARTED_AT + 1_000 },
    steps.previous?.(honest, first) ?? honest,
  )
  const [one = '', other = ''] = steps.recovered ?? [`${first.id} left 0`, `${first.id} left 1`]
  second.leaf('recovered', steps.quotedAgain === undefined ? one : `${first.id} receipt ${steps.quotedAgain}`)
  second.leaf('recovered', other)
  second.receipts(3).quote().receipts(1, 'after').quote().publish()
  return { files, first, second }
}

/** Reads files in memory as a folder would be read. */
export function readerOf(files: Files): LogReader {
  const below = (prefix: string): readonly string[] =>
    [...files.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  const sizes = (prefix: string): readonly number[] =>
    below(prefix)
      .map(Number)
      .sort((a, b) => a - b)
  return {
    logs: async () => ({ host: HOST, ids: [...new Set(below('log/').map((name) => name.slice(0, 43)))].reverse() }),
    evidenceSizes: async (id) => sizes(`log/${id}/evidence/`),
    witnessedSizes: async (id) => sizes(`log/${id}/witnessed/`),
    read: async (id, path) => files.get(`log/${id}/${path}`),
  }
}
