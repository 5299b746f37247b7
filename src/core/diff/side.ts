/** One side of a comparison: what a receipt or an archive says, decoded and not judged. @module */
import type { Archive } from '../archive/index.ts'
import { digestUri } from '../crypto/index.ts'
import { measureQuote } from '../evidence/quote-measurements.ts'
import { decodeSession, type Session } from '../evidence/session.ts'
import type { Measurements } from '../measurement/measurements.ts'
import type { Octets } from '../receipt/disclosed.ts'
import { EventStreamDigest } from '../receipt/event-stream.ts'
import { decodeReceipt, type Receipt } from '../receipt/receipt.ts'

/** Everything is absent that a receipt alone does not hold, or that an archive came without. */
export interface DiffSide {
  readonly receipt?: Receipt
  readonly session?: Session
  /** Of the quote; its platform is the side's. */
  readonly measurements?: Measurements
  /** Inserted octets of splices, by digest. */
  readonly inserts: ReadonlyMap<string, Uint8Array>
  /** Octets that have the digests which the receipt discloses. */
  readonly request?: Uint8Array
  readonly response?: Uint8Array
  /** What was in the file and is not used, in sentences. */
  readonly setAside: readonly string[]
}

/** @throws MalformedError what {@link decodeReceipt} throws */
export function receiptSide(token: string): DiffSide {
  return { receipt: decodeReceipt(token), inserts: new Map(), setAside: [] }
}

/**
 * Whoever hands an archive over may have put anything beside the receipt: what the receipt does not name is set aside, even though
 * nothing is verified here.
 * @throws MalformedError of session, receipt or quote
 */
export function archiveSide(archive: Archive): DiffSide {
  const { receipt: token, session: octets, inserts = new Map(), quote } = archive
  if (token === undefined)
    return { session: decodeSession(octets), measurements: measureQuote(quote), inserts, setAside: [] }
  const receipt = decodeReceipt(token)
  const { request, response } = receipt.disclosed
  const isNamed = digestUri(octets) === receipt.claims.session
  const contents = {
    request: matching(archive.request?.octets, request),
    response: matching(archive.response?.octets, response),
  }
  return {
    receipt,
    ...(isNamed && { session: decodeSession(octets), measurements: measureQuote(quote) }),
    inserts,
    ...(contents.request && { request: contents.request }),
    ...(contents.response && { response: contents.response }),
    setAside: [
      ...(isNamed ? [] : ['session and quote are not used: the receipt names another session']),
      ...(['request', 'response'] as const).flatMap((name) =>
        archive[name] === undefined || contents[name] !== undefined
          ? []
          : [`the ${name} is not used: the receipt discloses no such digest`],
      ),
    ],
  }
}

/** The octets, where they are those that the receipt discloses. */
function matching(octets: Uint8Array | undefined, named: Octets | undefined): Uint8Array | undefined {
  if (octets === undefined || named === undefined) return undefined
  return digestOf(octets, named) === named.digest ? octets : undefined
}

/** An event stream is digested over its covered octets, anything else as it is. */
function digestOf(octets: Uint8Array, { media_type: mediaType }: Octets): string {
  if (!mediaType.startsWith('text/event-stream')) return digestUri(octets)
  const stream = new EventStreamDigest()
  stream.update(octets)
  return stream.finish().digest
}
