/** What the log before this one left: its checkpoint, and what no quote covered when it ended. wire.md section 4. @module */
import { decodeBase64Url, encodeBase64Url } from '../../core/encoding/base64.ts'
import { decodeJson } from '../../core/encoding/json.ts'
import { ObjectReader } from '../../core/encoding/shape.ts'
import { quoteOctets } from '../../core/evidence/endorse.ts'
import { createEntry, decodeLogOrigin, encodeEntry, logOrigin } from '../../core/log/index.ts'
import { MalformedError, StateError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { type LogFrontier, openStoredLog, type RecoveredLog, recoverLog, type StoredLog } from '../log/index.ts'
import { findQuotedTail, type QuotedTail } from './quoted-tail.ts'

export interface PreviousLog {
  readonly origin: string
  /** The newest checkpoint on the store, verbatim; empty where none is left. */
  readonly checkpoint: string
  /** Durable leaves that the store has. */
  readonly size: number
  /** Undefined where the store cannot tell. */
  rootAt(size: number): Promise<Uint8Array | undefined>
  /** 0x05 entries of its receipts that no quote covers, in their order. */
  readonly recovered: readonly Uint8Array[]
  /** 0x02 entries of its quotes that no witness saw. */
  readonly quotes: readonly Uint8Array[]
  /** Admitted requests for which no receipt was found. */
  readonly open: number
  /** Seconds: nothing that it signed is dated later, quoted or not; 0 where nothing was quoted. */
  readonly iat: number
  /** What is wrong with its checkpoint; undefined where that verifies, or is not there. */
  readonly damage: string | undefined
}

/**
 * Boots that ended before their first quote signed no receipt: what they were to carry over still lies in the log before them. A disk that
 * fails again and again makes two of them a second, for as long as it does.
 */
const MAX_STEPS = 16_384
const MAX_GENESIS = 262_144
const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const

/** @param simulated whether this gateway's own device is software */
export async function findPreviousLog(
  store: ObjectStore,
  { head, host, simulated }: { readonly head: string; readonly host: string; readonly simulated: boolean },
): Promise<PreviousLog> {
  const { newest, damage } = await openHead(store, head)
  const checkpoint = newest?.checkpoint
  const size = (await newest?.frontier())?.size ?? checkpoint?.size ?? 0
  const named = {
    origin: logOrigin(host, decodeBase64Url(head)),
    checkpoint: checkpoint?.note ?? '',
    size,
    rootAt: async (at: number) => (at === checkpoint?.size ? checkpoint.root : newest?.rootAt(at)),
    damage,
  }
  let id: string | undefined = head
  // The records are the host's: one may name a log that came before.
  for (const seen = new Set<string>(); id !== undefined && !seen.has(id) && seen.size < MAX_STEPS; ) {
    seen.add(id)
    const tail = await findQuotedTail(store, id, simulated)
    if (tail !== undefined) {
      const quoted = damage !== undefined && id === head ? quotedOf(tail) : {}
      return { ...named, ...quoted, ...(await recoverTail(store, id, tail)) }
    }
    id = await readPreviousId(store, id)
  }
  return { ...named, recovered: [], quotes: [], open: 0, iat: 0 }
}

/** One flipped bit must not end a history: the log stays, is served by nobody, and what hardware vouched for stands in for its checkpoint. */
async function openHead(
  store: ObjectStore,
  head: string,
): Promise<{ readonly newest: StoredLog | undefined; readonly damage: string | undefined }> {
  try {
    return { newest: await openStoredLog(store, head), damage: undefined }
  } catch (error) {
    if (!(error instanceof StateError) || error.failure !== 'LOG_LEAF_CORRUPT') throw error
    return { newest: undefined, damage: error.message }
  }
}

function quotedOf({ record, attestation }: QuotedTail): Pick<PreviousLog, 'checkpoint' | 'size' | 'rootAt'> {
  const { size, root } = attestation.checkpoint
  return { checkpoint: record.checkpoint.note, size, rootAt: async (at) => (at === size ? root : undefined) }
}

async function recoverTail(
  store: ObjectStore,
  id: string,
  { record, attestation, witnessed }: QuotedTail,
): Promise<Pick<PreviousLog, 'recovered' | 'quotes' | 'open' | 'iat'>> {
  const { statement, checkpoint } = attestation
  const log = await readTail(store, id, { size: checkpoint.size, counts: statement.counts })
  const recovered = log.receipts.map(({ digest }) => encodeEntry({ type: 'recovered', digest }))
  return {
    recovered,
    quotes: carryQuotes(log.quotes, record, witnessed),
    open: log.counts.open,
    iat: Math.max(statement.iat, log.seconds),
  }
}

/** A write-ahead log that is gone or is another's leaves what the newest quote says. */
async function readTail(
  store: ObjectStore,
  id: string,
  quoted: LogFrontier,
): Promise<Pick<RecoveredLog, 'counts' | 'receipts' | 'quotes' | 'seconds'>> {
  try {
    return await recoverLog(store, id, quoted)
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return { counts: quoted.counts, receipts: [], quotes: [], seconds: 0 }
  }
}

/** The newest quote covers all receipts of its session: with it and those behind it a witness can date them. */
function carryQuotes(
  found: readonly Uint8Array[],
  { quote, place }: QuotedTail['record'],
  witnessed: number,
): readonly Uint8Array[] {
  if (place.quoteIndex !== undefined && place.quoteIndex < witnessed) return []
  const own = createEntry('quote', quoteOctets(quote))
  return found.some((entry) => Buffer.compare(entry, own) === 0) ? found : [own, ...found]
}

/** Id of the log that a genesis record names; undefined at the end of the chain. The record is the host's: a wrong one leads nowhere. */
export async function readPreviousId(store: ObjectStore, id: string): Promise<string | undefined> {
  const octets = await store.read(`log/${id}/genesis`, MAX_GENESIS)
  if (octets === undefined) return undefined
  try {
    const previous = new ObjectReader(decodeJson(octets), 'genesis', CODES).object('previous')
    if (!previous.has('origin')) return undefined
    return encodeBase64Url(decodeLogOrigin(previous.string('origin')).publicKey)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
