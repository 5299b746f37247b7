/** Reads what lies on the store of one log's evidence. All of it is the host's: what does not decode, or is not what its name says, is a fault. @module */
import { digestUri } from '../../core/crypto/index.ts'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import { decodeCheckpoint, decodeNote } from '../../core/log/index.ts'
import { MalformedError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/types.ts'
import { decodeEvidenceRecord, MAX_RECORD_SIZE, type PlacedRecord } from './record.ts'
import { joinQuote } from './shared-parts.ts'
import type { CapturedEvidence, WitnessedNote } from './types.ts'

/** Octets of the largest part: nothing larger fits into an archive. */
const MAX_PART_SIZE: number = 1 << 20
const MAX_SESSION_SIZE: number = 64 * 1024
const MAX_NOTE_SIZE: number = 64 * 1024
const SIZE = /^(?:0|[1-9][0-9]{0,15})$/

export function recordName(logId: string, size: number): string {
  return `log/${logId}/evidence/${size}`
}

export function noteName(logId: string, size: number): string {
  return `log/${logId}/witnessed/${size}`
}

export function partName(digest: string): string {
  return `endorsements/${digest}`
}

/** Sizes below a folder; names of another form are nobody's. */
export async function listSizes(store: ObjectStore, folder: string): Promise<readonly number[]> {
  const names = await store.list(folder)
  return names.filter((name) => SIZE.test(name)).map(Number)
}

async function readWhole(store: ObjectStore, name: string, limit: number): Promise<Uint8Array> {
  const bytes = await store.read(name, limit)
  if (bytes === undefined) throw new MalformedError('PARSE_INVALID', `${name} is gone`)
  return bytes
}

export class StoredEvidence {
  readonly #store: ObjectStore
  readonly #logId: string
  /** The session read last: most records of a log have the same. */
  #session: { readonly digest: string; readonly octets: Uint8Array } | undefined

  constructor(store: ObjectStore, logId: string) {
    this.#store = store
    this.#logId = logId
  }

  /** Undefined for one that is gone: it may have been thinned. @throws MalformedError for octets that are not the record of this size */
  async readRecord(size: number): Promise<PlacedRecord | undefined> {
    const name = recordName(this.#logId, size)
    const bytes = await this.#store.read(name, MAX_RECORD_SIZE)
    if (bytes === undefined) return undefined
    const placed = decodeEvidenceRecord(bytes)
    if (placed.place.size !== size) throw new MalformedError('PARSE_INVALID', `${name} is of size ${placed.place.size}`)
    return placed
  }

  /** The same with everything inlined, octets as they were captured. @throws MalformedError */
  async readEvidence(size: number): Promise<(PlacedRecord & { readonly captured: CapturedEvidence }) | undefined> {
    const placed = await this.readRecord(size)
    if (placed === undefined) return undefined
    const { session, statement, checkpoint, evidence, parts } = placed.record
    const octets = new Map<string, Uint8Array>()
    for (const { digest } of parts) octets.set(digest, await readWhole(this.#store, partName(digest), MAX_PART_SIZE))
    const quote = joinQuote({ evidence, parts, octets })
    const captured = {
      session: await this.#readSession(session),
      statement,
      quote,
      checkpoint: { size, note: checkpoint },
    }
    return { ...placed, captured }
  }

  /** Undefined for one that is gone. @throws MalformedError */
  async readNote(size: number): Promise<WitnessedNote | undefined> {
    const name = noteName(this.#logId, size)
    const bytes = await this.#store.read(name, MAX_NOTE_SIZE)
    if (bytes === undefined) return undefined
    const note = decodeUtf8(bytes)
    if (decodeCheckpoint(decodeNote(note).text).size !== size)
      throw new MalformedError('PARSE_INVALID', `${name} is of another size`)
    return { size, note }
  }

  async #readSession(digest: string): Promise<Uint8Array> {
    if (this.#session?.digest === digest) return this.#session.octets
    const name = `log/${this.#logId}/session/${digest.slice('sha256:'.length)}`
    const octets = await readWhole(this.#store, name, MAX_SESSION_SIZE)
    if (digestUri(octets) !== digest) throw new MalformedError('PARSE_INVALID', `${name} does not hash to its name`)
    this.#session = { digest, octets }
    return octets
  }
}
