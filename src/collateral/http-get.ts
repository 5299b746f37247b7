/** One request to a vendor: its answer in full and within bounds, or why there is none. @module */
import { MalformedError } from '../errors.ts'
import { CollateralError, foreignSource } from './errors.ts'
import type { CollateralLimits } from './limits.ts'
import { retryAfterMs } from './retry-after.ts'

export interface HttpAnswer {
  readonly body: Uint8Array
  /** Empty where no such header is due. */
  readonly issuerChain: string
}

export interface HttpRequest {
  /** What is fetched, for messages. */
  readonly what: string
  readonly address: string
  /** Headers that may hold the issuer chain, in order of preference; none where the body is all. */
  readonly chainHeaders: readonly string[]
}

export interface HttpOptions {
  readonly fetch: typeof globalThis.fetch
  /** Bounds the whole exchange, body included. */
  readonly signal: AbortSignal
  readonly now: Date
  readonly limits: CollateralLimits
}

/**
 * @throws CollateralError for anything but a whole answer with status 200
 * @throws MalformedError COLLATERAL_SOURCE for a redirection: it is not followed, wherever it leads
 */
export async function httpGet(request: HttpRequest, options: HttpOptions): Promise<HttpAnswer> {
  const { what } = request
  const { signal } = options
  try {
    const response = await unlessAborted(signal, start(request, options))
    if (response.status !== 200) {
      response.body?.cancel().catch(() => undefined)
      throw refused(response, what, options.now)
    }
    const issuerChain = readChain(response.headers, request, options.limits)
    return { body: await readBody(response, what, options), issuerChain }
  } catch (cause) {
    if (cause instanceof CollateralError || cause instanceof MalformedError) throw cause
    const why = signal.aborted ? 'it took too long' : 'the connection failed or broke off'
    throw new CollateralError(`${what} could not be fetched: ${why}; try again later, or give it as a file`, {
      reached: false,
      retry: 'later',
      cause,
    })
  }
}

function start({ address }: HttpRequest, { fetch, signal }: HttpOptions): Promise<Response> {
  return fetch(address, {
    // A redirection could lead into this machine's own network: none is followed.
    redirect: 'manual',
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    signal,
  })
}

function refused({ status, type, headers }: Response, what: string, now: Date): Error {
  // Browsers show a redirection that is not followed as status 0.
  if (type === 'opaqueredirect' || (status >= 300 && status < 400))
    return foreignSource(`${what}: the vendor's address redirects elsewhere (status ${status})`)
  const wait = retryAfterMs(headers.get('retry-after'), now)
  const after = wait === undefined ? {} : { retryAfterMs: wait }
  if (status === 429 || status >= 500)
    return new CollateralError(
      `${what} could not be fetched: the vendor answers ${status}; try again later, or give it as a file`,
      { reached: false, retry: 'later', status, ...after },
    )
  return new CollateralError(
    `the vendor has no ${what} as asked for (status ${status}): check product, chip and firmware level, or FMSPC; simulated platforms have none`,
    { reached: true, retry: 'never', status },
  )
}

function readChain(headers: Headers, { what, chainHeaders }: HttpRequest, { maxHeader }: CollateralLimits): string {
  const chain = chainHeaders.map((name) => headers.get(name)).find((value) => value !== null) ?? ''
  if (chain.length > maxHeader)
    throw new CollateralError(`${what}: the issuer chain is longer than any genuine one; nothing was stored`, {
      reached: true,
      retry: 'never',
    })
  return chain
}

/** Counts what arrives, after decompression: Content-Length is the sender's, and may be absent or wrong. */
async function readBody(response: Response, what: string, { signal, limits }: HttpOptions): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  const reader = response.body?.getReader()
  try {
    while (reader) {
      const { value } = await unlessAborted(signal, reader.read())
      if (value === undefined) break
      size += value.length
      if (size > limits.maxBody)
        throw new CollateralError(
          `${what}: the answer is larger than ${limits.maxBody} octets, which no genuine one is; nothing was stored`,
          { reached: true, retry: 'never' },
        )
      parts.push(value)
    }
  } catch (error) {
    reader?.cancel().catch(() => undefined)
    throw error
  }
  const body = new Uint8Array(size)
  let offset = 0
  for (const part of parts) {
    body.set(part, offset)
    offset += part.length
  }
  return body
}

/** The promise's outcome, or the signal's: a fetch that is given in may not heed its signal. */
function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason)
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}
