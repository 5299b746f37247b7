/** What a client asks for beside the answer: its nonce, the receipt that it follows, and a grade. wire.md section 3. @module */
import type { IncomingHttpHeaders } from 'node:http'
import { DIGEST_URI } from '../../core/evidence/resource-descriptor.ts'
import { GRADES, type Grade } from '../../core/policy.ts'
import { isNonce } from '../../core/receipt/claims.ts'
import { MalformedError } from '../../errors.ts'
import type { GatewayConfig } from '../config/index.ts'

/** A header that goes into the receipt verbatim. */
export type VerbatimHeader =
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

export function readNonce(headers: IncomingHttpHeaders): VerbatimHeader {
  const text = headers['attestation-nonce']
  if (text === undefined) return { kind: 'none' }
  return typeof text === 'string' && isNonceText(text) ? { kind: 'valid', text } : { kind: 'invalid' }
}

/** The digest of the receipt that this one shall follow: what it means is between the client and its receipts. */
export function readPrev(headers: IncomingHttpHeaders): VerbatimHeader {
  const text = headers['inference-receipt-prev']
  if (text === undefined) return { kind: 'none' }
  return typeof text === 'string' && DIGEST_URI.test(text) ? { kind: 'valid', text } : { kind: 'invalid' }
}

/** What a client prefers (RFC 7240), as far as it is ours. */
export interface Preferences {
  /** How firmly history shall hold the receipt before the answer ends. A grade that nobody knows is no preference. */
  readonly grade?: Grade
  /** Seconds. */
  readonly wait?: number
}

// RFC 7240 section 2: token [ "=" word ] *( ";" parameter ). Words in quotes may hold commas, and another preference our names.
// No run of blanks may be divided in two ways: a header of nothing else would cost the square of its length.
const PREFERENCE =
  /\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=(?:\s*("(?:[^"\\]|\\.)*"|[^\s",;]+))?)?\s*((?:;(?:"(?:[^"\\]|\\.)*"|[^",])*)?)(,|$)/y
const WAIT_PARAMETER = /;\s*wait\s*=\s*("?[0-9]{1,6}"?)\s*(?:;|$)/i

interface Preference {
  readonly word: string
  /** With the semicolon before it. */
  readonly parameters: string
}

/** Of a preference that stands there twice the first one counts; from where the header does not parse it is ignored. */
function preferencesOf(header: string): ReadonlyMap<string, Preference> {
  const found = new Map<string, Preference>()
  PREFERENCE.lastIndex = 0
  for (let match = PREFERENCE.exec(header); match !== null; match = PREFERENCE.exec(header)) {
    const [, name = '', word = '', parameters = '', end] = match
    const key = name.toLowerCase()
    if (!found.has(key)) found.set(key, { word: unquoted(word), parameters })
    if (end !== ',') break
  }
  return found
}

function unquoted(word: string): string {
  return word.replace(/^"(.*)"$/, '$1')
}

export function readPreferences(headers: IncomingHttpHeaders): Preferences {
  const text = headers['prefer']
  if (text === undefined) return {}
  const preferences = preferencesOf(typeof text === 'string' ? text : text.join(', '))
  const receipt = preferences.get('receipt')
  const asked = receipt?.word.toLowerCase()
  const grade = GRADES.find((known) => known === asked)
  const wait = preferences.get('wait')?.word ?? unquoted(WAIT_PARAMETER.exec(receipt?.parameters ?? '')?.[1] ?? '')
  return {
    ...(grade === undefined ? {} : { grade }),
    ...(/^[0-9]{1,6}$/.test(wait) ? { wait: Number(wait) } : {}),
  }
}

const DEFAULT_WAIT_SECONDS = 10

/** @param wait seconds, as the client wishes */
export function boundedWaitMs({ operational }: GatewayConfig, wait: number | undefined): number {
  return Math.min(wait ?? DEFAULT_WAIT_SECONDS, operational.maxWaitSeconds) * 1000
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
