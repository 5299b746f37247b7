/** Keys and nonces of a response. RFC 9458 section 4.4; the chunked draft, section 6.2. @module */
import { type Aead, createAead } from '../core/crypto/aead.ts'
import { concatBytes } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { type OhttpForm, responseLabel } from './request-header.ts'

/** What both ends know after a request: enough to encrypt answers to it. */
export interface ExchangeSecret {
  readonly form: OhttpForm
  /** The encapsulated key of the request. */
  readonly enc: Uint8Array
  /** HPKE's export under the label of the form. */
  readonly secret: Uint8Array
  /** Nk, octets. */
  readonly keySize: number
}

/** Nn of every AEAD at hand, octets. */
const NONCE_SIZE = 12

/** max(Nn, Nk): octets of the secret, and of the nonce that begins each response. */
export function entropySize(keySize: number): number {
  return Math.max(NONCE_SIZE, keySize)
}

export async function exportSecret(
  context: { export(label: Uint8Array, size: number): Promise<ArrayBuffer> },
  { form, enc, keySize }: Omit<ExchangeSecret, 'secret'>,
): Promise<ExchangeSecret> {
  const secret = await context.export(responseLabel(form), entropySize(keySize))
  return { form, enc, keySize, secret: new Uint8Array(secret) }
}

/** Opens and seals chunks by their number. */
export interface ResponseKeys {
  readonly seal: (content: Uint8Array, context: Uint8Array) => Uint8Array | Promise<Uint8Array>
  readonly open: (sealed: Uint8Array, context: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array | undefined>
}

/** Each call takes the next nonce, when it is called, not when it is done. */
export async function scheduleKeys(exchange: ExchangeSecret, responseNonce: Uint8Array): Promise<ResponseKeys> {
  const { aead, nonce } = await deriveKeys(exchange, responseNonce)
  let count = 0
  return {
    seal: (content, context) => aead.seal(chunkNonce(nonce, count++), context, content),
    open: (sealed, context) => aead.open(chunkNonce(nonce, count++), context, sealed),
  }
}

async function deriveKeys(
  { enc, secret, keySize }: ExchangeSecret,
  responseNonce: Uint8Array,
): Promise<{ readonly aead: Aead; readonly nonce: Uint8Array }> {
  const { subtle } = globalThis.crypto
  const key = await subtle.importKey('raw', secret.slice(), 'HKDF', false, ['deriveBits'])
  const salt = concatBytes(enc, responseNonce).slice()
  const expand = async (info: string, size: number): Promise<Uint8Array> =>
    new Uint8Array(
      await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info: encodeUtf8(info).slice() }, key, 8 * size),
    )
  return { aead: createAead(await expand('key', keySize)), nonce: await expand('nonce', NONCE_SIZE) }
}

/** The nonce XOR the number of the chunk. 2^53 chunks are never reached; the AEAD's own limit is far below. */
function chunkNonce(nonce: Uint8Array, count: number): Uint8Array {
  const chunk = nonce.slice()
  for (let i = NONCE_SIZE - 1, rest = count; rest > 0; i--) {
    chunk[i] = (chunk[i] ?? 0) ^ (rest % 256)
    rest = Math.floor(rest / 256)
  }
  return chunk
}
