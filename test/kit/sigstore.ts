/** Signs statements offline: with a throw-away Sigstore of the mock's authority and logs, or with a key. @module */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { initializeCA, initializeTLog } from '@sigstore/mock'

export const IDENTITY = 'https://github.com/example/models/.github/workflows/sign.yaml@refs/heads/main'
export const ISSUER = 'https://token.actions.githubusercontent.com'
const ISSUER_OID = '1.3.6.1.4.1.57264.1.8'
const REPOSITORY_OID = '1.3.6.1.4.1.57264.1.12'
const MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
const VALID = { start: '2020-01-01T00:00:00Z' }

type Json = Readonly<Record<string, unknown>>

/** What of a bundle may be made wrong, each by itself. */
export interface Signing {
  readonly payload: Uint8Array
  readonly identity?: string
  readonly issuer?: string
  /** Address of the repository whose workflow ran: the certificate's source repository. */
  readonly repository?: string
  /** Signed in place of `payload`. */
  readonly signed?: Uint8Array
  readonly entry?: (entry: Json) => Json | undefined
}

export interface Sigstore {
  readonly trustedRoot: Uint8Array
  sign(signing: Signing): Promise<Json>
}

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')
const sha256 = (octets: Uint8Array): Buffer => createHash('sha256').update(octets).digest()
const onCurve = (namedCurve: string): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve })

export function preAuthEncoding(payload: Uint8Array, payloadType: string = PAYLOAD_TYPE): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload])
}

function bundleOf(verificationMaterial: Json, payload: Uint8Array, signature: Uint8Array): Json {
  return {
    mediaType: MEDIA_TYPE,
    verificationMaterial,
    dsseEnvelope: { payload: base64(payload), payloadType: PAYLOAD_TYPE, signatures: [{ sig: base64(signature) }] },
  }
}

function logOf(baseUrl: string, publicKey: Uint8Array): Json {
  return {
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: base64(publicKey), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: VALID },
    logId: { keyId: base64(sha256(publicKey)) },
  }
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}

/** The element of DER at `at`, header included, and where its content begins. */
function derElement(der: Uint8Array, at: number): { readonly octets: Uint8Array; readonly content: number } {
  const first = der[at + 1] ?? 0
  const lengthSize = first < 0x80 ? 0 : first & 0x7f
  const length = lengthSize === 0 ? first : Buffer.from(der).readUIntBE(at + 2, lengthSize)
  const content = at + 2 + lengthSize
  return { octets: der.subarray(at, content + length), content }
}

type CTLog = NonNullable<Parameters<typeof initializeCA>[1]>

/** RFC 6962, 3.2. The mock's own log of certificates leaves the signature out with the ASN.1 library of today. */
function createCTLog(): CTLog {
  const { publicKey, privateKey } = onCurve('prime256v1')
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const logID = sha256(spki)
  return {
    publicKey: spki,
    logID,
    log: async (certificate, issuerID) => {
      const der = new Uint8Array(certificate)
      const tbs = derElement(der, derElement(der, 0).content).octets
      const time = Buffer.alloc(8)
      time.writeBigUInt64BE(BigInt(Date.now()))
      const length = Buffer.from([0, ...u16(tbs.length)])
      const entry = Buffer.concat([Buffer.from([0, 0]), time, u16(1), Buffer.from(issuerID), length, tbs, u16(0)])
      const signature = sign('sha256', entry, privateKey)
      const signed = Buffer.concat([Buffer.from([4, 3]), u16(signature.length), signature])
      const timestamp = Buffer.concat([Buffer.from([0]), logID, time, u16(0), signed])
      return Uint8Array.from(Buffer.concat([u16(timestamp.length), timestamp])).buffer
    },
  }
}

type TLog = Awaited<ReturnType<typeof initializeTLog>>

interface LogEntry {
  readonly body: string
  readonly integratedTime: number
  readonly logID: string
  readonly logIndex: number
  readonly verification: {
    readonly signedEntryTimestamp: string
    readonly inclusionProof: {
      readonly checkpoint: string
      readonly logIndex: number
      readonly rootHash: string
      readonly treeSize: number
    }
  }
}

