/** A P-384 chain made on the spot, for rules that AMD's profile does not use. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { digestUri } from '../../../src/core/crypto/index.ts'
import type { PathProfile } from '../../../src/core/x509/index.ts'
import {
  type CertificateTemplate,
  caConstraints,
  issueCertificate,
  keyUsage,
  type Shape,
  spkiOf,
} from '../../../src/simulator/issue-certificate.ts'

export const AT: Date = new Date('2026-11-21T12:00:00Z')

/** As strict as a profile can be. */
export const STRICT: PathProfile = {
  revocable: 'leaf-and-issuers',
  name: 'strict',
  minLength: 2,
  maxLength: 5,
  maxIntermediates: 3,
  maxCertificateSize: 2048,
  maxPathSize: 4096,
  algorithms: ['ES384'],
  explicitTrailerField: 'refused',
  leafKeys: ['P-384'],
  issuerKeys: ['P-384'],
  leafSerialZero: 'refused',
  leafKeyUsage: 'required',
  extendedKeyUsage: 'refused',
  keyIdentifiers: 'where-present',
  criticalExtensions: ['2.5.29.19', '2.5.29.15'],
}

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
const keys = [newKey(), newKey(), newKey(), newKey()]

export interface Chain {
  /** From leaf to root. */
  readonly path: readonly Uint8Array[]
  readonly roots: readonly string[]
}

/** Leaf, `intermediates` issuers, root; `shapes` by place from the leaf. */
export function makeChain(intermediates = 1, shapes: readonly (Shape | undefined)[] = []): Chain {
  const path: Uint8Array[] = []
  for (let place = 0; place <= intermediates + 1; place++) {
    const above = Math.min(place + 1, intermediates + 1)
    const template = templateAt(place, above)
    path.push(issueCertificate(shapes[place]?.(template) ?? template, keyAt(above)))
  }
  return { path, roots: [digestUri(path.at(-1) ?? new Uint8Array())] }
}

function templateAt(place: number, above: number): CertificateTemplate {
  return {
    version: 3,
    serial: Uint8Array.of(place + 1),
    issuer: [['2.5.4.3', `certificate ${above}`]],
    subject: [['2.5.4.3', `certificate ${place}`]],
    notBefore: new Date(AT.getTime() - 1000),
    notAfter: new Date(AT.getTime() + 1000),
    spki: spkiOf(createPublicKey(keyAt(place))),
    extensions: place === 0 ? [keyUsage(0x80)] : [caConstraints(), keyUsage(0x04)],
    scheme: 'ES384',
  }
}

/** The key of the certificate at `place`, the same in every chain. */
export function keyAt(place: number): KeyObject {
  const key = keys[place]
  if (key === undefined) throw new RangeError('no key for so long a chain')
  return key
}
