/** What a simulated Intel publishes about its platforms, signed: TCB info, QE identity, revocation lists; wrong ones too. @module */
import { type KeyObject, sign } from 'node:crypto'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import type { SignedDocument, TdxCollateral } from '../core/tdx/collateral.ts'
import { authorityKeyId, keyIdOf } from './issue-certificate.ts'
import { type CrlTemplate, issueCrl } from './issue-crl.ts'
import {
  type CollateralSubject,
  defaultQeIdentity,
  defaultTcbInfo,
  encodeQeIdentity,
  encodeTcbInfo,
  publicationWindow,
  type QeIdentityFields,
  type TcbInfoFields,
} from './tdx-documents.ts'
import { publicDer, type SimulatedTdxPki, simulatedIntelName } from './tdx-pki.ts'

/** Alterations on the way to signed collateral. */
export interface SimulatedCollateralOptions {
  readonly tcbInfo?: Partial<TcbInfoFields>
  readonly qeIdentity?: Partial<QeIdentityFields>
  /** Alters the text before it is signed. */
  readonly tcbInfoText?: (text: string) => string
  readonly qeIdentityText?: (text: string) => string
  /** Alters a list before it is signed. */
  readonly pckCrl?: (template: CrlTemplate) => CrlTemplate
  readonly rootCaCrl?: (template: CrlTemplate) => CrlTemplate
}

const ROOT_CRL_DAYS = 365
/** Signs everything that verification of one platform needs. */
export function createSimulatedCollateral(
  pki: SimulatedTdxPki,
  subject: CollateralSubject,
  options: SimulatedCollateralOptions = {},
): TdxCollateral {
  const same = (text: string): string => text
  const { tcbInfoText = same, qeIdentityText = same } = options
  const signed = (text: string): SignedDocument => signDocument(pki, encodeUtf8(text))
  return {
    tcbInfo: signed(tcbInfoText(encodeTcbInfo({ ...defaultTcbInfo(subject), ...options.tcbInfo }))),
    qeIdentity: signed(qeIdentityText(encodeQeIdentity({ ...defaultQeIdentity(subject), ...options.qeIdentity }))),
    ...createLists(pki, subject, options),
  }
}

/** ECDSA P-256 with SHA-256 over exactly these octets, under the TCB signing certificate. */
export function signDocument({ keys, certificates }: SimulatedTdxPki, body: Uint8Array): SignedDocument {
  const signature = sign('sha256', body, { key: keys.tcbSigning, dsaEncoding: 'ieee-p1363' })
  return { body, signature: new Uint8Array(signature), issuerChain: [certificates.tcbSigning, certificates.root] }
}

function createLists(
  { keys }: SimulatedTdxPki,
  { ca, clock }: CollateralSubject,
  options: SimulatedCollateralOptions,
): Pick<TdxCollateral, 'pckCrl' | 'rootCaCrl'> {
  const caKey = ca === 'platform' ? keys.platformCa : keys.processorCa
  const role = ca === 'platform' ? 'PCK Platform CA' : 'PCK Processor CA'
  const list = (issuer: string, key: KeyObject, days?: number): CrlTemplate => ({
    version: 2,
    issuer: simulatedIntelName(issuer),
    ...publicationWindow(clock, days),
    number: 1,
    revoked: [],
    extensions: [authorityKeyId(keyIdOf(publicDer(key)))],
    scheme: 'ES256',
  })
  const pck = list(role, caKey)
  const revoked = { serial: new Uint8Array(20).fill(0x55), date: pck.thisUpdate }
  const pckCrl: CrlTemplate = { ...pck, revoked: [revoked] }
  const rootCaCrl = list('Root CA', keys.root, ROOT_CRL_DAYS)
  return {
    pckCrl: issueCrl(options.pckCrl?.(pckCrl) ?? pckCrl, caKey),
    rootCaCrl: issueCrl(options.rootCaCrl?.(rootCaCrl) ?? rootCaCrl, keys.root),
  }
}
