/** A gateway before a mock model server, and what the adapters need to verify it. @module */
import type { AttestedFetchOptions } from '../../src/client/index.ts'
import { type GatewayFixture, PLAIN_MODEL, startFixture } from '../server/gateway/gateway-fixture.ts'
import {
  CHAT_COMPLETION,
  CHAT_STREAM,
  errorAnswer,
  json,
  RESPONSE,
  RESPONSE_STREAM,
  sse,
  TEXT_COMPLETION,
} from '../server/upstream/mock-answers.ts'
import type { ReceivedRequest, Script } from '../server/upstream/mock-upstream.ts'

export const MODEL: string = PLAIN_MODEL

export interface Scene {
  readonly fixture: GatewayFixture
  /** With `/v1`. */
  readonly base: string
  readonly trust: AttestedFetchOptions
  /** The next answers are this status, so many times. */
  failNext(times: number): void
  close(): Promise<void>
}

const EMBEDDINGS = {
  object: 'list',
  model: MODEL,
  data: [{ object: 'embedding', index: 0, embedding: [0.5, -0.25] }],
  usage: { prompt_tokens: 1, total_tokens: 1 },
}

export async function startScene(): Promise<Scene> {
  let failures = 0
  const answer = ({ path, body }: ReceivedRequest): Script => {
    if (failures-- > 0) return errorAnswer(503, 'openai')
    const { stream } = JSON.parse(Buffer.from(body).toString())
    if (path.endsWith('/embeddings')) return json(EMBEDDINGS)
    if (path.endsWith('/responses')) return stream === true ? sse(RESPONSE_STREAM) : json(RESPONSE)
    if (path.endsWith('/chat/completions')) return stream === true ? sse(CHAT_STREAM) : json(CHAT_COMPLETION)
    return json(TEXT_COMPLETION)
  }
  const fixture = await startFixture({ answer })
  const { policy, lock } = fixture.trust
  return {
    fixture,
    base: `${fixture.url}/v1`,
    trust: { policy, ...(lock === undefined ? {} : { lock }) },
    failNext: (times) => {
      failures = times
    },
    close: fixture.close,
  }
}

/** A fetch in front of which somebody takes the receipts away. */
export async function withoutReceipts(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init)
  if (!/\/(?:completions|responses|embeddings)$/.test(new URL(response.url).pathname)) return response
  const headers = new Headers(response.headers)
  headers.delete('inference-receipt')
  const body = (await response.text()).replace(/^: receipt .+\n/m, '')
  return new Response(body, { status: response.status, headers })
}
