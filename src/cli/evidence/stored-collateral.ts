/** TDX collateral in one JSON object, as several verifiers store it: texts, and octets as hex, base64 or numbers. Layout only. @module */
import { decodeBase64 } from '../../core/encoding/base64.ts'
import { decodeHex } from '../../core/encoding/bytes.ts'
import { decodeJson, type JsonValue } from '../../core/encoding/json.ts'
import { decodePem } from '../../core/encoding/pem.ts'
import { ObjectReader } from '../../core/encoding/shape.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import type { SignedDocument, TdxCollateral } from '../../core/tdx/index.ts'
import type { MalformedError } from '../../errors.ts'

const CODES = { missing: 'JSON_INVALID', unknown: 'JSON_INVALID', invalid: 'JSON_INVALID' } as const
const PEM = '-----BEGIN '

/**
 * @param bytes `{tcb_info, tcb_info_signature, tcb_info_issuer_chain, qe_identity, …, pck_crl, root_ca_crl}`; other members are passed over
 * @throws MalformedError JSON_*, BASE64_STRICT, PEM_INVALID
 */
export function decodeStoredCollateral(bytes: Uint8Array): TdxCollateral {
  const reader = new ObjectReader(decodeJson(bytes), 'collateral', CODES)
  return {
    tcbInfo: readDocument(reader, 'tcb_info'),
    qeIdentity: readDocument(reader, 'qe_identity'),
    pckCrl: readOctets(reader, 'pck_crl', 'X509 CRL'),
    rootCaCrl: readOctets(reader, 'root_ca_crl', 'X509 CRL'),
  }
}

/** The document is kept as the text that it is: its signature is over these octets. */
function readDocument(reader: ObjectReader, name: string): SignedDocument {
  return {
    body: encodeUtf8(reader.string(name)),
    signature: readOctets(reader, `${name}_signature`),
    issuerChain: decodePem(reader.string(`${name}_issuer_chain`), 'CERTIFICATE'),
  }
}

function readOctets(reader: ObjectReader, key: string, label?: string): Uint8Array {
  const value = reader.value(key)
  if (isList(value)) return Uint8Array.from(value, (octet) => (isOctet(octet) ? octet : refuse(reader, key)))
  if (typeof value !== 'string') return refuse(reader, key)
  if (label !== undefined && value.startsWith(PEM)) return decodePem(value, label)[0] ?? refuse(reader, key)
  return /^[0-9a-fA-F]*$/.test(value) ? decodeHex(value.toLowerCase()) : decodeBase64(value)
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function isOctet(value: JsonValue): value is number {
  return typeof value === 'number' && value >= 0 && value <= 0xff
}

function refuse(reader: ObjectReader, key: string): never {
  const error: MalformedError = reader.invalid(key, 'must be octets: hex, base64, PEM or numbers')
  throw error
}
