/** Small, bounded requests to a gateway's own resources: attestation, receipts, proofs. @module */
import { CountersignError } from '../errors.ts'
import type { ClientDeps } from './deps.ts'
import { NotVerifiedError } from './errors.ts'

const MAX_DOCUMENT = 1 << 20
const REQUEST_TIMEOUT_MS = 60_000
const DEFAULT_RETRY_MS = 1_000
/** The gateway says when to ask again; it cannot make a client ask without pause. */
const LEAST_RETRY_MS = 100

/** Reads a body, at most `limit` octets. @throws CountersignError ERR_NETWORK */
export async function readBody(response: Response, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  // By a reader: not every browser iterates over streams.
  const reader = response.body?.getReader()
  for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
    size += read.value.length
    if (size > limit) {
      reader?.cancel().catch(() => undefined)
      throw new CountersignError('ERR_NETWORK', `the gateway sent more than ${limit} octets`)
    }
    parts.push(read.value)
  }
  const body = new Uint8Array(size)
  let offset = 0
  for (const part of parts) {
    body.set(part, offset)
    offset += part.length
  }
  return body
}

/**
 * Fetches from this address and no other: a redirect would take the next request, and its key, to somebody who was not verified.
 * @throws NotVerifiedError CHANNEL_CHANGED
 */
export async function fetchStraight(fetch: typeof globalThis.fetch, url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: 'manual' })
  const isRedirect = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)
  // Whoever is given as fetch, or intercepts it, may have followed all the same.
  const isElsewhere = response.redirected || (response.url !== '' && !sameAddress(response.url, url))
  if (!isRedirect && !isElsewhere) return response
  response.body?.cancel().catch(() => undefined)
  throw changedChannel(isRedirect ? 'the gateway redirects elsewhere' : 'another address than the one asked answered')
}

function sameAddress(one: string, other: string): boolean {
  if (one === other) return true
  const [a, b] = [new URL(one), new URL(other)]
  return a.origin === b.origin && a.pathname === b.pathname && a.search === b.search
}

function changedChannel(detail: string): NotVerifiedError {
  const code = 'CHANNEL_CHANGED'
  return new NotVerifiedError(code, [{ name: 'channel', status: 'fail', required: true, detail, code }])
}

/** The gateway answers, and what was asked for is still not there when the time is up. */
export class PendingError extends CountersignError {
  constructor() {
    super('ERR_NETWORK', 'the gateway had no quote within the time allowed; ask again later')
    this.name = 'PendingError'
  }
}

export interface Polling {
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds until giving up. */
  readonly timeoutMs: number
}

/**
 * Fetches a document that may not be there yet: 202 is asked again after Retry-After, until the time is up.
 * @throws CountersignError ERR_NETWORK; PendingError where the time is up
 */
export async function pollDocument(
  url: string,
  { headers, timeoutMs }: Polling,
  deps: ClientDeps,
): Promise<Uint8Array> {
  const deadline = deps.clock.monotonicMs() + timeoutMs
  for (;;) {
    const { response, body } = await request(url, headers, deps)
    if (response.status === 200) return body
    if (response.status !== 202)
      throw new CountersignError(
        'ERR_NETWORK',
        `the gateway answered ${response.status} to ${new URL(url).pathname.split('/').slice(0, 3).join('/')}`,
      )
    const waitMs = Math.max(
      Number(response.headers.get('retry-after') ?? '') * 1000 || DEFAULT_RETRY_MS,
      LEAST_RETRY_MS,
    )
    if (deps.clock.monotonicMs() + waitMs > deadline) throw new PendingError()
    await deps.sleep(waitMs)
  }
}

async function request(
  url: string,
  headers: Readonly<Record<string, string>>,
  deps: ClientDeps,
): Promise<{ readonly response: Response; readonly body: Uint8Array }> {
  try {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    const response = await fetchStraight(deps.fetch, url, { headers, signal })
    return { response, body: await readBody(response, MAX_DOCUMENT) }
  } catch (cause) {
    if (cause instanceof CountersignError) throw cause
    throw new CountersignError('ERR_NETWORK', 'the gateway could not be reached, or broke off', { cause })
  }
}
