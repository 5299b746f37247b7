/** Certificates and revocation lists in summary. What names a machine for life (PPID, platform instance) is withheld. @module */
import { digestUri } from '../../core/crypto/index.ts'
import { encodeHex } from '../../core/encoding/bytes.ts'
import { decodePem } from '../../core/encoding/pem.ts'
import { decodeEndorsementKey, decodeTcb, formatTcb, OID_PRODUCT_NAME } from '../../core/snp/index.ts'
import { decodePckExtension, OID_PCK_EXTENSION } from '../../core/tdx/index.ts'
import { type Certificate, decodeCertificate, decodeCrl, decodeKeyKind } from '../../core/x509/index.ts'
import { MalformedError } from '../../errors.ts'
import { faultText, type Inspection, type Item } from './item.ts'

/** Revoked serials that are listed. */
const MAX_LISTED = 20

export function inspectCertificate(der: Uint8Array): Inspection {
  return summarised('certificate', der, () => {
    const certificate = decodeCertificate(der)
    return { title: `certificate of ${certificate.subject.text}`, items: certificateItems(certificate) }
  })
}

export function inspectCrl(der: Uint8Array): Inspection {
  return summarised('revocation list', der, () => {
    const crl = decodeCrl(der)
    const listed = [...crl.revoked].slice(0, MAX_LISTED)
    const items: Item[] = [
      text('issuer', crl.issuer.text),
      text('this update', crl.thisUpdate.toISOString()),
      text('next update', crl.nextUpdate.toISOString()),
      text('number', String(crl.number)),
      text('authority key id', encodeHex(crl.authorityKeyId)),
      text('signature algorithm', crl.signatureScheme.oid),
      {
        name: 'revoked',
        value: String(crl.revoked.size),
        items: listed.map(([serial, { date }]) => text(serial, date.toISOString())),
      },
    ]
    return { title: `revocation list of ${crl.issuer.text}`, items }
  })
}

/** Every block, in the order of the file. */
export function inspectPem(octets: Uint8Array): Inspection {
  const written = new TextDecoder('latin1').decode(octets)
  const blocks = [...written.matchAll(/-----BEGIN (CERTIFICATE|X509 CRL)-----[^-]*-----END \1-----/g)]
  const inspections = blocks.map(({ 0: block, 1: label = '', index }) => {
    const [der = new Uint8Array()] = decodePem(block, label)
    const { title, items, fault } = label === 'CERTIFICATE' ? inspectCertificate(der) : inspectCrl(der)
    const item: Item = {
      name: title,
      offset: index,
      length: block.length,
      ...(fault ? { value: fault.message } : { items }),
    }
    return item
  })
  return { title: `PEM, ${blocks.length} blocks`, items: inspections }
}

/** A certificate as one part of something else. */
export function certificateItem(name: string, der: Uint8Array): Item {
  const { title, items, fault } = inspectCertificate(der)
  return { name, length: der.length, value: fault ? fault.message : title, items }
}

function summarised(kind: string, der: Uint8Array, read: () => Inspection): Inspection {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return { title: `${kind} of ${der.length} bytes, malformed`, items: [], fault: faultText(error) }
  }
}

function certificateItems(certificate: Certificate): readonly Item[] {
  const { subject, issuer, serial, notBefore, notAfter, spki, signatureScheme, extensions, raw } = certificate
  return [
    text('subject', subject.text),
    text('issuer', issuer.text),
    text('serial', encodeHex(serial)),
    text('valid', `${notBefore.toISOString()} to ${notAfter.toISOString()}`),
    text(
      'key',
      attempt(() => decodeKeyKind(spki)),
    ),
    text('signature algorithm', signatureScheme.oid),
    text('fingerprint', digestUri(raw)),
    { name: 'extensions', value: String(extensions.length), items: extensions.map(extensionItem) },
    ...vendorItems(certificate),
  ]
}

/** Values are shown by what reads them: some name a machine for life. */
function extensionItem({ oid, critical, value }: Certificate['extensions'][number]): Item {
  return text(oid, `${critical ? 'critical, ' : ''}${value.length} bytes`)
}

function vendorItems(certificate: Certificate): readonly Item[] {
  const has = (due: string): boolean => certificate.extensions.some(({ oid }) => oid === due)
  if (has(OID_PCK_EXTENSION)) return [{ name: 'PCK extension', items: pckItems(certificate) }]
  if (has(OID_PRODUCT_NAME)) return [{ name: 'AMD extensions', items: keyItems(certificate) }]
  return []
}

function pckItems(certificate: Certificate): readonly Item[] {
  return attemptItems(() => {
    const { fmspc, pceId, pceSvn, components, sgxType, platformInstanceId } = decodePckExtension(certificate)
    return [
      text('PPID', 'withheld: names the machine for life'),
      text('FMSPC', fmspc),
      text('PCE ID', pceId),
      text('PCESVN', String(pceSvn)),
      text('components', components.join(' ')),
      text('SGX type', String(sgxType)),
      ...(platformInstanceId === undefined ? [] : [text('platform instance', 'withheld: names the machine')]),
    ]
  })
}

function keyItems(certificate: Certificate): readonly Item[] {
  return attemptItems(() => {
    const kind = certificate.subject.commonNames[0] === 'SEV-VLEK' ? 'vlek' : 'vcek'
    const key = decodeEndorsementKey(certificate, kind)
    return [
      text('product', key.productName),
      text('TCB', `${encodeHex(key.tcb)} (${formatTcb(decodeTcb(key.tcb, key.product))})`),
      key.kind === 'vcek' ? text('HWID', encodeHex(key.hwId)) : text('provider', key.cspId),
    ]
  })
}

export function text(name: string, value: string): Item {
  return { name, value }
}

function attempt(read: () => string): string {
  try {
    return read()
  } catch (error) {
    if (error instanceof MalformedError) return `malformed: ${error.failure}: ${error.message}`
    throw error
  }
}

function attemptItems(read: () => readonly Item[]): readonly Item[] {
  try {
    return read()
  } catch (error) {
    if (error instanceof MalformedError) return [text('malformed', `${error.failure}: ${error.message}`)]
    throw error
  }
}
