/** Log keys for tests: made from a seed, so that every run signs the same octets. @module */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { NoteSigner } from '../../../src/core/log/index.ts'

// RFC 8410: PrivateKeyInfo of Ed25519 up to the 32 octets of the seed.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The key whose seed is 32 times `octet`. */
export function logKey(octet: number): NoteSigner {
  const pkcs8 = Buffer.concat([PKCS8_PREFIX, Buffer.alloc(32, octet)])
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: new Uint8Array(spki.subarray(-32)),
    sign: (bytes) => new Uint8Array(sign(null, bytes, key)),
  }
}
