/** UTF-8 text. Decoding is strict: what is not well-formed is refused, a byte order mark is kept. @module */
import { MalformedError } from '../../errors.ts'

// The core knows neither DOM nor Node; these two exist, pure and alike, in every runtime.
declare const TextEncoder: new () => {
  encode(text: string): Uint8Array
}
declare const TextDecoder: new (
  label: 'utf-8',
  options: { fatal: true; ignoreBOM: true },
) => { decode(bytes: Uint8Array): string }

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws MalformedError UTF8_INVALID when a surrogate stands alone, which would become U+FFFD unseen */
export function requireWellFormed(text: string): void {
  if (/\p{Surrogate}/u.test(text)) throw new MalformedError('UTF8_INVALID', 'text holds a lone surrogate')
}

/**
 * The octets of well-formed text.
 * @throws MalformedError UTF8_INVALID when a surrogate stands alone
 */
export function encodeUtf8(text: string): Uint8Array {
  requireWellFormed(text)
  return encoder.encode(text)
}

/** @throws MalformedError UTF8_INVALID */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new MalformedError('UTF8_INVALID', 'not well-formed UTF-8', { cause })
  }
}

/** Text of octets 0x20 to 0x7E and line feeds alone. @throws MalformedError PARSE_INVALID */
export function decodeAscii(bytes: Uint8Array): string {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    if (byte !== 0x0a && (byte < 0x20 || byte > 0x7e)) throw new MalformedError('PARSE_INVALID', 'not printable ASCII')
  }
  return decodeUtf8(bytes)
}
