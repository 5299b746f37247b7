/** The VCEK's vendor extensions: which chip and which firmware levels its key stands for. specs/sev-snp.md section 9. @module */
import { MalformedError } from '../../errors.ts'
import { DER_IA5_STRING, DER_INTEGER, DER_OCTET_STRING, decodeDer, decodeDerUnsigned } from '../encoding/der.ts'
import { decodeAscii } from '../encoding/utf8.ts'
import type { Certificate } from '../x509/index.ts'
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

export interface Vcek {
  readonly product: SnpProduct
  /** As it stands, for example `Milan-B0`. */
  readonly productName: string
  /** Eight octets in the product's layout, reserved ones too: comparable with REPORTED_TCB as they are. */
  readonly tcb: Uint8Array
  /** 64 octets, on Turin 8. */
  readonly hwId: Uint8Array
}

/**
 * Reads the extensions of a VCEK. Each one that its product has must be there, and none that it has not: a verifier that skips an
 * absent extension accepts a certificate for any firmware.
 * @throws MalformedError X509_EXTENSION
 */
export function decodeVcek(certificate: Certificate): Vcek {
  try {
    const productName = text(extension(certificate, OID_PRODUCT_NAME))
    const product = productOfName(productName.split('-')[0])
    if (product === undefined) throw invalid(`product "${productName}" is not known`)
    const structVersion = unsigned(extension(certificate, OID_STRUCT_VERSION))
    if (structVersion !== (product === 'Turin' ? 1 : 0)) throw invalid(`structure version ${structVersion}`)
    if (has(certificate, OID_CSP_ID)) throw invalid('a VCEK with a cloud provider')
    return { product, productName, tcb: readTcb(certificate, product), hwId: readHwId(certificate, product) }
  } catch (cause) {
    if (cause instanceof MalformedError && cause.failure !== 'X509_EXTENSION')
      throw new MalformedError('X509_EXTENSION', `a VCEK extension is malformed: ${cause.message}`, { cause })
    throw cause
  }
}

function readTcb(certificate: Certificate, product: SnpProduct): Uint8Array {
  const arcs = splArcs(product)
  const foreign = certificate.extensions.find(
    ({ oid }) => oid.startsWith(`${OID_SPL}.`) && !arcs.some((arc) => oid === splOid(arc)),
  )
  if (foreign) throw invalid(`${foreign.oid} has no place in a ${product} VCEK`)
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
