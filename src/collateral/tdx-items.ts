/** What Intel's provisioning service has: TCB info, the identity of the TD quoting enclave, revocation lists. specs/tdx.md section 6. @module */
import { verifySignature } from '../core/crypto/index.ts'
import {
  decodePcsDocument,
  decodeQeIdentity,
  decodeTcbInfo,
  type SignedDocument,
  type TcbInfo,
} from '../core/tdx/index.ts'
import { decodeCertificate } from '../core/x509/index.ts'
import { MalformedError } from '../errors.ts'
import {
  type PckCa,
  pckCrlAddress,
  qeIdentityAddress,
  ROOT_CRL_ADDRESS,
  type TcbSelection,
  tcbInfoAddress,
} from './addresses.ts'
import { type FetchedCrl, readCrl, refuseOlderCrl } from './crl.ts'
import type { Dated, Item } from './item.ts'
import { decodeHeaderPair } from './pem-pair.ts'
import { proveCrl, proveIssued } from './proof.ts'
import { PCK_CA_NAMES } from './tdx-platform.ts'

export interface FetchedDocument extends Dated {
  readonly document: SignedDocument
  readonly evaluationDataNumber: number
  readonly issueDate: Date
}

/** A list with its issuer and the root, DER. */
export interface FetchedPckCrl extends FetchedCrl {
  readonly issuerChain: readonly [Uint8Array, Uint8Array]
}

/** @param roots fingerprints of the roots that count. @throws CountersignError ERR_USAGE */
export function tcbInfoItem(fmspc: string, selection: TcbSelection, roots: readonly string[]): Item<FetchedDocument> {
  return {
    what: 'TCB info',
    address: tcbInfoAddress(fmspc, selection),
    kind: 'dated',
    // Older servers know the second name.
    chainHeaders: ['TCB-Info-Issuer-Chain', 'SGX-TCB-Info-Issuer-Chain'],
    decode: ({ body, issuerChain }) => {
      const document = { ...decodePcsDocument(body, 'tcbInfo'), issuerChain: decodeHeaderPair(issuerChain) }
      const info = decodeTcbInfo(document.body)
      if (info.fmspc !== fmspc) throw new MalformedError('TDX_FMSPC', `TCB info of ${info.fmspc}, not of ${fmspc}`)
      return { document, ...editionOf(info, selection) }
    },
    prove: ({ document }) => proveDocument(document, roots, 'TCB_INFO_SIGNATURE'),
    refuseOlder: refuseOlderDocument,
  }
}

/** @throws CountersignError ERR_USAGE */
export function qeIdentityItem(selection: TcbSelection, roots: readonly string[]): Item<FetchedDocument> {
  return {
    what: 'QE identity',
    address: qeIdentityAddress(selection),
    kind: 'dated',
    chainHeaders: ['SGX-Enclave-Identity-Issuer-Chain'],
    decode: ({ body, issuerChain }) => {
      const document = { ...decodePcsDocument(body, 'enclaveIdentity'), issuerChain: decodeHeaderPair(issuerChain) }
      return { document, ...editionOf(decodeQeIdentity(document.body), selection) }
    },
    prove: ({ document }) => proveDocument(document, roots, 'QE_IDENTITY_SIGNATURE'),
    refuseOlder: refuseOlderDocument,
  }
}

export function pckCrlItem(ca: PckCa, roots: readonly string[]): Item<FetchedPckCrl> {
  return {
    what: `revocation list of the PCK ${ca} CA`,
    address: pckCrlAddress(ca),
    kind: 'dated',
    chainHeaders: ['SGX-PCK-CRL-Issuer-Chain'],
    decode: ({ body, issuerChain }) => {
      const fetched = { ...readCrl(body), issuerChain: decodeHeaderPair(issuerChain) }
      const issuer = decodeCertificate(fetched.issuerChain[0])
      if (!PCK_CA_NAMES[ca].test(issuer.subject.commonNames[0] ?? ''))
        throw new MalformedError('CRL_BAD_ISSUER', `the list of "${issuer.subject.text}", not of the ${ca} CA`)
      return fetched
    },
    prove: async ({ crl, issuerChain }) => {
      const [issuer] = await proveIssued(issuerChain, roots)
      await proveCrl(crl, issuer)
    },
    refuseOlder: refuseOlderCrl,
  }
}

/** @param root the certificate of the root, DER, pinned */
export function rootCrlItem(root: () => Promise<Uint8Array>): Item<FetchedCrl> {
  return {
    what: 'revocation list of the SGX root CA',
    address: ROOT_CRL_ADDRESS,
    kind: 'dated',
    chainHeaders: [],
    decode: ({ body }) => readCrl(body),
    prove: async ({ crl }) => proveCrl(crl, decodeCertificate(await root())),
    refuseOlder: refuseOlderCrl,
  }
}

async function proveDocument(
  { body, signature, issuerChain }: SignedDocument,
  roots: readonly string[],
  code: 'TCB_INFO_SIGNATURE' | 'QE_IDENTITY_SIGNATURE',
): Promise<void> {
  const [signer, root] = issuerChain
  if (signer === undefined || root === undefined) throw new MalformedError('X509_CHAIN_BROKEN', 'no issuer chain')
  const [certificate] = await proveIssued([signer, root], roots)
  if (!(await verifySignature('ES256', certificate.spki, signature, body)))
    throw new MalformedError(code, `not signed by "${certificate.subject.text}"`)
}

type PcsDates = Pick<TcbInfo, 'issueDate' | 'nextUpdate' | 'evaluationDataNumber'>
type Edition = Omit<FetchedDocument, 'document'>

function editionOf({ issueDate, nextUpdate, evaluationDataNumber }: PcsDates, selection: TcbSelection): Edition {
  const asked = 'tcbEvaluationDataNumber' in selection ? selection.tcbEvaluationDataNumber : evaluationDataNumber
  // Whoever asks for one number and gets another would record the wrong one.
  if (evaluationDataNumber !== asked)
    throw new MalformedError('COLLATERAL_KIND', `evaluation number ${evaluationDataNumber}, ${asked} was asked for`)
  return { goodUntil: nextUpdate, evaluationDataNumber, issueDate }
}

/** Old TCB info calls platforms up to date that are no longer; it stays genuine, and for a month current. */
function refuseOlderDocument(held: Edition, served: Edition): void {
  if (served.evaluationDataNumber >= held.evaluationDataNumber && served.issueDate >= held.issueDate) return
  const show = ({ evaluationDataNumber, issueDate }: Edition): string =>
    `evaluation number ${evaluationDataNumber} of ${issueDate.toISOString()}`
  throw new MalformedError('COLLATERAL_ROLLBACK', `${show(served)} after ${show(held)}`)
}