/** Of the kind `dsse`, as the log of Sigstore keeps them. */
async function logged(log: TLog, payload: Uint8Array, signature: Uint8Array, certificate: Uint8Array): Promise<Json> {
  const pem = `-----BEGIN CERTIFICATE-----\n${base64(certificate)}\n-----END CERTIFICATE-----\n`
  const entries: Readonly<Record<string, LogEntry>> = JSON.parse(
    JSON.stringify(
      await log.log({
        apiVersion: '0.0.1',
        kind: 'dsse',
        spec: {
          payloadHash: { algorithm: 'sha256', value: sha256(payload).toString('hex') },
          signatures: [{ signature: base64(signature), verifier: base64(Buffer.from(pem)) }],
        },
      }),
    ),
  )
  const [entry] = Object.values(entries)
  if (entry === undefined) throw new Error('the log gave no entry')
  const { inclusionProof, signedEntryTimestamp } = entry.verification
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: base64(Buffer.from(entry.logID, 'hex')) },
    kindVersion: { kind: 'dsse', version: '0.0.1' },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(inclusionProof.logIndex),
      rootHash: base64(Buffer.from(inclusionProof.rootHash, 'hex')),
      treeSize: String(inclusionProof.treeSize),
      hashes: [],
      checkpoint: { envelope: inclusionProof.checkpoint },
    },
    canonicalizedBody: entry.body,
  }
}

/** What an authority or a log may do wrong. */
export interface SigstoreFaults {
  readonly logsCertificates?: boolean
  readonly logTime?: Date
}

/** A Sigstore of its own: nothing that it signs verifies under the root of another. */
export async function createSigstore({ logsCertificates = true, logTime }: SigstoreFaults = {}): Promise<Sigstore> {
  const ctLog = createCTLog()
  const ca = await initializeCA(onCurve('secp384r1'), logsCertificates ? ctLog : undefined)
  const tLog = await initializeTLog('https://rekor.example', onCurve('prime256v1'), logTime)
  const root = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [logOf('https://rekor.example', tLog.publicKey)],
    ctlogs: [logOf('https://ct.example', ctLog.publicKey)],
    certificateAuthorities: [
      {
        uri: 'https://ca.example',
        certChain: { certificates: [{ rawBytes: base64(ca.rootCertificate) }] },
        validFor: VALID,
      },
    ],
    timestampAuthorities: [],
  }
  return {
    trustedRoot: Buffer.from(JSON.stringify(root)),
    sign: async ({
      payload,
      identity = IDENTITY,
      issuer = ISSUER,
      repository,
      signed = payload,
      entry = (same) => same,
    }) => {
      const { publicKey, privateKey } = onCurve('prime256v1')
      const certificate = await ca.issueCertificate({
        publicKey: publicKey.export({ format: 'der', type: 'spki' }),
        subjectAltName: identity,
        extensions: [
          { oid: ISSUER_OID, value: issuer },
          ...(repository === undefined ? [] : [{ oid: REPOSITORY_OID, value: repository }]),
        ],
      })
      const signature = sign('sha256', preAuthEncoding(signed), privateKey)
      const made = entry(await logged(tLog, payload, signature, certificate))
      const material = { certificate: { rawBytes: base64(certificate) }, tlogEntries: made === undefined ? [] : [made] }
      return bundleOf(material, payload, signature)
    },
  }
}

export interface SigningKey {
  readonly pem: string
  readonly privateKey: KeyObject
  sign(payload: Uint8Array): Json
}

const DIGESTS = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' } as const

export function createKey(namedCurve: keyof typeof DIGESTS = 'prime256v1'): SigningKey {
  const { privateKey } = onCurve(namedCurve)
  const pem = createPublicKey(privateKey).export({ format: 'pem', type: 'spki' })
  return {
    pem: pem.toString(),
    privateKey,
    sign: (payload) => {
      const signature = sign(DIGESTS[namedCurve], preAuthEncoding(payload), privateKey)
      return bundleOf({ publicKey: { hint: 'any' }, tlogEntries: [] }, payload, signature)
    },
  }
}
