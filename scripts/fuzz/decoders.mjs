// Every decoder of octets that somebody else wrote, with good samples of what it decodes.

import { decodeEpoch, decodeGenesis } from '../../src/audit/genesis.ts'
import { decodeLogListing } from '../../src/audit/http-reader.ts'
import { decodeWatchState, encodeWatchState } from '../../src/audit/watch-state.ts'
import { decodeHashLines, encodeHashLines } from '../../src/core/archive/hash-lines.ts'
import { decodeArchive, decodeEquivocation } from '../../src/core/archive/index.ts'
import { decodeTsmReport, encodeTsmReport } from '../../src/core/archive/tsm-report.ts'
import { decodeCoseSign1 } from '../../src/core/cose/index.ts'
import { decodeCbor } from '../../src/core/encoding/cbor.ts'
import { decodeDerElements, decodeDerOid, decodeDerUnsigned } from '../../src/core/encoding/der.ts'
import { decodeJson } from '../../src/core/encoding/json.ts'
import { decodePem } from '../../src/core/encoding/pem.ts'
import { decodeCcel, decodeDstackEvents, decodeEventLog, listCcelEvents } from '../../src/core/event-log/index.ts'
import { measureEvent } from '../../src/core/event-log/measured-event.ts'
import { decodeSession } from '../../src/core/evidence/session.ts'
import { decodeStatement } from '../../src/core/evidence/statement.ts'
import { decodeLock } from '../../src/core/lock.ts'
import {
  decodeAddCheckpoint,
  decodeCheckpoint,
  decodeEntry,
  decodeEntryBundle,
  decodeForkProof,
  decodeNote,
  decodeTilePath,
  decodeTlogProof,
  decodeVkey,
  decodeWitnessPolicy,
  decodeWitnessVkey,
  encodeEntryBundle,
} from '../../src/core/log/index.ts'
import { decodeNitroDocument, decodeNitroPayload } from '../../src/core/nitro/index.ts'
import { decodeRequest, ResponseDecoder } from '../../src/core/ohttp/binary-http.ts'
import { ChunkReader } from '../../src/core/ohttp/chunks.ts'
import { decodeOhttpKeyConfigs, encodeOhttpKeyConfigs } from '../../src/core/ohttp/key-configs.ts'
import { decodePolicy } from '../../src/core/policy.ts'
import { EventStreamDigest } from '../../src/core/receipt/event-stream.ts'
import { decodeReceipt } from '../../src/core/receipt/receipt.ts'
import {
  decodeCertificateTable,
  decodeEndorsementKey,
  decodeSnpEndorsements,
  decodeSnpReport,
} from '../../src/core/snp/index.ts'
import {
  decodePckChain,
  decodePckExtension,
  decodePcsDocument,
  decodeQeIdentity,
  decodeQeReport,
  decodeTcbInfo,
  decodeTdxQuote,
  OID_PCK_EXTENSION,
} from '../../src/core/tdx/index.ts'
import { decodeCertificate, decodeCrl, decodeEcdsaSignature, decodeKeyKind } from '../../src/core/x509/index.ts'
import { listContextDecoders } from './context-decoders.mjs'
import { distinct, json, utf8 } from './samples.mjs'

const NITRO_LIMITS = { maxPayloadSize: 16_384 }
const DER_CONSTRUCTED = 0x20
const DER_INTEGER = 2
const DER_OID = 6

/** Octets as text, each a character: senders of text choose their octets. */
const latin1 = (bytes) => Buffer.from(bytes).toString('latin1')
const base64Url = (bytes) => Buffer.from(bytes).toString('base64url')

function readDer(bytes, depth = 0) {
  for (const { tag, content } of decodeDerElements(bytes)) {
    if (tag === DER_OID) decodeDerOid(content)
    else if (tag === DER_INTEGER && content.length < 8) decodeDerUnsigned(content)
    else if ((tag & DER_CONSTRUCTED) !== 0 && depth < 16) readDer(content, depth + 1)
  }
}

/** A certificate and all that verifiers go on to read of it. */
function readCertificate(bytes) {
  const certificate = decodeCertificate(bytes)
  decodeKeyKind(certificate.spki)
  const { extensions } = certificate
  if (extensions.some(({ oid }) => oid === OID_PCK_EXTENSION)) decodePckExtension(certificate)
  else decodeEndorsementKey(certificate, certificate.subject.commonNames[0]?.includes('VLEK') ? 'vlek' : 'vcek')
}

function digestStream(bytes) {
  const stream = new EventStreamDigest()
  stream.update(bytes)
  stream.finish()
}

/** Gives octets in portions, as a network would, and then their end. */
function readPortions(decoder, bytes) {
  for (let at = 0; at < bytes.length; at += 29) decoder.push(bytes.subarray(at, at + 29))
  decoder.finish()
}

/** Octets of one member of the vectors of OHTTP, of one kind or of several. */
function fromOhttp(vectors, kinds, member) {
  return vectors
    .filter(({ kind, form = 'chunked' }) => kinds.includes(kind) && form === 'chunked')
    .map((vector) => new Uint8Array(Buffer.from(vector[member], 'hex')))
}

