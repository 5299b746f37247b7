/** A quote as configfs-tsm hands it out, in CBOR: `{auxblob, outblob, provider}`. Layout only: trust comes from {@link verifyAttestation}. @module */
import { MalformedError } from '../../errors.ts'
import { type CborMap, type CborValue, decodeCbor, encodeCbor, isCborMap } from '../encoding/cbor.ts'
import type { Quote } from '../evidence/quoter.ts'

/** configfs-tsm's name of the platform, as the media type's parameter repeats it. */
const PROVIDER = 'sev_guest'
export const TSM_REPORT_TYPE: string = `application/vnd.veraison.tsm-report+cbor; provider=${PROVIDER}`

/** Keys in the deterministic order of RFC 8949 section 4.2.1. */
const KEYS = ['auxblob', 'outblob', 'provider'] as const

/** The one encoding of a quote. */
export function encodeTsmReport({ report, auxblob }: Quote): Uint8Array {
  return encodeCbor(
    new Map<string, CborValue>([
      ['auxblob', auxblob],
      ['outblob', report],
      ['provider', PROVIDER],
    ]),
  )
}

function octets(map: CborMap, key: (typeof KEYS)[number]): Uint8Array {
  const value = map.get(key)
  if (!(value instanceof Uint8Array)) throw new MalformedError('PARSE_INVALID', `tsm report: ${key} is not octets`)
  return value
}

/** @throws MalformedError PARSE_INVALID, CBOR_*, PARSE_*, EVIDENCE_TRUNCATED */
export function decodeTsmReport(bytes: Uint8Array): Quote {
  const map = decodeCbor(bytes)
  // Keys in another order would be another encoding of the same quote.
  if (!isCborMap(map) || [...map.keys()].join() !== KEYS.join())
    throw new MalformedError('PARSE_INVALID', `tsm report: must be a map of ${KEYS.join(', ')}, in this order`)
  if (map.get('provider') !== PROVIDER)
    throw new MalformedError('PARSE_INVALID', `tsm report: provider must be ${PROVIDER}`)
  return { tee: 'snp', report: octets(map, 'outblob'), auxblob: octets(map, 'auxblob') }
}
