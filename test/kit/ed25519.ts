/** Ed25519 keys from fixed seeds, so that what they sign is the same octets every time. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { concatBytes } from '../../src/core/encoding/bytes.ts'
import { type Ed25519Jwk, encodeEd25519Jwk, jwkThumbprint } from '../../src/core/evidence/jwk.ts'

export interface TestKey {
  readonly publicKey: Uint8Array
  readonly jwk: Ed25519Jwk
  readonly kid: string
  sign(bytes: Uint8Array): Uint8Array
}

const PKCS8_PREFIX = Uint8Array.from(Buffer.from('302e020100300506032b657004220420', 'hex'))

/** The key whose 32 octet seed is `octet` repeated. */
export function testKey(octet: number): TestKey {
  const der = concatBytes(PKCS8_PREFIX, new Uint8Array(32).fill(octet))
  const privateKey = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  const publicKey = new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32))
  const jwk = encodeEd25519Jwk(publicKey)
  return { publicKey, jwk, kid: jwkThumbprint(jwk), sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)) }
}
