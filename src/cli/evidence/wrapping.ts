/** Evidence as it is found: compressed, or written as hex or base64 text. Strict, so that one text is one byte string. @module */
import { compressionOf, decompressEvidence } from '../../collateral/decompress-evidence.ts'
import { decodeBase64, decodeBase64Url } from '../../core/encoding/base64.ts'
import { decodeHex } from '../../core/encoding/bytes.ts'

/** Evidence and what was around it, outermost first. */
export interface Unwrapped {
  readonly octets: Uint8Array
  readonly wrapping: readonly string[]
}

/** Genuine evidence has two layers at most: base64 of gzip. */
const MAX_LAYERS = 3
/** Octets of the longest text: 1 MiB of evidence in hex, in lines. */
const MAX_TEXT = 3 << 20
const LINE_FEED = 0x0a

/**
 * Takes compression and text encodings off.
 * @throws MalformedError DECOMPRESSION_LIMIT, PARSE_INVALID, BASE64_STRICT
 */
export async function unwrap(given: Uint8Array): Promise<Unwrapped> {
  const wrapping: string[] = []
  let octets = given
  while (wrapping.length < MAX_LAYERS) {
    // Text first: "80…" in hex begins as zlib data may.
    const encoding = textEncodingOf(octets)
    const compression = encoding === undefined ? compressionOf(octets) : undefined
    if (encoding !== undefined) octets = encoding.decode(joinLines(octets))
    else if (compression !== undefined) octets = await decompressEvidence(octets)
    else break
    wrapping.push(encoding?.name ?? compression ?? '')
  }
  return { octets, wrapping }
}

interface TextEncoding {
  readonly name: string
  readonly form: RegExp
  readonly decode: (text: string) => Uint8Array
}

/** In the order in which they are tried: what is hex could be base64 too, and nobody means that. */
const ENCODINGS: readonly TextEncoding[] = [
  { name: 'hex', form: /^(?:[0-9a-f]{2})+$/, decode: decodeHex },
  { name: 'hex', form: /^(?:[0-9A-F]{2})+$/, decode: (text) => decodeHex(text.toLowerCase()) },
  { name: 'base64', form: /^[A-Za-z0-9+/]+={0,2}$/, decode: decodeBase64 },
  { name: 'base64url', form: /^[\w-]+$/, decode: decodeBase64Url },
]
/** Shorter texts are words. */
const LEAST = 64

function textEncodingOf(octets: Uint8Array): TextEncoding | undefined {
  if (octets.length > MAX_TEXT || !octets.every((octet) => octet === LINE_FEED || octet === 0x0d || isGraphic(octet)))
    return undefined
  const text = joinLines(octets)
  return text.length < LEAST ? undefined : ENCODINGS.find(({ form }) => form.test(text))
}

function isGraphic(octet: number): boolean {
  return octet > 0x20 && octet < 0x7f
}

/** Wrapped lines are one text; blanks within a line are none of it. */
function joinLines(octets: Uint8Array): string {
  return new TextDecoder().decode(octets).replace(/\r?\n/g, '')
}
