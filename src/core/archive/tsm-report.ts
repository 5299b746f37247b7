/** A quote as configfs-tsm hands it out, in CBOR: `{auxblob, outblob, provider}`. Layout only: trust comes from {@link verifyAttestation}. @module */
import { MalformedError } from '../../errors.ts'
import { type CborMap, type CborValue, decodeCbor, isCborMap } from '../encoding/cbor.ts'
import { encodeCbor } from '../encoding/cbor-encode.ts'

/** configfs-tsm's names of the platforms, as the media type's parameter repeats them. */
export type TsmProvider = 'sev_guest' | 'tdx_guest'

export interface TsmReport {
  readonly provider: TsmProvider
  /** The quote. */
  readonly outblob: Uint8Array
  /** What the host adds: SNP's certificate table; empty on TDX. */
  readonly auxblob: Uint8Array
}

/** Keys in the deterministic order of RFC 8949 section 4.2.1. */
const KEYS = ['auxblob', 'outblob', 'provider'] as const

export function tsmReportType(provider: TsmProvider): string {
  return `application/vnd.veraison.tsm-report+cbor; provider=${provider}`
}

/** The one encoding of a quote. */
export function encodeTsmReport({ provider, outblob, auxblob }: TsmReport): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ['auxblob', auxblob],
      ['outblob', outblob],
      ['provider', provider],
    ]),
  )
}

function octets(map: CborMap, key: (typeof KEYS)[number]): Uint8Array {
  const value = map.get(key)
  if (!(value instanceof Uint8Array)) throw new MalformedError('PARSE_INVALID', `tsm report: ${key} is not octets`)
  return value
}

/** @throws MalformedError PARSE_INVALID, CBOR_*, PARSE_*, EVIDENCE_TRUNCATED */
export function decodeTsmReport(bytes: Uint8Array, provider: TsmProvider): TsmReport {
  const map = decodeCbor(bytes)
  // Keys in another order would be another encoding of the same quote.
  if (!isCborMap(map) || [...map.keys()].join() !== KEYS.join())
    throw new MalformedError('PARSE_INVALID', `tsm report: must be a map of ${KEYS.join(', ')}, in this order`)
  if (map.get('provider') !== provider)
    throw new MalformedError('PARSE_INVALID', `tsm report: provider must be ${provider}`)
  return { provider, outblob: octets(map, 'outblob'), auxblob: octets(map, 'auxblob') }
}
