/**
 * What many quotes have in common (certificates, revocation lists, Intel's documents, the event log) is stored once, by digest. @module
 */
import {
  CMW_CODES,
  CMW_ENDORSEMENTS,
  CMW_EVIDENCE,
  type CmwMessage,
  type CmwRole,
  decodeRecord,
  encodeRecord,
} from '../../core/archive/cmw.ts'
import { decodeQuoteRecords, encodeQuoteRecords } from '../../core/archive/quote-records.ts'
import { sha256 } from '../../core/crypto/index.ts'
import { encodeHex } from '../../core/encoding/bytes.ts'
import { ObjectReader } from '../../core/encoding/shape.ts'
import type { EndorsedQuote } from '../../core/evidence/hardware.ts'
import { MalformedError } from '../../errors.ts'

/** One part by reference. */
export interface SharedPart {
  /** As in an archive; of members within `endorsements` with that before a slash. */
  readonly name: string
  readonly mediaType: string
  readonly role: CmwRole
  /** SHA-256, lower-case hex: its name on the store. */
  readonly digest: string
}

/** A quote without the parts that it shares with others. */
export interface SplitQuote {
  readonly evidence: CmwMessage
  readonly parts: readonly SharedPart[]
  /** Octets of the parts by digest. */
  readonly octets: ReadonlyMap<string, Uint8Array>
}

/** The host's certificate table, which an archive carries within `evidence`. */
export const AUXBLOB = 'auxblob'
export const EVENT_LOG = 'eventlog'
const ENDORSEMENTS = 'endorsements'
const AUXBLOB_TYPE = 'application/octet-stream'
const NO_OCTETS = new Uint8Array(0)
/** More than any platform has. */
export const MAX_PARTS = 32

function reading(members: object): ObjectReader {
  return new ObjectReader(members, 'evidence record', CMW_CODES)
}

export function endorsementName(name: string): string {
  return `${ENDORSEMENTS}/${name}`
}

export function splitQuote(quote: EndorsedQuote): SplitQuote {
  const members = reading(encodeQuoteRecords(quote.tee === 'snp' ? { ...quote, auxblob: NO_OCTETS } : quote))
  const octets = new Map<string, Uint8Array>()
  const share = (name: string, message: CmwMessage, role: CmwRole): SharedPart => {
    const digest = encodeHex(sha256(message.octets))
    octets.set(digest, message.octets)
    return { name, mediaType: message.mediaType, role, digest }
  }
  const parts: SharedPart[] = []
  if (quote.tee === 'snp') parts.push(share(AUXBLOB, { mediaType: AUXBLOB_TYPE, octets: quote.auxblob }, CMW_EVIDENCE))
  if (members.has(EVENT_LOG)) parts.push(share(EVENT_LOG, decodeRecord(members, EVENT_LOG, CMW_EVIDENCE), CMW_EVIDENCE))
  if (members.has(ENDORSEMENTS)) {
    const endorsements = members.object(ENDORSEMENTS)
    for (const name of endorsements.keys())
      parts.push(share(endorsementName(name), decodeRecord(endorsements, name, CMW_ENDORSEMENTS), CMW_ENDORSEMENTS))
  }
  return { evidence: decodeRecord(members, 'evidence', CMW_EVIDENCE), parts, octets }
}

function octetsOf(octets: ReadonlyMap<string, Uint8Array>, { name, digest }: SharedPart): Uint8Array {
  const found = octets.get(digest)
  // The store is the host's: octets under another name would be inlined as what was captured.
  if (found === undefined || encodeHex(sha256(found)) !== digest)
    throw new MalformedError('PARSE_INVALID', `evidence record: the octets of ${name} are not those of its digest`)
  return found
}

/** @throws MalformedError when a part is missing or altered, or the record is of no platform */
export function joinQuote({ evidence, parts, octets }: SplitQuote): EndorsedQuote {
  const inlined = (part: SharedPart) =>
    encodeRecord({ mediaType: part.mediaType, octets: octetsOf(octets, part) }, part.role)
  const eventLog = parts.find(({ name }) => name === EVENT_LOG)
  const endorsements = parts.filter(({ name }) => name.startsWith(`${ENDORSEMENTS}/`))
  const members = reading({
    evidence: encodeRecord(evidence, CMW_EVIDENCE),
    ...(eventLog === undefined ? {} : { [EVENT_LOG]: inlined(eventLog) }),
    ...(endorsements.length === 0
      ? {}
      : {
          [ENDORSEMENTS]: Object.fromEntries(
            endorsements.map((part) => [part.name.slice(ENDORSEMENTS.length + 1), inlined(part)]),
          ),
        }),
  })
  const quote = decodeQuoteRecords(members)
  members.end()
  const auxblob = parts.find(({ name }) => name === AUXBLOB)
  if ((quote.tee === 'snp') !== (auxblob !== undefined))
    throw new MalformedError('PARSE_INVALID', 'evidence record: a certificate table goes with SEV-SNP, and only there')
  return quote.tee === 'snp' && auxblob !== undefined ? { ...quote, auxblob: octetsOf(octets, auxblob) } : quote
}
