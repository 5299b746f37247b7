/** Keys and certificates that sign enclave images of the vectors. Made anew each time; the committed images keep the public halves. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { encodePem } from '../../../src/core/encoding/pem.ts'
import { issueCertificate, spkiOf } from '../../../src/simulator/issue-certificate.ts'

export interface Signer {
  readonly key: KeyObject
  /** PEM, signed by itself. */
  readonly certificate: string
}

const CURVES = { 'P-256': 'ES256', 'P-384': 'ES384' } as const

export function createSigner(curve: keyof typeof CURVES = 'P-384'): Signer {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: curve })
  const name = [['2.5.4.3', 'SIMULATED image signer']] as const
  const der = issueCertificate(
    {
      version: 3,
      serial: Uint8Array.of(0x11),
      issuer: name,
      subject: name,
      notBefore: new Date('2026-01-01T00:00:00Z'),
      notAfter: new Date('2027-01-01T00:00:00Z'),
      spki: spkiOf(createPublicKey(key)),
      extensions: [],
      scheme: CURVES[curve],
    },
    key,
  )
  return { key, certificate: encodePem(der, 'CERTIFICATE') }
}
