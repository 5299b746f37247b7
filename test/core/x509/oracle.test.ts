/** Our reader of certificates against @peculiar/x509, an independent one: every genuine certificate at hand and every simulated one. */
import 'reflect-metadata'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { X509Certificate } from '@peculiar/x509'
import { describe, expect, it } from 'vitest'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodePem } from '../../../src/core/encoding/pem.ts'
import { decodeCertificate } from '../../../src/core/x509/index.ts'

const GENUINE = join('..', 'shared', 'vectors')
const SIMULATED = 'attestation-fixtures'
if (!existsSync(GENUINE)) process.stdout.write(`genuine certificates are not at hand (${GENUINE}): not tested\n`)

/** Lists, a certificate with zeros behind it, and what is wrong on purpose, on which readers may differ. */
const NOT_COMPARED = /crl[^/]*\.der$|ak_cert\.(der|pem)$|-fail\//

const pemBlocks = (text: string): readonly Uint8Array[] =>
  text.includes('BEGIN CERTIFICATE') ? decodePem(text, 'CERTIFICATE') : []

function certificatesBelow(folder: string): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (NOT_COMPARED.test(file)) continue
    const bytes = (): Uint8Array => new Uint8Array(readFileSync(join(folder, file)))
    const all = file.endsWith('.der')
      ? [bytes()]
      : file.endsWith('.pem')
        ? pemBlocks(readFileSync(join(folder, file), 'latin1'))
        : []
    for (const der of all) found.set(encodeHex(der), der)
  }
  return found
}

/** What both readers say, in one spelling. */
const ours = (der: Uint8Array): object => {
  const certificate = decodeCertificate(der)
  return {
    subject: certificate.subject.text,
    issuer: certificate.issuer.text,
    commonNames: certificate.subject.commonNames,
    organizations: certificate.issuer.organizations,
    // The other reader shows the value without its sign octet.
    serial: encodeHex(certificate.serial).replace(/^00(?=[89a-f])/, ''),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    publicKey: encodeHex(certificate.spki),
    signature: encodeHex(certificate.signature),
    extensions: certificate.extensions.map(({ oid, critical, value }) => [oid, critical, encodeHex(value)]),
  }
}
const theirs = (der: Uint8Array): object => {
  const certificate = new X509Certificate(new Uint8Array(der))
  return {
    subject: certificate.subject,
    issuer: certificate.issuer,
    commonNames: certificate.subjectName.getField('CN'),
    organizations: certificate.issuerName.getField('O'),
    serial: certificate.serialNumber,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    publicKey: Buffer.from(certificate.publicKey.rawData).toString('hex'),
    signature: Buffer.from(certificate.signature).toString('hex'),
    extensions: certificate.extensions.map(({ type, critical, value }) => [
      type,
      critical,
      Buffer.from(value).toString('hex'),
    ]),
  }
}

describe('decodeCertificate beside @peculiar/x509', () => {
  it.skipIf(!existsSync(GENUINE))('reads the same in every genuine certificate', () => {
    const certificates = certificatesBelow(GENUINE)
    expect(certificates.size).toBeGreaterThan(140)
    for (const der of certificates.values()) expect(ours(der)).toEqual(theirs(der))
  })

  it('reads the same in every good simulated certificate', () => {
    const certificates = certificatesBelow(SIMULATED)
    expect(certificates.size).toBeGreaterThan(100)
    for (const der of certificates.values()) expect(ours(der)).toEqual(theirs(der))
  })
})