/** The JWS around the payload is well-formed: what is tried here are the claims. */
function receiptAround(receipt) {
  const [jws = '', ...disclosures] = receipt.split('~')
  const [header, payload = '', signature] = jws.split('.')
  return {
    sample: new Uint8Array(Buffer.from(payload, 'base64url')),
    decode: (bytes) => decodeReceipt(`${header}.${base64Url(bytes)}.${signature}~${disclosures.join('~')}`),
  }
}

function pckExtensions(quotes) {
  return distinct(
    quotes.flatMap(({ signatureData }) => {
      const [leaf] = decodePckChain(signatureData.pckChain)
      const { extensions } = decodeCertificate(leaf)
      return extensions.filter(({ oid }) => oid === OID_PCK_EXTENSION).map(({ value }) => value)
    }),
  )
}

const signatureOf = (certificate) => decodeCertificate(certificate).signature

/** What the vectors of the log hold of one kind, as octets. */
function fromVectors(vectors, kind, member) {
  return distinct(vectors.filter((vector) => vector.kind === kind).map((vector) => utf8(vector[member])))
}

/** A consistency proof and the checkpoint that it leads to, as a log sends them to a witness. */
function addCheckpoints(vectors) {
  const sizeOf = (note) => note.split('\n')[1]
  return vectors
    .filter(({ kind, expected }) => kind === 'following' && expected.ok)
    .map(({ previous, next, proof }) =>
      utf8(`old ${previous === 'none' ? 0 : sizeOf(previous)}\n${proof.map((line) => `${line}\n`).join('')}\n${next}`),
    )
}

const EPOCH = { epoch: 1, from: `sha256:${'5a'.repeat(32)}`, size: 12, to: `sha256:${'a5'.repeat(32)}` }
const OHTTP_KEYS = encodeOhttpKeyConfigs(
  [`010020${'09'.repeat(32)}000400010001`, `02647a${'09'.repeat(1216)}00080001000100010002`].map(
    (config) => new Uint8Array(Buffer.from(config, 'hex')),
  ),
)
/** Octets before the chunks of the vectors: header and encapsulated key of a request, nonce of a response. */
const BEFORE_REQUEST_CHUNKS = 39
const BEFORE_RESPONSE_CHUNKS = 16

