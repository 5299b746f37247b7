/** AMD's extensions in a VCEK or VLEK: which chip or cloud, and which firmware levels, its key stands for. AMD 57230. @module */
import { MalformedError } from '../../errors.ts'
import { DER_IA5_STRING, DER_INTEGER, DER_OCTET_STRING, decodeDer, decodeDerUnsigned } from '../encoding/der.ts'
import { decodeAscii } from '../encoding/utf8.ts'
import type { Certificate } from '../x509/index.ts'
import type { SnpSignerKind } from './endorsements.ts'
import { productOfName, type SnpProduct } from './product.ts'

const AMD = '1.3.6.1.4.1.3704.1'
export const OID_STRUCT_VERSION: string = `${AMD}.1`
export const OID_PRODUCT_NAME: string = `${AMD}.2`
export const OID_HWID: string = `${AMD}.4`
export const OID_CSP_ID: string = `${AMD}.5`
const OID_SPL = `${AMD}.3`

/** Last arc of each security patch level, by the octet of TCB_VERSION that it must equal. */
const EARLY_SPLS = [1, 2, 4, 5, 6, 7, 3, 8] as const
const TURIN_SPLS = [9, 1, 2, 3, 5, 6, 7, 8] as const
const MICROCODE_ARC = 8

/** The arcs below `1.3.6.1.4.1.3704.1.3`, in the order of the octets of TCB_VERSION. */
export function splArcs(product: SnpProduct): readonly number[] {
  return product === 'Turin' ? TURIN_SPLS : EARLY_SPLS
}

/** The identifier of one security patch level. */
export function splOid(arc: number): string {
  return `${OID_SPL}.${arc}`
}

/** What the certificate of a signing key says, whoever holds the key. */
interface KeySubject {
  readonly product: SnpProduct
  /** As it stands, for example `Milan-B0`. */
  readonly productName: string
  /** Eight octets in the product's layout, reserved ones too: comparable with REPORTED_TCB as they are. */
  readonly tcb: Uint8Array
}

export interface Vcek extends KeySubject {
  readonly kind: 'vcek'
  /** 64 octets, on Turin 8. */
  readonly hwId: Uint8Array
}

export interface Vlek extends KeySubject {
  readonly kind: 'vlek'
  /** The provider, for example `CN=cc-eu-west-1.amazonaws.com`. */
  readonly cspId: string
}

/** A key that signs reports. A VLEK stands for some machine of a provider, not for a chip. */
export type EndorsementKey = Vcek | Vlek

// By the decoded certificate itself: a proven path hands out the same one again. A certificate is read as one kind, or refused.
const READ: WeakMap<Certificate, EndorsementKey> = new WeakMap()

/**
 * Reads the extensions of the certificate that vouches for a signing key. Each one that its kind and product have must be there, and
 * none that they have not: a verifier that skips an absent extension accepts a certificate for any firmware.
 * @throws MalformedError X509_EXTENSION
 */
export function decodeEndorsementKey(certificate: Certificate, kind: SnpSignerKind): EndorsementKey {
  const known = READ.get(certificate)
  if (known?.kind === kind) return known
  try {
    const key = kind === 'vcek' ? readVcek(certificate) : readVlek(certificate)
    READ.set(certificate, key)
    return key
  } catch (cause) {
    if (cause instanceof MalformedError && cause.failure !== 'X509_EXTENSION')
      throw new MalformedError('X509_EXTENSION', `a ${kind.toUpperCase()} extension is malformed: ${cause.message}`, {
        cause,
      })
    throw cause
  }
}

/** For callers: what they write into it must not reach the next judgement, which is given the same key again. */
export function copyKey(key: EndorsementKey): EndorsementKey {
  const tcb = key.tcb.slice()
  return key.kind === 'vcek' ? { ...key, tcb, hwId: key.hwId.slice() } : { ...key, tcb }
}

function readVcek(certificate: Certificate): Vcek {
  const productName = text(extension(certificate, OID_PRODUCT_NAME))
  const subject = readSubject(certificate, productName, productOfName(productName.split('-')[0]))
  if (has(certificate, OID_CSP_ID)) throw invalid('a VCEK with a cloud provider')
  return { kind: 'vcek', ...subject, hwId: readHwId(certificate, subject.product) }
}

/** AMD 57230: the product of a VLEK has no stepping, and with a chip's id it would be no VLEK. */
function readVlek(certificate: Certificate): Vlek {
  const productName = text(extension(certificate, OID_PRODUCT_NAME))
  const subject = readSubject(certificate, productName, productOfName(productName))
  if (has(certificate, OID_HWID)) throw invalid('a VLEK with a chip id')
  const cspId = text(extension(certificate, OID_CSP_ID))
  if (cspId === '') throw invalid('a VLEK with an empty cloud provider')
  return { kind: 'vlek', ...subject, cspId }
}

function readSubject(certificate: Certificate, productName: string, product: SnpProduct | undefined): KeySubject {
  if (product === undefined) throw invalid(`product "${productName}" is not known`)
  const structVersion = unsigned(extension(certificate, OID_STRUCT_VERSION))
  if (structVersion !== (product === 'Turin' ? 1 : 0)) throw invalid(`structure version ${structVersion}`)
  return { product, productName, tcb: readTcb(certificate, product) }
}

function readTcb(certificate: Certificate, product: SnpProduct): Uint8Array {
  const arcs = splArcs(product)
  const foreign = certificate.extensions.find(
    ({ oid }) => oid.startsWith(`${OID_SPL}.`) && !arcs.some((arc) => oid === splOid(arc)),
  )
  if (foreign) throw invalid(`${foreign.oid} has no place in a certificate of ${product}`)
  return Uint8Array.from(arcs, (arc) => {
    const level = unsigned(extension(certificate, splOid(arc)))
    if (level > (arc === MICROCODE_ARC ? 255 : 127)) throw invalid(`${splOid(arc)} is ${level}`)
    return level
  })
}

/** Raw octets, or the same inside an OCTET STRING: AMD has issued both. */
function readHwId(certificate: Certificate, product: SnpProduct): Uint8Array {
  const size = product === 'Turin' ? 8 : 64
  const value = extension(certificate, OID_HWID)
  const hwId = value.length === size ? value : decodeDer(value, DER_OCTET_STRING).content
  if (hwId.length !== size) throw invalid(`the chip's id has ${hwId.length} bytes, ${size} are due`)
  return hwId
}

function has(certificate: Certificate, wanted: string): boolean {
  return certificate.extensions.some(({ oid }) => oid === wanted)
}

function extension(certificate: Certificate, wanted: string): Uint8Array {
  const found = certificate.extensions.find(({ oid }) => oid === wanted)
  if (found === undefined) throw invalid(`${wanted} is missing`)
  return found.value
}

function unsigned(value: Uint8Array): number {
  return decodeDerUnsigned(decodeDer(value, DER_INTEGER).content)
}

function text(value: Uint8Array): string {
  return decodeAscii(decodeDer(value, DER_IA5_STRING).content)
}

function invalid(what: string): MalformedError {
  return new MalformedError('X509_EXTENSION', what)
}
