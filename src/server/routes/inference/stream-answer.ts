/** Answers with a stream: head at once, whole blocks as they come, the end behind the receipt. wire.md sections 2 and 3. @module */
import { concatBytes } from '../../../core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import type { Grade } from '../../../core/policy.ts'
import type { UpstreamResponse } from '../../upstream/types.ts'
import { logUnavailable, upstreamFailed } from '../api-error.ts'
import { holdFor } from './hold.ts'
import type { StreamEnd, StreamFollower } from './operation.ts'
import { StreamRelay } from './stream-relay.ts'
import { answerError, CLIENT_GONE, commit, type Turn } from './turn.ts'

const STREAM_TYPE = 'text/event-stream'

export function isEventStream({ mediaType }: UpstreamResponse): boolean {
  return /^text\/event-stream\s*(?:;|$)/i.test(mediaType)
}

/** The last block of every stream, also of one that ended in an error. */
function receiptBlock(token: string): Uint8Array {
  return encodeUtf8(`: receipt ${token}\n\n`)
}

/** The head of a stream leaves before anyone knows the grade: it is said in a comment at the end. */
function gradeBlock(grade: Grade | undefined): Uint8Array {
  return encodeUtf8(grade === undefined ? '' : `: preference-applied receipt=${grade}\n\n`)
}

export async function relayStream(turn: Turn, response: UpstreamResponse, follower: StreamFollower): Promise<void> {
  if (!isEventStream(response)) {
    await discard(response)
    const error = upstreamFailed('The model server did not answer with an event stream.')
    return answerError(turn, error, 'upstream_error')
  }
  const { client, signal, parts, report } = turn
  const monotonicMs = (): number => parts.clock.monotonicMs()
  const { blockBytes } = parts.config.measured.limits
  client.header('cache-control', 'no-cache, no-transform')
  // Proxies that buffer would hold the stream up.
  client.header('x-accel-buffering', 'no')
  client.open(200, STREAM_TYPE)
  report.began()
  const relay = new StreamRelay({ client, signal, follower, blockBytes, monotonicMs })
  const stopBeat = parts.pulse.add((nowMs) => relay.beat(nowMs))
  try {
    await conclude(turn, { relay, follower }, await relay.run(response))
  } finally {
    stopBeat()
  }
}

interface Relayed {
  readonly relay: StreamRelay
  readonly follower: StreamFollower
}

async function conclude(turn: Turn, { relay, follower }: Relayed, end: StreamEnd): Promise<void> {
  const { client, exchange, wish } = turn
  const { attester } = turn.parts
  const { terminal, digest } = relay.finish(end)
  exchange.learned(follower.facts)
  const committed = await commit(turn, {
    outcome: end.outcome,
    status: end.outcome === 'client_aborted' ? CLIENT_GONE : 200,
    response: { digest: digest.digest, size: digest.size, media_type: STREAM_TYPE },
  })
  if (committed === undefined) return client.end(follower.errorBlock(logUnavailable()))
  const isHeld = wish !== undefined && end.outcome === 'complete'
  // Keep-alives go on meanwhile: they stand between blocks, and no digest covers them.
  const grade = isHeld ? await holdFor(turn, committed.index, { attester, wish }) : wish && 'signed'
  client.end(concatBytes(terminal, gradeBlock(grade), receiptBlock(committed.comment)))
}

/** Leaves an answer unread: the upstream is told to stop. */
async function discard({ body }: UpstreamResponse): Promise<void> {
  await body[Symbol.asyncIterator]().return?.()
}