/** @returns `{ name, samples, decode }` each */
export function listDecoders(samples) {
  const quotes = samples.quotes.map(decodeTdxQuote)
  const archives = samples.archives.map(decodeArchive)
  const receipts = archives.map(({ receipt }) => receipt)
  const proofs = archives.flatMap(({ proof, quoteProof }) => [proof, quoteProof]).filter((proof) => proof !== undefined)
  const cosigned = samples.logVectors.filter(({ kind }) => kind === 'witnessed')
  const vkeys = cosigned.flatMap(({ policy }) => policy.match(/^witness \S+ (\S+)/m)?.[1] ?? [])
  const hashLines = archives.flatMap(({ consistency }) => (consistency === undefined ? [] : [consistency]))
  const origins = cosigned.map(({ origin, checkpoint }) => ({ origin, checkpoint }))
  const notes = proofs.map((proof) => proof.slice(proof.indexOf('\n\n') + 2))
  const envelopes = samples.documents.map((document) => decodeCoseSign1(document, NITRO_LIMITS))
  const claims = receiptAround(receipts[0])
  const chains = distinct(quotes.map(({ signatureData }) => signatureData.pckChain))
  const tsmReports = samples.reports
    .slice(0, 3)
    .map((outblob, index) =>
      encodeTsmReport({ provider: 'sev_guest', outblob, auxblob: samples.tables[index % samples.tables.length] }),
    )
  const documents = samples.tcbInfos.map((body) => utf8(`{"tcbInfo":${latin1(body)},"signature":"${'5a'.repeat(64)}"}`))
  const entry = Buffer.from(samples.wire.entry, 'hex')
  const chunked = [
    ...fromOhttp(samples.ohttp, ['exchange', 'opens'], 'encapsulatedRequest').map((octets) =>
      octets.subarray(BEFORE_REQUEST_CHUNKS),
    ),
    ...fromOhttp(samples.ohttp, ['exchange', 'opens'], 'encapsulatedResponse').map((octets) =>
      octets.subarray(BEFORE_RESPONSE_CHUNKS),
    ),
  ]
  const signatures = samples.certificates.map(signatureOf).filter(({ length }) => length < 128)
  return [
    ['snp-report', samples.reports, decodeSnpReport],
    ['snp-certificate-table', samples.tables, (bytes) => [decodeCertificateTable(bytes), decodeSnpEndorsements(bytes)]],
    ['tdx-quote', samples.quotes, decodeTdxQuote],
    ['tdx-qe-report', distinct(quotes.map(({ signatureData }) => signatureData.qeReport)), decodeQeReport],
    ['tdx-pck-chain', chains, decodePckChain],
    [
      'tdx-pck-extension',
      pckExtensions(quotes),
      (value) => decodePckExtension({ extensions: [{ oid: OID_PCK_EXTENSION, value }] }),
    ],
    ['tdx-tcb-info', samples.tcbInfos, decodeTcbInfo],
    ['tdx-qe-identity', samples.identities, decodeQeIdentity],
    ['tdx-pcs-document', documents, (bytes) => decodePcsDocument(bytes, 'tcbInfo')],
    ['nitro-document', samples.documents, decodeNitroDocument],
    ['nitro-payload', distinct(envelopes.map(({ payload }) => payload)), decodeNitroPayload],
    ['cose-sign1', samples.documents, (bytes) => decodeCoseSign1(bytes, NITRO_LIMITS)],
    [
      'cbor',
      [...tsmReports, ...envelopes.map(({ payload }) => payload)],
      (bytes) => decodeCbor(bytes, { topMap: 'any-length' }),
    ],
    ['tsm-report', tsmReports, (bytes) => decodeTsmReport(bytes, 'sev_guest')],
    ['der', [...samples.certificates, ...samples.crls], (bytes) => readDer(bytes)],
    ['certificate', samples.certificates, readCertificate],
    ['crl', samples.crls, decodeCrl],
    ['ecdsa-signature', signatures, (bytes) => decodeEcdsaSignature(bytes, 'ES256')],
    ['pem', chains, (bytes) => decodePem(latin1(bytes), 'CERTIFICATE')],
    ['event-log-record', samples.records, decodeEventLog],
    ['event-log-ccel', samples.ccels, (bytes) => listCcelEvents(decodeCcel(bytes)).map(measureEvent)],
    ['event-log-dstack', samples.dstackLogs, (bytes) => decodeDstackEvents(bytes).map(measureEvent)],
    ['archive', samples.archives, decodeArchive],
    ['receipt', receipts.map(utf8), (bytes) => decodeReceipt(latin1(bytes))],
    ['receipt-claims', [claims.sample], claims.decode],
    ['event-stream', JSON.parse(latin1(samples.streams)).cases.map(({ octets }) => utf8(octets)), digestStream],
    ['session', distinct(archives.map(({ session }) => session)), decodeSession],
    ['statement', distinct(archives.map(({ statement }) => statement)), decodeStatement],
    ['checkpoint', notes.map((note) => utf8(note.slice(0, note.indexOf('\n\n') + 1))), decodeCheckpoint],
    ['note', notes.map(utf8), decodeNote],
    ['tlog-proof', proofs.map(utf8), decodeTlogProof],
    ['vkey', [utf8(decodeSession(archives[0].session).keys.log)], (bytes) => decodeVkey(latin1(bytes))],
    ['witness-policy', fromVectors(samples.logVectors, 'witnessed', 'policy'), decodeWitnessPolicy],
    ['witness-vkey', distinct(vkeys.map(utf8)), (bytes) => decodeWitnessVkey(latin1(bytes))],
    ['cosigned-note', fromVectors(samples.logVectors, 'witnessed', 'checkpoint'), decodeNote],
    ['add-checkpoint', addCheckpoints(samples.logVectors), decodeAddCheckpoint],
    ['fork-proof', fromVectors(samples.logVectors, 'fork', 'proof'), decodeForkProof],
    ['hash-lines', hashLines.map(encodeHashLines), (bytes) => decodeHashLines(bytes, 'consistency')],
    ['equivocation', samples.pairs, decodeEquivocation],
    ['ohttp-keys', [OHTTP_KEYS], decodeOhttpKeyConfigs],
    ['bhttp-request', fromOhttp(samples.ohttp, ['request'], 'octets'), decodeRequest],
    [
      'bhttp-response',
      fromOhttp(samples.ohttp, ['response'], 'octets'),
      (bytes) => readPortions(new ResponseDecoder(), bytes),
    ],
    ['ohttp-chunks', chunked, (bytes) => readPortions(new ChunkReader(65_536), bytes)],
    ['genesis', distinct(archives.flatMap(({ genesis }) => genesis ?? [])), decodeGenesis],
    ['epoch', [json(EPOCH)], decodeEpoch],
    ['log-listing', [json({ host: 'gw.example.com', logs: ['A'.repeat(43)] })], decodeLogListing],
    ['watch-state', [utf8(encodeWatchState({ host: 'gw.example.com', logs: origins.slice(0, 1) }))], decodeWatchState],
    ['log-entry', [entry], decodeEntry],
    ['tile', [utf8('tile/0/x001/234.p/5'), utf8('tile/entries/000')], (bytes) => decodeTilePath(latin1(bytes))],
    ['entry-bundle', [encodeEntryBundle([entry, entry, entry])], decodeEntryBundle],
    [
      'json',
      [...samples.tcbInfos, samples.lock, json({ a: [1, -2, 'é\n'] })],
      (bytes) => decodeJson(bytes, { numbers: 'any' }),
    ],
    ['policy', samples.policies, decodePolicy],
    ['lock', [samples.lock], decodeLock],
    ...listContextDecoders(samples),
  ].map(([name, list, decode]) => ({ name, samples: distinct(list), decode }))
}
