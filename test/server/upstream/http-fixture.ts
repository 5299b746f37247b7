/** What the tests of the HTTP upstream share. @module */
import { ForwardedOctets } from '../../../src/core/transform/forwarded-octets.ts'
import type { HttpUpstreamConfig } from '../../../src/server/upstream/http.ts'
import { createHttpUpstream, type HttpUpstreamDeps } from '../../../src/server/upstream/http.ts'
import type { ServedModel, Upstream, UpstreamRequest } from '../../../src/server/upstream/types.ts'
import { UpstreamFailure } from '../../../src/server/upstream/upstream-failure.ts'

export type Timeouts = HttpUpstreamConfig['timeouts']

const TIMEOUTS: Timeouts = { connectMs: 5_000, firstByteMs: 10_000, idleMs: 10_000, totalMs: 20_000 }

export interface UpstreamOptions extends Partial<HttpUpstreamDeps> {
  readonly timeouts?: Partial<Timeouts>
  readonly apiKeyEnv?: string
}

export function httpUpstream(baseUrl: string, { timeouts = {}, apiKeyEnv, ...deps }: UpstreamOptions = {}): Upstream {
  return createHttpUpstream(
    'mock',
    {
      kind: 'http',
      location: 'local',
      baseUrl,
      timeouts: { ...TIMEOUTS, ...timeouts },
      ...(apiKeyEnv === undefined ? {} : { apiKeyEnv }),
    },
    { env: {}, answerBytes: 1 << 30, monotonicMs: () => 0, ...deps },
  )
}

export function served(id: string, name: string): ServedModel {
  return {
    id,
    claim: { name, digest: 'none' },
    engine: { name: 'openai-compatible', version: 'unknown', determinism: 'best-effort', flags: 'none' },
    upstream: 'local',
    created: 0,
  }
}

export function chatRequest(body: Uint8Array | string = '{}', signal?: AbortSignal): UpstreamRequest {
  return {
    path: '/v1/chat/completions',
    body: ForwardedOctets.make(typeof body === 'string' ? new TextEncoder().encode(body) : body, []),
    signal: signal ?? new AbortController().signal,
  }
}

export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts)
}

/** The octets that came, and the reason for which no more did. */
export async function readUntilFailure(
  body: AsyncIterable<Uint8Array>,
): Promise<{ readonly octets: Uint8Array; readonly reason: string }> {
  const parts: Uint8Array[] = []
  const reason = await reasonOf(async () => {
    for await (const part of body) parts.push(part)
  })
  return { octets: Buffer.concat(parts), reason }
}

/** The reason of the failure that `run` ends in; `none` when it ends well. Any other error is a test's failure. */
export async function reasonOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
    return 'none'
  } catch (error) {
    if (error instanceof UpstreamFailure) return error.reason
    throw error
  }
}
