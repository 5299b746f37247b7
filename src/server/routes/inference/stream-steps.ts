/** A streamed answer on its way through model and tools: the client sees one stream, whatever many model calls it comes from. @module */
import { createHasher } from '../../../core/crypto/index.ts'
import { encodeHex } from '../../../core/encoding/bytes.ts'
import type { Octets } from '../../../core/receipt/disclosed.ts'
import type { UpstreamResponse } from '../../upstream/types.ts'
import { type ApiError, upstreamFailed } from '../api-error.ts'
import { ask, isSuccess } from './ask.ts'
import type { StreamEnd, StreamFollower } from './operation.ts'
import type { StreamRelay } from './stream-relay.ts'
import type { ToolRun } from './tool-run.ts'
import { ToolStream } from './tool-stream.ts'
import type { Turn } from './turn.ts'

export const STREAM_TYPE = 'text/event-stream'

/** The stream that ends the answer, and how. */
export interface Followed {
  readonly follower: StreamFollower
  readonly end: StreamEnd
  /** Ids of the steps before that said something: then no one model call gave all that the client holds, and SDKs keep the first id or the last. */
  readonly spoken: ReadonlySet<string>
}

interface Following {
  readonly relay: StreamRelay
  readonly run: ToolRun
  readonly createFollower: () => StreamFollower
}

/** Until a step asks for no tool of the gateway: its head has left long ago, so whatever goes wrong ends the stream. */
export async function followSteps(
  turn: Turn,
  { relay, run, createFollower }: Following,
  first: UpstreamResponse,
): Promise<Followed> {
  let response = first
  const spoken = new Set<string>()
  for (;;) {
    const follower = new ToolStream(createFollower())
    const seen = new SeenStream(response)
    const end = await followStep(turn, { relay, run, follower, seen })
    if (end !== 'goes-on') return { follower, end, spoken }
    if (follower.spoke) spoken.add(follower.facts.responseId ?? '')
    const next = await askAgain(turn, run, relay)
    if ('outcome' in next) return { follower, end: next, spoken }
    response = next
  }
}

interface Step {
  readonly relay: StreamRelay
  readonly run: ToolRun
  readonly follower: StreamFollower
  readonly seen: SeenStream
}

async function followStep(turn: Turn, { relay, run, follower, seen }: Step): Promise<StreamEnd | 'goes-on'> {
  const end = await relay.run(seen.response, follower)
  if (end.outcome !== 'complete') return end
  try {
    const output = follower.output()
    const calls = run.due(output)
    if (calls === undefined) return end
    await run.advance({ calls, output, response: seen.octets(), facts: follower.facts })
    return turn.client.gone ? { outcome: 'client_aborted' } : 'goes-on'
  } catch (error) {
    return relay.broken(error)
  }
}

async function askAgain(turn: Turn, run: ToolRun, relay: StreamRelay): Promise<UpstreamResponse | StreamEnd> {
  try {
    const response = await ask(turn, run)
    if (isSuccess(response) && isEventStream(response)) return response
    await discard(response)
    return { outcome: 'upstream_error', error: noStream() }
  } catch (error) {
    return relay.broken(error)
  }
}

/** A stream that is digested octet by octet as it is read: of a step nobody sees more than that. */
class SeenStream {
  readonly response: UpstreamResponse
  readonly #hasher = createHasher('sha256')
  #size = 0

  constructor(response: UpstreamResponse) {
    this.response = { ...response, body: this.#read(response.body) }
  }

  octets(): Octets {
    return { digest: `sha256:${encodeHex(this.#hasher.digest())}`, size: this.#size, media_type: STREAM_TYPE }
  }

  async *#read(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      this.#hasher.update(chunk)
      this.#size += chunk.length
      yield chunk
    }
  }
}

export function isEventStream({ mediaType }: UpstreamResponse): boolean {
  return /^text\/event-stream\s*(?:;|$)/i.test(mediaType)
}

/** Leaves an answer unread: the upstream is told to stop. */
export async function discard({ body }: UpstreamResponse): Promise<void> {
  await body[Symbol.asyncIterator]().return?.()
}

export function noStream(): ApiError {
  return upstreamFailed('The model server did not answer with an event stream.')
}
