/** Issues the certificates of simulated signing keys: a chip's VCEK, a cloud provider's VLEK. Their issuers are in the PKI. @module */
import { createPublicKey } from 'node:crypto'
import {
  OID_CSP_ID,
  OID_HWID,
  OID_PRODUCT_NAME,
  OID_STRUCT_VERSION,
  type SnpProduct,
  splArcs,
  splOid,
} from '../core/snp/index.ts'
import { ia5String, octetString, unsigned } from './der-writer.ts'
import {
  type CertificateTemplate,
  type ExtensionTemplate,
  issueCertificate,
  type Shape,
  spkiOf,
} from './issue-certificate.ts'
import { type SimulatedPki, simulatedName, validity } from './pki.ts'

/** What every signing key stands for. */
interface VekSubject {
  /** Eight octets in the product's layout. */
  readonly tcb: Uint8Array
  readonly clock: () => Date
  /** Alters the certificate before it is signed. */
  readonly shape?: Shape
}

/** What a VCEK stands for. */
export interface VcekSubject extends VekSubject {
  /** CHIP_ID, 64 octets. */
  readonly chipId: Uint8Array
}

/** What a VLEK stands for. */
export interface VlekSubject extends VekSubject {
  /** The cloud provider, as AMD spells one: `CN=…`. */
  readonly cspId: string
}

const VCEK_YEARS = 7
const VLEK_YEARS = 1
const HWID_SIZES = { Milan: 64, Genoa: 64, Turin: 8 } as const
/** AMD wraps no hwID in an OCTET STRING today, and calls early Milan "Milan-B0". */
const VCEK_PRODUCTS = { Milan: 'Milan-B0', Genoa: 'Genoa', Turin: 'Turin' } as const

/** Issues the VCEK of one chip at one firmware level: serial 0, no key usage, no basic constraints, like AMD's. */
export function issueVcek(pki: SimulatedPki, { tcb, chipId, clock, shape }: VcekSubject): Uint8Array {
  const { product, keys } = pki
  const template: CertificateTemplate = {
    ...templateOf(pki, { issuer: `SEV-${product}`, subject: 'SEV-VCEK' }),
    ...validity(clock, VCEK_YEARS),
    extensions: [
      ...levelExtensions(product, VCEK_PRODUCTS[product], tcb),
      { oid: OID_HWID, value: chipId.slice(0, HWID_SIZES[product]) },
    ],
  }
  return issueCertificate(shape?.(template) ?? template, keys.ask)
}

/** Issues the VLEK of one cloud provider at one firmware level, for a year. */
export function issueVlek(pki: SimulatedPki, { tcb, cspId, clock, shape }: VlekSubject): Uint8Array {
  const { product, keys } = pki
  const template: CertificateTemplate = {
    ...templateOf(pki, { issuer: `SEV-VLEK-${product}`, subject: 'SEV-VLEK' }),
    ...validity(clock, VLEK_YEARS),
    extensions: [...levelExtensions(product, product, tcb), { oid: OID_CSP_ID, value: ia5String(cspId) }],
  }
  return issueCertificate(shape?.(template) ?? template, keys.ask)
}

function templateOf(
  { keys }: SimulatedPki,
  { issuer, subject }: { issuer: string; subject: string },
): Omit<CertificateTemplate, 'notBefore' | 'notAfter' | 'extensions'> {
  return {
    version: 3,
    serial: Uint8Array.of(0),
    issuer: simulatedName(issuer),
    subject: simulatedName(subject),
    spki: spkiOf(createPublicKey(keys.vcek)),
    scheme: 'PS384',
  }
}

function levelExtensions(product: SnpProduct, productName: string, tcb: Uint8Array): readonly ExtensionTemplate[] {
  return [
    { oid: OID_STRUCT_VERSION, value: unsigned(product === 'Turin' ? 1 : 0) },
    { oid: OID_PRODUCT_NAME, value: ia5String(productName) },
    ...splArcs(product).map((arc, octet) => ({ oid: splOid(arc), value: unsigned(tcb[octet] ?? 0) })),
  ]
}

/** hwID as some VCEKs have it: inside an OCTET STRING of its own. */
export function wrapHwId(template: CertificateTemplate): CertificateTemplate {
  const extensions = template.extensions.map((extension) =>
    extension.oid === OID_HWID ? { ...extension, value: octetString(extension.value) } : extension,
  )
  return { ...template, extensions }
}
