/** Small, bounded requests to a gateway's own resources: attestation, receipts, proofs. @module */
import { CountersignError } from '../errors.ts'
import type { ClientDeps } from './deps.ts'

const MAX_DOCUMENT = 1 << 20
const REQUEST_TIMEOUT_MS = 60_000
const DEFAULT_RETRY_MS = 1_000

/** Reads a body, at most `limit` octets. @throws CountersignError ERR_NETWORK */
export async function readBody(response: Response, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  if (response.body !== null) {
    for await (const part of response.body) {
      size += part.length
      if (size > limit) throw new CountersignError('ERR_NETWORK', `the gateway sent more than ${limit} octets`)
      parts.push(part)
    }
  }
  const body = new Uint8Array(size)
  let offset = 0
  for (const part of parts) {
    body.set(part, offset)
    offset += part.length
  }
  return body
}

export interface Polling {
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds until giving up. */
  readonly timeoutMs: number
}

/**
 * Fetches a document that may not be there yet: 202 is asked again after Retry-After, until the time is up.
 * @throws CountersignError ERR_NETWORK
 */
export async function pollDocument(
  url: string,
  { headers, timeoutMs }: Polling,
  deps: ClientDeps,
): Promise<Uint8Array> {
  const deadline = deps.clock.monotonicMs() + timeoutMs
  for (;;) {
    const response = await request(url, headers, deps)
    const body = await readBody(response, MAX_DOCUMENT)
    if (response.status === 200) return body
    if (response.status !== 202)
      throw new CountersignError(
        'ERR_NETWORK',
        `the gateway answered ${response.status} to ${new URL(url).pathname.split('/').slice(0, 3).join('/')}`,
      )
    const waitMs = Number(response.headers.get('retry-after') ?? '') * 1000 || DEFAULT_RETRY_MS
    if (deps.clock.monotonicMs() + waitMs > deadline)
      throw new CountersignError('ERR_NETWORK', 'the gateway had no quote within the time allowed; ask again later')
    await deps.sleep(waitMs)
  }
}

async function request(url: string, headers: Readonly<Record<string, string>>, deps: ClientDeps): Promise<Response> {
  try {
    return await deps.fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })
  } catch (cause) {
    throw new CountersignError('ERR_NETWORK', 'the gateway could not be reached', { cause })
  }
}
