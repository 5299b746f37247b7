/** PEM, RFC 7468 strict text: one label, 64 columns or any, base64 that re-encodes to itself. @module */
import { MalformedError } from '../../errors.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'

/** The DER of each block labelled `label`, in order. @throws MalformedError PEM_INVALID when there is none, BASE64_STRICT */
export function decodePem(text: string, label: string): readonly Uint8Array[] {
  const begin = `-----BEGIN ${label}-----`
  const end = `-----END ${label}-----`
  const blocks: Uint8Array[] = []
  let at = text.indexOf(begin)
  while (at >= 0) {
    const close = text.indexOf(end, at)
    if (close < 0) throw new MalformedError('PEM_INVALID', `a ${label} block is not closed`)
    blocks.push(decodeBase64(text.slice(at + begin.length, close).replace(/\r?\n/g, '')))
    at = text.indexOf(begin, close)
  }
  if (blocks.length === 0) throw new MalformedError('PEM_INVALID', `no ${label} block`)
  return blocks
}

/** One block, 64 columns, final newline. */
export function encodePem(der: Uint8Array, label: string): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
