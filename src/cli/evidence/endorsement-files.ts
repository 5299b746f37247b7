/** What vouches for bare evidence, out of files and folders: in any order, under any name. Which part each takes is found by content. @module */
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { decodeHex } from '../../core/encoding/bytes.ts'
import { decodePem } from '../../core/encoding/pem.ts'
import { decodeCertificateTable, SNP_CERTIFICATE_GUIDS } from '../../core/snp/index.ts'
import { decodePcsDocument } from '../../core/tdx/index.ts'
import { type Certificate, type Crl, decodeCertificate, decodeCrl } from '../../core/x509/index.ts'
import { MalformedError } from '../../errors.ts'
import { UsageError } from '../command.ts'
import { readInput } from '../files.ts'
import { printable } from '../output.ts'
import { recognise } from './recognise.ts'
import { decodeStoredCollateral } from './stored-collateral.ts'

/** A document of Intel's; its signature and issuers may lie elsewhere, or be missing. */
export interface FoundDocument {
  readonly body: Uint8Array
  readonly signature?: Uint8Array
  /** DER; empty where no file beside it says it. */
  readonly issuerChain: readonly Uint8Array[]
}

/** Everything found. */
export interface EndorsementPool {
  readonly certificates: readonly Certificate[]
  readonly crls: readonly Crl[]
  readonly tcbInfos: readonly FoundDocument[]
  readonly qeIdentities: readonly FoundDocument[]
}

export const EMPTY_POOL: EndorsementPool = { certificates: [], crls: [], tcbInfos: [], qeIdentities: [] }
const IN_FOLDERS = /\.(?:der|cer|crt|pem|crl|json)$/

/**
 * Reads files and folders. A file that is named must hold something of use; in a folder, what does not is passed over.
 * @throws UsageError naming the file
 */
export async function readEndorsements(paths: readonly string[]): Promise<EndorsementPool> {
  const files = (await Promise.all(paths.map(expand))).flat()
  const found = await Promise.all(files.map(readFile))
  return {
    certificates: found.flatMap(({ certificates }) => certificates),
    crls: found.flatMap(({ crls }) => crls),
    tcbInfos: found.flatMap(({ tcbInfos }) => tcbInfos),
    qeIdentities: found.flatMap(({ qeIdentities }) => qeIdentities),
  }
}

interface EndorsementFile {
  readonly path: string
  /** By the person, not by its folder. */
  readonly named: boolean
}

async function expand(path: string): Promise<readonly EndorsementFile[]> {
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
  if (!isFolder) return [{ path, named: true }]
  const names = (await readdir(path)).filter((name) => IN_FOLDERS.test(name)).sort()
  return names.map((name) => ({ path: join(path, name), named: false }))
}

async function readFile({ path, named }: EndorsementFile): Promise<EndorsementPool> {
  const bytes = await readInput(path)
  try {
    const found = await readContent(bytes, path)
    if (found !== undefined) return found
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new UsageError(
      `${path}: ${cause.failure}: ${printable(cause.message)}`,
      "Give certificates and revocation lists as DER or PEM, Intel's documents as they were served.",
    )
  }
  if (!named || isSignature(path)) return EMPTY_POOL
  throw new UsageError(
    `${path} holds neither a certificate, a revocation list nor collateral of Intel's`,
    'See countersign verify --help for what --endorsements takes.',
  )
}

async function readContent(bytes: Uint8Array, path: string): Promise<EndorsementPool | undefined> {
  if (isSignature(path)) return undefined
  const { kind, octets } = await recognise(bytes)
  switch (kind) {
    case 'certificate':
      return { ...EMPTY_POOL, certificates: [decodeCertificate(octets)] }
    case 'crl':
      return { ...EMPTY_POOL, crls: [decodeCrl(octets)] }
    case 'pem':
      return readPem(new TextDecoder('latin1').decode(octets))
    case 'certificate-table':
      return { ...EMPTY_POOL, certificates: readTable(octets) }
    case 'tcb-info':
      return { ...EMPTY_POOL, tcbInfos: [await readDocument(octets, path, 'tcbInfo')] }
    case 'qe-identity':
      return { ...EMPTY_POOL, qeIdentities: [await readDocument(octets, path, 'enclaveIdentity')] }
    case 'stored-collateral': {
      const { tcbInfo, qeIdentity, pckCrl, rootCaCrl } = decodeStoredCollateral(octets)
      return {
        ...EMPTY_POOL,
        crls: [pckCrl, rootCaCrl].map(decodeCrl),
        tcbInfos: [tcbInfo],
        qeIdentities: [qeIdentity],
      }
    }
    default:
      return undefined
  }
}

function readPem(text: string): EndorsementPool {
  const blocks = (label: string): readonly Uint8Array[] =>
    text.includes(`-----BEGIN ${label}-----`) ? decodePem(text, label) : []
  return {
    ...EMPTY_POOL,
    certificates: blocks('CERTIFICATE').map(decodeCertificate),
    crls: blocks('X509 CRL').map(decodeCrl),
  }
}

/** Hosts put entries of their own beside the certificates. */
function readTable(octets: Uint8Array): readonly Certificate[] {
  const known: readonly string[] = Object.values(SNP_CERTIFICATE_GUIDS)
  return decodeCertificateTable(octets).flatMap(({ guid, data }) =>
    known.includes(guid) ? [decodeCertificate(data)] : [],
  )
}

/** The whole response of Intel's service, or the very octets that are signed with the signature in a file beside them. */
async function readDocument(
  octets: Uint8Array,
  path: string,
  member: 'tcbInfo' | 'enclaveIdentity',
): Promise<FoundDocument> {
  const stem = basename(path).replace(/\.\w+$/, '')
  const beside = (await readdir(dirname(path))).filter((name) => name.startsWith(stem))
  const chainFile = beside.find((name) => name.endsWith('.pem'))
  const issuerChain =
    chainFile === undefined ? [] : decodePem(await readText(join(dirname(path), chainFile)), 'CERTIFICATE')
  if (new TextDecoder('latin1').decode(octets.subarray(0, 1024)).includes(`"${member}"`))
    return { ...decodePcsDocument(octets, member), issuerChain }
  const signatureFile = beside.find(isSignature)
  const signature = signatureFile === undefined ? undefined : await readSignature(join(dirname(path), signatureFile))
  return { body: octets, issuerChain, ...(signature && { signature }) }
}

function isSignature(path: string): boolean {
  return /\.sig(?:\.hex)?$/.test(path)
}

const SIGNATURE_SIZE = 64

async function readSignature(path: string): Promise<Uint8Array> {
  const bytes = await readInput(path)
  return bytes.length === SIGNATURE_SIZE ? bytes : decodeHex((await readText(path)).trim().toLowerCase())
}

async function readText(path: string): Promise<string> {
  return new TextDecoder('latin1').decode(await readInput(path))
}
