/** The exact octets of a request: what the application gave, before they are handed to fetch. @module */

import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { CountersignError } from '../errors.ts'

/**
 * Octets of a fetch body. A stream or form is refused: its octets are made by fetch itself, so they cannot be digested beforehand.
 * @throws CountersignError ERR_USAGE
 */
export async function bodyOctets(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array(0)
  if (typeof body === 'string') return encodeUtf8(body)
  if (body instanceof Uint8Array) return body
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  if (body instanceof Blob) return new Uint8Array(await body.arrayBuffer())
  throw new CountersignError(
    'ERR_USAGE',
    'an attested request needs a body of text or octets; read a stream or form into octets first',
  )
}
