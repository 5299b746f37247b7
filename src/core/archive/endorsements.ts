/** Endorsements as records of an archive: certificates, revocation lists, Intel's documents with their exact octets. wire.md section 6. @module */
import { MalformedError } from '../../errors.ts'
import { decodePem, encodePem } from '../encoding/pem.ts'
import type { ObjectReader } from '../encoding/shape.ts'
import { decodeAscii, encodeUtf8 } from '../encoding/utf8.ts'
import type { SnpEndorsements } from '../snp/index.ts'
import type { SignedDocument, TdxCollateral } from '../tdx/index.ts'
import { CMW_ENDORSEMENTS, type CmwRecord, decodeRecordOf, encodeRecord } from './cmw.ts'

const CERTIFICATE_TYPE = 'application/pkix-cert'
const CRL_TYPE = 'application/pkix-crl'
const JSON_TYPE = 'application/json'
const SIGNATURE_TYPE = 'application/octet-stream'
const CHAIN_TYPE = 'application/pem-certificate-chain'
const CERTIFICATE = 'CERTIFICATE'
const MAX_CRLS = 8

type Records = Readonly<Record<string, CmwRecord>>

function record(mediaType: string, octets: Uint8Array): CmwRecord {
  return encodeRecord({ mediaType, octets }, CMW_ENDORSEMENTS)
}

function octetsOf(reader: ObjectReader, name: string, type: string): Uint8Array {
  return decodeRecordOf(reader, name, CMW_ENDORSEMENTS, type)
}

/** In one order, whatever that of the object. */
function chainOf(endorsements: SnpEndorsements): Readonly<Record<string, Uint8Array>> {
  if ('vlek' in endorsements) {
    const { vlek, asvk, ark } = endorsements
    return { vlek, asvk, ark }
  }
  const { vcek, ask, ark } = endorsements
  return { vcek, ask, ark }
}

export function encodeSnpRecords(endorsements: SnpEndorsements): Records {
  const { crls = [] } = endorsements
  return {
    ...Object.fromEntries(
      Object.entries(chainOf(endorsements)).map(([name, der]) => [name, record(CERTIFICATE_TYPE, der)]),
    ),
    ...Object.fromEntries(crls.map((crl, i) => [`crl-${i}`, record(CRL_TYPE, crl)])),
  }
}

/** @throws MalformedError PARSE_INVALID, BASE64_STRICT */
export function decodeSnpRecords(reader: ObjectReader): SnpEndorsements {
  const certificate = (name: string): Uint8Array => octetsOf(reader, name, CERTIFICATE_TYPE)
  const ark = certificate('ark')
  const chain = reader.has('vlek')
    ? { vlek: certificate('vlek'), asvk: certificate('asvk'), ark }
    : { vcek: certificate('vcek'), ask: certificate('ask'), ark }
  const crls: Uint8Array[] = []
  while (crls.length < MAX_CRLS && reader.has(`crl-${crls.length}`))
    crls.push(octetsOf(reader, `crl-${crls.length}`, CRL_TYPE))
  return crls.length === 0 ? chain : { ...chain, crls }
}

function encodeDocument(name: string, { body, signature, issuerChain }: SignedDocument): Records {
  const chain = issuerChain.map((der) => encodePem(der, CERTIFICATE)).join('')
  return {
    [name]: record(JSON_TYPE, body),
    [`${name}-signature`]: record(SIGNATURE_TYPE, signature),
    [`${name}-issuer-chain`]: record(CHAIN_TYPE, encodeUtf8(chain)),
  }
}

function decodeDocument(reader: ObjectReader, name: string): SignedDocument {
  const body = octetsOf(reader, name, JSON_TYPE)
  const signature = octetsOf(reader, `${name}-signature`, SIGNATURE_TYPE)
  const issuerChain = decodePem(decodeAscii(octetsOf(reader, `${name}-issuer-chain`, CHAIN_TYPE)), CERTIFICATE)
  if (issuerChain.length === 0) throw new MalformedError('PEM_INVALID', `${name}-issuer-chain holds no certificate`)
  return { body, signature, issuerChain }
}

export function encodeTdxRecords({ tcbInfo, qeIdentity, pckCrl, rootCaCrl }: TdxCollateral): Records {
  return {
    ...encodeDocument('tcb-info', tcbInfo),
    ...encodeDocument('qe-identity', qeIdentity),
    'pck-crl': record(CRL_TYPE, pckCrl),
    'root-ca-crl': record(CRL_TYPE, rootCaCrl),
  }
}

/** @throws MalformedError PARSE_INVALID, BASE64_STRICT, PEM_INVALID */
export function decodeTdxRecords(reader: ObjectReader): TdxCollateral {
  return {
    tcbInfo: decodeDocument(reader, 'tcb-info'),
    qeIdentity: decodeDocument(reader, 'qe-identity'),
    pckCrl: octetsOf(reader, 'pck-crl', CRL_TYPE),
    rootCaCrl: octetsOf(reader, 'root-ca-crl', CRL_TYPE),
  }
}
