/** Chooses the endorsements of one piece of evidence among what was found, and says what is missing. Nothing is judged here. @module */
import { sameBytes } from '../../core/encoding/bytes.ts'
import {
  decodeEndorsementKey,
  decodeSnpReport,
  type SnpEndorsements,
  type SnpReport,
  type SnpSignerKind,
} from '../../core/snp/index.ts'
import {
  decodePckChain,
  decodePckExtension,
  decodeQeIdentity,
  decodeTcbInfo,
  decodeTdxQuote,
  type SignedDocument,
  type TdxCollateral,
} from '../../core/tdx/index.ts'
import { type Certificate, type Crl, decodeCertificate } from '../../core/x509/index.ts'
import { MalformedError } from '../../errors.ts'
import type { EndorsementPool, FoundDocument } from './endorsement-files.ts'

/** What was chosen, and what is missing in words for people. */
export interface Endorsed<T> {
  readonly endorsements: T | undefined
  readonly missing: readonly string[]
}

type SnpPlace = 'vcek' | 'ask' | 'vlek' | 'asvk' | 'ark'

/** Which place a certificate takes, by its common name. That it really is that certificate is for the verifier to find. */
function placeOf({ subject }: Certificate): SnpPlace | undefined {
  const [name = ''] = subject.commonNames
  if (name === 'SEV-VCEK') return 'vcek'
  if (name === 'SEV-VLEK') return 'vlek'
  if (name.startsWith('SEV-VLEK-')) return 'asvk'
  if (name.startsWith('ARK-')) return 'ark'
  return name.startsWith('SEV-') ? 'ask' : undefined
}

const VLEK_SIGNS = 1

/** The chain of the key that the report names: its own certificate where there are several, and whose names lead up from it. */
export function endorseSnp(report: Uint8Array, { certificates, crls }: EndorsementPool): Endorsed<SnpEndorsements> {
  const decoded = attempt(() => decodeSnpReport(report))
  const kind: SnpSignerKind = decoded?.keyInfo.signingKey === VLEK_SIGNS ? 'vlek' : 'vcek'
  const at = (place: SnpPlace): readonly Certificate[] => certificates.filter((found) => placeOf(found) === place)
  const leaves = at(kind)
  const leaf = leaves.find((found) => decoded && isOfChip(found, decoded)) ?? leaves[0]
  const issuer = issuerOf(leaf, at(kind === 'vcek' ? 'ask' : 'asvk'))
  const ark = issuerOf(issuer, at('ark'))
  const ofAmd = crls.filter((crl) => /^(?:ARK|SEV)-/.test(crl.issuer.commonNames[0] ?? ''))
  const lists = ofAmd.length === 0 ? {} : { crls: ofAmd.map(({ raw }) => raw) }
  if (leaf === undefined || issuer === undefined || ark === undefined) {
    const names = kind === 'vcek' ? { VCEK: leaf, ASK: issuer, ARK: ark } : { VLEK: leaf, ASVK: issuer, ARK: ark }
    return { endorsements: undefined, missing: absent(names) }
  }
  const chain =
    kind === 'vcek'
      ? { vcek: leaf.raw, ask: issuer.raw, ark: ark.raw }
      : { vlek: leaf.raw, asvk: issuer.raw, ark: ark.raw }
  return { endorsements: { ...chain, ...lists }, missing: [] }
}

function isOfChip(certificate: Certificate, { chipId, reportedTcb }: SnpReport): boolean {
  const key = attempt(() => decodeEndorsementKey(certificate, 'vcek'))
  if (key?.kind !== 'vcek') return false
  return sameBytes(key.hwId, chipId.subarray(0, key.hwId.length)) && sameBytes(key.tcb, reportedTcb)
}

/** Where no name leads up, the first: that it does not fit is for the verifier to say. */
function issuerOf(subject: Certificate | undefined, candidates: readonly Certificate[]): Certificate | undefined {
  return candidates.find((found) => subject && sameBytes(found.subject.der, subject.issuer.der)) ?? candidates[0]
}

