/** Evidence that somebody compressed on the way (tinfoil serves gzip), expanded within limits: a small file must not fill the memory. @module */
import { concatBytes } from '../core/encoding/bytes.ts'
import { MalformedError } from '../errors.ts'

/** Octets of the largest expanded evidence, and how many times its compressed size it may be. */
const MAX_SIZE = 1 << 20
const MAX_RATIO = 20

/** By the first octets: gzip (RFC 1952) or zlib (RFC 1950); undefined for anything else. */
export function compressionOf(bytes: Uint8Array): 'gzip' | 'deflate' | undefined {
  const [first = 0, second = 0] = bytes
  if (first === 0x1f && second === 0x8b) return 'gzip'
  // RFC 1950, 2.2: method 8 with a window of at most 32 KiB, and a check on both octets.
  return (first & 0x0f) === 8 && first >> 4 <= 7 && (first * 256 + second) % 31 === 0 && first !== 0x08
    ? 'deflate'
    : undefined
}

/**
 * @returns `bytes` expanded, or as they are where they are not compressed
 * @throws MalformedError DECOMPRESSION_LIMIT above 1 MiB or 20 times the compressed size; PARSE_INVALID when they do not expand
 */
export async function decompressEvidence(bytes: Uint8Array): Promise<Uint8Array> {
  const format = compressionOf(bytes)
  return format === undefined ? bytes : expand(bytes, format)
}

async function expand(bytes: Uint8Array, format: 'gzip' | 'deflate'): Promise<Uint8Array> {
  const limit = Math.min(MAX_SIZE, MAX_RATIO * bytes.length)
  const reader = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream(format)).getReader()
  const portions: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return concatBytes(...portions)
      size += value.length
      if (size > limit)
        throw new MalformedError('DECOMPRESSION_LIMIT', `${bytes.length} bytes expand to more than ${limit}`)
      portions.push(value)
    }
  } catch (cause) {
    if (cause instanceof MalformedError) throw cause
    throw new MalformedError('PARSE_INVALID', `the ${format} data are cut or damaged`, { cause })
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
