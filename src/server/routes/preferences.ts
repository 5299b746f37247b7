/** What a client asks for beside the answer: its nonce, and a grade. wire.md section 3. @module */
import type { IncomingHttpHeaders } from 'node:http'
import { isNonce } from '../../core/receipt/claims.ts'
import { MalformedError } from '../../errors.ts'

export type NonceHeader =
  | { readonly kind: 'none' }
  | { readonly kind: 'valid'; readonly text: string }
  | { readonly kind: 'invalid' }

/** Strict base64url of 32 to 64 octets; it is copied verbatim, so one spelling alone will do. */
export function isNonceText(text: string): boolean {
  try {
    return isNonce(text)
  } catch (error) {
    if (error instanceof MalformedError) return false
    throw error
  }
}

export function readNonce(headers: IncomingHttpHeaders): NonceHeader {
  const text = headers['attestation-nonce']
  if (text === undefined) return { kind: 'none' }
  return typeof text === 'string' && isNonceText(text) ? { kind: 'valid', text } : { kind: 'invalid' }
}

/** Parameters of a Prefer header (RFC 7240) that are ours. */
export interface Preferences {
  readonly grade?: string
  /** Seconds. */
  readonly wait?: number
}

export function readPreferences(headers: IncomingHttpHeaders): Preferences {
  const text = headers['prefer']
  if (typeof text !== 'string') return {}
  const grade = /(?:^|[,;])\s*receipt\s*=\s*"?([a-z]+)"?/i.exec(text)?.[1]?.toLowerCase()
  const wait = /(?:^|[,;])\s*wait\s*=\s*"?([0-9]{1,6})"?/i.exec(text)?.[1]
  return { ...(grade === undefined ? {} : { grade }), ...(wait === undefined ? {} : { wait: Number(wait) }) }
}

/** How often an SDK has tried this request before, by its own word. */
export function readRetryCount(headers: IncomingHttpHeaders): number {
  const text = headers['x-stainless-retry-count']
  return typeof text === 'string' && /^[0-9]{1,4}$/.test(text) ? Number(text) : 0
}

const MEDIA_TYPE = /^[\x20-\x7e]{1,128}$/

/** The request's media type as it may stand in a receipt. */
export function readMediaType(headers: IncomingHttpHeaders): string {
  const text = headers['content-type']
  return text !== undefined && MEDIA_TYPE.test(text) ? text : 'application/octet-stream'
}
