/** Whether a model server answers: asked at most once in five seconds, for at most two. @module */
import type { ExchangeOptions } from './exchange.ts'
import type { UpstreamResponse } from './types.ts'
import { UpstreamFailure } from './upstream-failure.ts'

export interface HealthProbeOptions {
  readonly name: string
  readonly get: (path: string, options: ExchangeOptions) => Promise<UpstreamResponse>
  readonly monotonicMs: () => number
}

const TIMEOUT_MS = 2_000
const CACHED_MS = 5_000
const MAX_ANSWER_BYTES = 4 << 20
/** In order; the second where the first is not there. */
const PATHS = ['/v1/models', '/health'] as const

/** Callers that come at the same time share one probe. */
export function createHealthProbe({ name, get, monotonicMs }: HealthProbeOptions): () => Promise<boolean> {
  let last: { readonly at: number; readonly result: Promise<boolean> } | undefined
  return () => {
    const now = monotonicMs()
    if (last === undefined || now - last.at >= CACHED_MS) last = { at: now, result: probe(name, get) }
    return last.result
  }
}

async function probe(name: string, get: HealthProbeOptions['get']): Promise<boolean> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  try {
    for (const path of PATHS) {
      const status = await statusOf(await get(path, probeOptions(name, signal)))
      if (status !== 404 && status !== 405) return status >= 200 && status < 300
    }
    return false
  } catch (error) {
    if (error instanceof UpstreamFailure) return false
    throw error
  }
}

function probeOptions(name: string, signal: AbortSignal): ExchangeOptions {
  const timeouts = { connectMs: TIMEOUT_MS, firstByteMs: TIMEOUT_MS, idleMs: TIMEOUT_MS, totalMs: TIMEOUT_MS }
  return { name, timeouts, answerBytes: MAX_ANSWER_BYTES, signal }
}

/** Reads to the end, so that the connection can be used again. */
async function statusOf({ status, body }: UpstreamResponse): Promise<number> {
  for await (const _ of body);
  return status
}
