/** The embedded model behind the same interface as a model server: exact chat-completions octets in, exact octets out. @module */
import { setImmediate } from 'node:timers/promises'
import { digestUri } from '../../core/crypto/index.ts'
import { encodeHex } from '../../core/encoding/bytes.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import type { EngineClaim } from '../../core/receipt/claims.ts'
import type { Dependencies } from '../../core/receipt/disclosed.ts'
import { showParameters } from '../../core/receipt/parameters.ts'
import { streamBlocks, wholeCompletion } from '../../engine/chat/answer.ts'
import type { AnswerHead } from '../../engine/chat/answer-objects.ts'
import { Refusal } from '../../engine/chat/refusal.ts'
import { type ChatRequest, decodeChatRequest, encodeSampling } from '../../engine/chat/request.ts'
import { type ChatRun, startRun, type Turn } from '../../engine/chat/run.ts'
import { encodeChat, renderChat } from '../../engine/chat-template.ts'
import { EngineError, type Model } from '../../engine/index.ts'
import type { ContextReading } from './context-reading.ts'
import { describe, NO_DEPENDENCIES } from './dependencies.ts'
import type { EmbeddedModel } from './embedded-model.ts'
import { modelSplice } from './model-splice.ts'
import type { OpenAiErrorBody } from './openai-error.ts'
import { requestDependencies } from './request-dependencies.ts'
import type { Upstream, UpstreamRequest, UpstreamResponse } from './types.ts'
import { UpstreamFailure } from './upstream-failure.ts'

export interface EmbeddedUpstreamDeps {
  /** As many random octets as it is asked for; for the answer's id alone. */
  readonly random: (size: number) => Uint8Array
  readonly now: () => Date
}

const CHAT_PATH = '/v1/chat/completions'
const ID_OCTETS = 12

/** What receipts say about the engine. @param version of this package */
export function embeddedEngineClaim(version: string): EngineClaim {
  return { name: 'countersign-engine', version, determinism: 'bit-exact', flags: 'none' }
}

/** @param loaded from loadEmbeddedModel; any number of requests may run on it */
export function createEmbeddedUpstream(loaded: EmbeddedModel, { random, now }: EmbeddedUpstreamDeps): Upstream {
  const head = (model: string): AnswerHead => ({
    id: `chatcmpl-${encodeHex(random(ID_OCTETS))}`,
    created: Math.floor(now().getTime() / 1000),
    model,
    system_fingerprint: `fp_${loaded.digest.slice('sha256:'.length, 'sha256:'.length + 12)}`,
  })
  return {
    serves: (path) => path === CHAT_PATH,
    transforms: modelSplice,
    dependencies: (body, _model, forwarded) => embeddedDependencies(loaded, body, forwarded),
    send: (request) => answer(loaded, request, head),
    healthy: async () => true,
    close: async () => undefined,
  }
}

async function answer(
  { model }: EmbeddedModel,
  { path, body, signal }: UpstreamRequest,
  head: (model: string) => AnswerHead,
): Promise<UpstreamResponse> {
  const turn = turnUnder(signal)
  if (signal.aborted) throw givenUp()
  try {
    if (path !== CHAT_PATH) throw new Refusal(`this model answers ${CHAT_PATH} alone`, { status: 404 })
    const request = decodeChatRequest(body.octets)
    const first = startRun(model, request, { choice: 0, turn })
    const run = (choice: number): ChatRun => (choice === 0 ? first : startRun(model, request, { choice, turn }))
    const answering = { request, run, head: head(request.model) }
    const context = contextOf(model, request)
    if (request.stream)
      return { status: 200, mediaType: 'text/event-stream', context, body: relay(streamBlocks(answering)) }
    return { ...json(200, await wholeCompletion(answering)), context }
  } catch (error) {
    return json(...refuse(error))
  }
}

/** A prompt that has no room is refused: nothing is ever left out. */
function contextOf({ vocabulary, contextLength }: Model, { messages }: ChatRequest): ContextReading {
  return {
    promptTokens: encodeChat(vocabulary, messages, contextLength).length,
    contextLimit: contextLength,
    truncated: 'no',
    renderedPrompt: digestUri(encodeUtf8(renderChat(messages))),
  }
}

/** After each token the event loop has its turn, and the client may have left. */
function turnUnder(signal: AbortSignal): Turn {
  return async () => {
    await setImmediate()
    if (signal.aborted) throw givenUp()
  }
}

function givenUp(): UpstreamFailure {
  return new UpstreamFailure('aborted', 'the embedded model was given up by the client')
}

/** Once blocks are under way only broken weights can stop the engine. */
async function* relay(blocks: AsyncGenerator<Uint8Array, void, void>): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* blocks
  } catch (error) {
    throw error instanceof EngineError ? fromEngine(error) : error
  }
}

/** The refusal that an error amounts to; any other error is thrown on. */
function refuse(error: unknown): readonly [number, Uint8Array] {
  const refusal = error instanceof EngineError ? fromEngine(error) : error
  if (!(refusal instanceof Refusal)) throw refusal
  return [refusal.status, new TextEncoder().encode(JSON.stringify(errorBody(refusal)))]
}

function errorBody({ message, param, code }: Refusal): OpenAiErrorBody {
  return { error: { message, type: 'invalid_request_error', param, code } }
}

function fromEngine(error: EngineError): Error {
  if (error.code === 'context_length_exceeded')
    return new Refusal(error.message, { param: 'messages', code: 'context_length_exceeded' })
  if (error.code === 'invalid_option') return new Refusal(error.message)
  return new UpstreamFailure('protocol', `the embedded model failed: ${error.message}`)
}

function json(status: number, body: Uint8Array): UpstreamResponse {
  return { status, mediaType: 'application/json', body: once(body) }
}

async function* once(octets: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield octets
}

/** `sampling-parameters` is over JCS of the parameters as used, the seed with them; its name shows them for people. */
function embeddedDependencies(
  { tokenizer, chatTemplate }: EmbeddedModel,
  body: Uint8Array,
  forwarded: Uint8Array,
): Dependencies {
  // The seed may come from the octets that the engine is given.
  const request = decodable(forwarded)
  if (request === undefined) return NO_DEPENDENCIES
  const own = requestDependencies(body)
  return {
    ...NO_DEPENDENCIES,
    tokenizer: describe('tokenizer', [{ name: 'tokenizer.json', octets: tokenizer, scheme: 'raw', source: 'gateway' }]),
    'chat-template': describe('chat-template', [
      { name: 'chat_template.jinja', octets: chatTemplate, scheme: 'raw', source: 'gateway' },
    ]),
    // The client's own: what the gateway put before it has roles of its own.
    'system-prompt': own['system-prompt'],
    'tool-definitions': own['tool-definitions'],
    'sampling-parameters': describe('sampling-parameters', [
      {
        name: showParameters({ ...request.sampling }),
        octets: encodeSampling(request.sampling),
        scheme: 'jcs',
        source: 'gateway',
      },
    ]),
  }
}

/** A request that will be refused relies on nothing. */
function decodable(body: Uint8Array): ChatRequest | undefined {
  try {
    return decodeChatRequest(body)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}