/** Intel's documents and lists for the platform of the quote, those that are in force at `at` where there are several. */
export function endorseTdx(quote: Uint8Array, pool: EndorsementPool, at: Date): Endorsed<TdxCollateral> {
  const chain = attempt(() => decodePckChain(decodeTdxQuote(quote).signatureData.pckChain).map(decodeCertificate)) ?? []
  const [leaf] = chain
  const root = chain.at(-1)
  const fmspc = leaf && attempt(() => decodePckExtension(leaf).fmspc)
  const certificates = [...pool.certificates, ...(root ? [root] : [])]
  const tcbInfo = chooseDocument(pool.tcbInfos, at, (body) => {
    const info = decodeTcbInfo(body)
    return { ...info, fits: info.fmspc === fmspc }
  })
  const qeIdentity = chooseDocument(pool.qeIdentities, at, (body) => ({ ...decodeQeIdentity(body), fits: true }))
  const pckCrl = chooseList(pool.crls, { at, issuer: leaf?.issuer.der, name: /\bPCK (?:Platform|Processor) CA$/ })
  const rootCaCrl = chooseList(pool.crls, { at, issuer: root?.subject.der, name: /\bRoot CA$/ })
  const documents = { tcbInfo: sign(tcbInfo, certificates, at), qeIdentity: sign(qeIdentity, certificates, at) }
  if (documents.tcbInfo && documents.qeIdentity && pckCrl && rootCaCrl)
    return {
      endorsements: { tcbInfo: documents.tcbInfo, qeIdentity: documents.qeIdentity, pckCrl, rootCaCrl },
      missing: [],
    }
  const missing = [
    ...missingOf(`TCB info${fmspc === undefined ? '' : ` of FMSPC ${fmspc}`}`, tcbInfo, documents.tcbInfo),
    ...missingOf('QE identity', qeIdentity, documents.qeIdentity),
    ...absent({ 'PCK revocation list': pckCrl, 'revocation list of the root': rootCaCrl }),
  ]
  return { endorsements: undefined, missing }
}

interface Dates {
  readonly issueDate: Date
  readonly fits: boolean
}

/** What fits first, then the latest that was issued by then; what does not decode comes last, for the verifier to refuse. */
function chooseDocument(
  documents: readonly FoundDocument[],
  at: Date,
  read: (body: Uint8Array) => Dates,
): FoundDocument | undefined {
  const ranked = documents.map((document) => {
    const dates = attempt(() => read(document.body))
    const rank = dates === undefined ? -1 : (dates.fits ? 2 : 0) + (dates.issueDate <= at ? 1 : 0)
    return { document, rank, issued: dates?.issueDate.getTime() ?? 0 }
  })
  return ranked.sort((a, b) => b.rank - a.rank || b.issued - a.issued)[0]?.document
}

function chooseList(
  crls: readonly Crl[],
  { at, issuer, name }: { at: Date; issuer: Uint8Array | undefined; name: RegExp },
): Uint8Array | undefined {
  const ofName = crls.filter((crl) => name.test(crl.issuer.commonNames[0] ?? ''))
  const ofIssuer = ofName.filter((crl) => issuer !== undefined && sameBytes(crl.issuer.der, issuer))
  const newestFirst = [...(ofIssuer.length > 0 ? ofIssuer : ofName)].sort(
    (a, b) => b.thisUpdate.getTime() - a.thisUpdate.getTime(),
  )
  return (newestFirst.find(({ thisUpdate }) => thisUpdate <= at) ?? newestFirst.at(-1))?.raw
}

/** Puts the issuers to a document that lacks them: the signing certificate in force, and its root. */
function sign(
  document: FoundDocument | undefined,
  certificates: readonly Certificate[],
  at: Date,
): SignedDocument | undefined {
  if (document?.signature === undefined) return undefined
  const { body, signature, issuerChain } = document
  if (issuerChain.length > 0) return { body, signature, issuerChain }
  const signers = certificates.filter(({ subject }) => /\bTCB Signing$/.test(subject.commonNames[0] ?? ''))
  const signer = signers.find(({ notBefore, notAfter }) => notBefore <= at && at <= notAfter) ?? signers[0]
  const root = certificates.find(({ subject }) => signer && sameBytes(subject.der, signer.issuer.der))
  return signer && root ? { body, signature, issuerChain: [signer.raw, root.raw] } : undefined
}

function missingOf(
  name: string,
  found: FoundDocument | undefined,
  signed: SignedDocument | undefined,
): readonly string[] {
  if (found === undefined) return [name]
  if (found.signature === undefined) return [`signature of the ${name} (a .sig.hex file beside it)`]
  return signed === undefined ? [`issuer chain of the ${name} (PEM)`] : []
}

function absent(places: Readonly<Record<string, object | undefined>>): readonly string[] {
  return Object.entries(places).flatMap(([name, found]) => (found === undefined ? [name] : []))
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
