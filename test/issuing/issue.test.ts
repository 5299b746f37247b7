import 'reflect-metadata'
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { Pkcs10CertificateRequest } from '@peculiar/x509'
import { describe, expect, it } from 'vitest'
import { decodeCertificate } from '../../src/core/x509/certificate.ts'
import { createCertificateRequest, createSelfSignedCertificate } from '../../src/issuing/index.ts'

const VALIDITY = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') }
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const spki = key.publicKey.export({ format: 'der', type: 'spki' })

async function issue(host: string): Promise<X509Certificate> {
  return new X509Certificate(await createSelfSignedCertificate(key, { host, ...VALIDITY }))
}

describe('a self-signed certificate', () => {
  it('is over the key that it was made for, and signed by it', async () => {
    const certificate = await issue('gw.example.com')
    expect(certificate.publicKey.export({ format: 'der', type: 'spki' })).toEqual(spki)
    expect(certificate.verify(key.publicKey)).toBe(true)
  })

  it.each([
    ['gw.example.com', 'DNS:gw.example.com'],
    ['gw.example.com:8443', 'DNS:gw.example.com'],
    ['192.0.2.7', 'IP Address:192.0.2.7'],
    ['192.0.2.7:8443', 'IP Address:192.0.2.7'],
    ['[2001:db8::7]:8443', 'IP Address:2001:DB8:0:0:0:0:0:7'],
  ])('names %s as %s', async (host, name) => {
    expect((await issue(host)).subjectAltName).toBe(name)
  })

  it('is for servers and signatures alone, within the time given', async () => {
    const certificate = await issue('gw.example.com')
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(certificate.ca).toBe(false)
    expect([new Date(certificate.validFrom), new Date(certificate.validTo)]).toEqual([
      VALIDITY.notBefore,
      VALIDITY.notAfter,
    ])
  })

  it('has a positive serial of sixteen octets, another one each time', async () => {
    const serials = await Promise.all(Array.from({ length: 8 }, async () => (await issue('a.example')).serialNumber))
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
    expect(new Set(serials).size).toBe(8)
  })

  it('is read by the strict reader of certificates', async () => {
    const der = await createSelfSignedCertificate(key, { host: 'gw.example.com', ...VALIDITY })
    const digest = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex')
    expect(digest(decodeCertificate(der).spki)).toBe(digest(spki))
  })
})

describe('a request for a certificate', () => {
  it('names the host and is signed by the key that it is for', async () => {
    const request = new Pkcs10CertificateRequest(await createCertificateRequest(key, 'gw.example.com:443'))
    expect(new Uint8Array(request.publicKey.rawData)).toEqual(new Uint8Array(spki))
    expect(await request.verify()).toBe(true)
    expect(request.extensions.map((extension) => extension.toString('text')).join()).toContain('DNS: gw.example.com')
  })
})
