/** What tests of channels share: a model that says yes, a client, and the words that a channel's fate is told in. */
import OpenAI from 'openai'
import { expect } from 'vitest'
import { NotVerifiedError } from '../../src/client/index.ts'
import {
  createAttestedFetch,
  createTlsChannel,
  receiptOf,
  type TlsChannelOptions,
} from '../../src/client-node/index.ts'
import type { Trust } from '../../src/core/evidence/attestation.ts'
import type { Policy } from '../../src/core/policy.ts'
import { CHAT_STREAM, json, sse } from '../server/upstream/mock-answers.ts'
import { type MockUpstream, startMockUpstream } from '../server/upstream/mock-upstream.ts'
import type { Middlebox } from './middleboxes.ts'

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}
const SECRET_PROMPT = 'the prompt that nobody shall read'
const SECRET_KEY = 'sk-nobody-shall-read'

export const BINDINGS = ['tls-spki', 'tls-exporter'] as const
export const messages = [{ role: 'user' as const, content: SECRET_PROMPT }]

export function startModel(): Promise<MockUpstream> {
  return startMockUpstream((request) =>
    new TextDecoder().decode(request.body).includes('"stream":true') ? sse(CHAT_STREAM, [7]) : json(ANSWER),
  )
}

export interface FetchOptions extends Partial<TlsChannelOptions> {
  readonly policy?: Partial<Policy>
}

/** Verifies a gateway, and asks in its policy for the channel that it uses. */
export function createFetch(
  { policy: base, lock }: Trust,
  binding: TlsChannelOptions['binding'],
  { policy = {}, ...options }: FetchOptions = {},
): typeof fetch {
  const live = { ...base.live, channel: [binding] }
  return createAttestedFetch({
    policy: { ...base, live, ...policy },
    ...(lock === undefined ? {} : { lock }),
    channel: createTlsChannel({ ...options, binding }),
  })
}

export function createClient(attested: typeof fetch, base: string): OpenAI {
  return new OpenAI({ baseURL: base, apiKey: SECRET_KEY, fetch: attested, maxRetries: 0 })
}

/** One whole answer; what the check `channel` of its verdict says. */
export async function ask(attested: typeof fetch, base: string): Promise<string> {
  const client = createClient(attested, base)
  const response = await client.chat.completions.create({ model: 'mock', messages }).asResponse()
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'yes' } }] })
  const { checks } = await receiptOf(response)
  const check = checks.find(({ name }) => name === 'channel')
  return `${check?.status} ${check?.detail.split(' ')[0]}`
}

/** What came of it, or what a refusal names: the failure code and the check. */
export async function outcomeOf(run: Promise<unknown>): Promise<unknown> {
  try {
    return await run
  } catch (error) {
    let cause: unknown = error
    while (cause instanceof Error && !(cause instanceof NotVerifiedError)) cause = cause.cause
    if (cause instanceof NotVerifiedError) return `${cause.failure} ${cause.failed?.name}`
    throw error
  }
}

/** The same after connections were cut. A request that was written before the client noticed is lost, and no client sends it twice by itself. */
export async function outcomeAfterCut(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await outcomeOf(run())
  } catch (error) {
    expect(error instanceof Error && error.cause).toMatchObject({ code: 'ERR_NETWORK' })
    return outcomeOf(run())
  }
}

export function expectNothingHeard(middlebox: Middlebox | undefined): void {
  expect(middlebox?.heard).not.toContain(SECRET_PROMPT)
  expect(middlebox?.heard).not.toContain(SECRET_KEY)
  expect(middlebox?.heard).not.toContain('/chat/completions')
}
