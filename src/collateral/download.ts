/** Asks a vendor until it answers, patiently and within bounds: waits as long as it is told to, and gives up in time. @module */
import type { CollateralDeps } from './deps.ts'
import { CollateralError } from './errors.ts'
import type { Lanes } from './flights.ts'
import { type HttpAnswer, type HttpRequest, httpGet } from './http-get.ts'
import type { CollateralLimits } from './limits.ts'

export interface DownloadOptions extends CollateralDeps {
  readonly limits: CollateralLimits
  readonly lanes: Lanes
  readonly onWait: (waitMs: number, error: CollateralError) => void
}

/** @throws CollateralError, and what {@link httpGet} throws for good */
export async function download(request: HttpRequest, options: DownloadOptions): Promise<HttpAnswer> {
  const { limits, clock, sleep } = options
  const deadline = clock.monotonicMs() + limits.totalTimeoutMs
  const total = options.timeout(limits.totalTimeoutMs)
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryOnce(request, total, options)
    } catch (error) {
      if (!(error instanceof CollateralError) || error.retry === 'never' || attempt >= limits.attempts) throw error
      const waitMs = waitAfter(error, attempt, limits)
      // An absurd Retry-After ends the attempt; it never holds a verification for hours.
      if (total.aborted || clock.monotonicMs() + waitMs >= deadline) throw outOfTime(request.what, waitMs, error)
      options.onWait(waitMs, error)
      await sleep(waitMs)
    }
  }
}

async function tryOnce(request: HttpRequest, total: AbortSignal, options: DownloadOptions): Promise<HttpAnswer> {
  const { fetch, clock, limits, lanes, timeout } = options
  const ask = (): Promise<HttpAnswer> => {
    const signal = AbortSignal.any([total, timeout(limits.requestTimeoutMs)])
    return httpGet(request, { fetch, signal, now: clock.now(), limits })
  }
  try {
    return await lanes.run(total, ask)
  } catch (cause) {
    if (cause !== total.reason) throw cause
    throw new CollateralError(`${request.what} could not be fetched: too many other requests are waiting; try again`, {
      reached: false,
      retry: 'later',
      cause,
    })
  }
}

/** At least the back-off, so that "Retry-After: 0" cannot make this a flood. */
function waitAfter({ status, retryAfterMs }: CollateralError, attempt: number, limits: CollateralLimits): number {
  const backOff = limits.backOffMs * 2 ** (attempt - 1)
  return Math.max(backOff, retryAfterMs ?? (status === 429 ? limits.throttledMs : 0))
}

function outOfTime(what: string, waitMs: number, cause: CollateralError): CollateralError {
  const { reached, retry, status, retryAfterMs } = cause
  return new CollateralError(
    `${what} could not be fetched in the time allowed; the vendor is to be asked again in ${Math.ceil(waitMs / 1000)} s, or give it as a file`,
    {
      reached,
      retry,
      cause,
      ...(status !== undefined && { status }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  )
}
