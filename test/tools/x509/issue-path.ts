/** Issues the path and the lists of one recipe: P-256 chains of Intel's shape, P-384 chains of Amazon's. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import {
  authorityKeyId,
  type CertificateTemplate,
  caConstraints,
  issueCertificate,
  keyIdOf,
  keyUsage,
  leafConstraints,
  spkiOf,
  subjectKeyId,
} from '../../../src/simulator/issue-certificate.ts'
import { issueCrl } from '../../../src/simulator/issue-crl.ts'
import { AT, after, DAY_MS, type ListRecipe, type ProfileName, type Recipe } from './recipe.ts'

interface Shape {
  readonly curve: 'P-256' | 'P-384'
  readonly scheme: 'ES256' | 'ES384'
  readonly intermediates: number
}

const SHAPES: Readonly<Record<ProfileName, Shape>> = {
  'intel-pck': { curve: 'P-256', scheme: 'ES256', intermediates: 1 },
  'intel-signing': { curve: 'P-256', scheme: 'ES256', intermediates: 0 },
  nitro: { curve: 'P-384', scheme: 'ES384', intermediates: 3 },
}

const keys = new Map<string, KeyObject>()

/** One key for each place of each curve: all vectors share it. */
function keyAt(curve: string, place: number): KeyObject {
  const id = `${curve} ${place}`
  const key = keys.get(id) ?? generateKeyPairSync('ec', { namedCurve: curve }).privateKey
  keys.set(id, key)
  return key
}

const publicOf = (key: KeyObject): Uint8Array => spkiOf(createPublicKey(key))
const nameAt = (place: number, root: number): readonly (readonly [string, string])[] => [
  ['2.5.4.3', place === 0 ? 'SIMULATED leaf' : place === root ? 'SIMULATED root' : `SIMULATED CA ${place}`],
  ['2.5.4.10', 'SIMULATED'],
]

function templateAt(place: number, { curve, scheme, intermediates }: Shape): CertificateTemplate {
  const root = intermediates + 1
  const above = Math.min(place + 1, root)
  const spki = publicOf(keyAt(curve, place))
  return {
    version: 3,
    serial: Uint8Array.of(0x40, place),
    issuer: nameAt(above, root),
    subject: nameAt(place, root),
    notBefore: after(-DAY_MS),
    notAfter: after(DAY_MS),
    spki,
    extensions: [
      authorityKeyId(keyIdOf(publicOf(keyAt(curve, above)))),
      subjectKeyId(keyIdOf(spki)),
      ...(place === 0 ? [keyUsage(0xc0, 6), leafConstraints()] : [keyUsage(0x06), caConstraints()]),
    ],
    scheme,
  }
}

/** From leaf to root. */
export function issuePath({
  profile = 'intel-pck',
  intermediates,
  ...changes
}: Partial<Recipe>): readonly Uint8Array[] {
  const shape = { ...SHAPES[profile], ...(intermediates !== undefined && { intermediates }) }
  const root = shape.intermediates + 1
  const path = Array.from({ length: root + 1 }, (_, place) => {
    const template = templateAt(place, shape)
    const signer = changes.signers?.[place] ?? keyAt(shape.curve, Math.min(place + 1, root))
    return issueCertificate(changes.shapes?.[place]?.(template) ?? template, signer)
  })
  return changes.tamper?.(path) ?? path
}

/** The list of one recipe. */
export function issueList({ profile = 'intel-pck' }: Recipe, { place, shape, signer, tamper }: ListRecipe): Uint8Array {
  const { curve, scheme, intermediates } = SHAPES[profile]
  const issuer = keyAt(curve, place)
  const template = {
    version: 2,
    issuer: nameAt(place, intermediates + 1),
    thisUpdate: after(-DAY_MS),
    nextUpdate: after(DAY_MS),
    number: 7,
    revoked: [{ serial: Uint8Array.of(0x33), date: AT }],
    extensions: [authorityKeyId(keyIdOf(publicOf(issuer)))],
    scheme,
  } as const
  const list = issueCrl(shape?.(template) ?? template, signer ?? issuer)
  return tamper?.(list) ?? list
}
