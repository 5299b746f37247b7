/** The keys of a boot: made here, used here, never exported, one for each role. @module */
import { generateKeyPairSync, sign } from 'node:crypto'
import { decodeBase64Url } from '../../core/encoding/base64.ts'
import { type Ed25519Jwk, encodeEd25519Jwk, jwkThumbprint } from '../../core/evidence/jwk.ts'
import type { ReceiptSigner } from '../../core/receipt/receipt.ts'
import { CountersignError } from '../../errors.ts'
import type { LogSigner } from '../log/index.ts'

/** Signs receipts. */
export interface ReceiptKey extends ReceiptSigner {
  readonly jwk: Ed25519Jwk
}

interface SigningKey {
  /** 32 raw octets. */
  readonly publicKey: Uint8Array
  sign(bytes: Uint8Array): Uint8Array
}

/** The KeyObject stays in this closure: no code path hands the private key out. */
function createSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x } = publicKey.export({ format: 'jwk' })
  if (x === undefined) throw new CountersignError('ERR_USAGE', 'an Ed25519 key without x')
  return { publicKey: decodeBase64Url(x), sign: (bytes) => sign(null, bytes, privateKey) }
}

export function createReceiptKey(): ReceiptKey {
  const { publicKey, sign: signBytes } = createSigningKey()
  const jwk = encodeEd25519Jwk(publicKey)
  return { jwk, kid: jwkThumbprint(jwk), sign: signBytes }
}

/** Signs checkpoints and groups of the write-ahead log. */
export function createLogKey(): LogSigner {
  return createSigningKey()
}
