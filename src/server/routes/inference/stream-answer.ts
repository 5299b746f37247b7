/** Answers with a stream: head at once, whole blocks as they come, the end behind the receipt. wire.md sections 2 and 3. @module */
import { concatBytes } from '../../../core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import type { Grade } from '../../../core/policy.ts'
import type { UpstreamResponse } from '../../upstream/types.ts'
import { logUnavailable } from '../api-error.ts'
import { ask, isSuccess } from './ask.ts'
import { holdFor } from './hold.ts'
import type { StreamFollower } from './operation.ts'
import { StreamRelay } from './stream-relay.ts'
import { discard, type Followed, followSteps, isEventStream, noStream, STREAM_TYPE } from './stream-steps.ts'
import { responseIdsOf, type ToolRun } from './tool-run.ts'
import { answerError, CLIENT_GONE, commit, type Turn } from './turn.ts'
import { relayErrorAnswer } from './whole-answer.ts'

/** The last block of every stream, also of one that ended in an error. */
function receiptBlock(token: string): Uint8Array {
  return encodeUtf8(`: receipt ${token}\n\n`)
}

/** The head of a stream leaves before anyone knows the grade: it is said in a comment at the end. */
function gradeBlock(grade: Grade | undefined): Uint8Array {
  return encodeUtf8(grade === undefined ? '' : `: preference-applied receipt=${grade}\n\n`)
}

/** @param createFollower for each model call one: it follows one stream */
export async function relayStream(turn: Turn, run: ToolRun, createFollower: () => StreamFollower): Promise<void> {
  const response = await ask(turn, run)
  if (!isSuccess(response)) return relayErrorAnswer(turn, response)
  if (!isEventStream(response)) {
    await discard(response)
    return answerError(turn, noStream(), 'upstream_error')
  }
  const { client, signal, parts, report } = turn
  const monotonicMs = (): number => parts.clock.monotonicMs()
  const { blockBytes } = parts.config.measured.limits
  client.header('cache-control', 'no-cache, no-transform')
  // Proxies that buffer would hold the stream up.
  client.header('x-accel-buffering', 'no')
  client.open(200, STREAM_TYPE)
  report.began()
  const relay = new StreamRelay({ client, signal, blockBytes, monotonicMs })
  const stopBeat = parts.pulse.add((nowMs) => relay.beat(nowMs))
  try {
    const followed = run.mayCall
      ? await followSteps(turn, { relay, run, createFollower }, response)
      : await followOne(relay, createFollower(), response)
    await conclude(turn, { relay, run, followed })
  } finally {
    stopBeat()
  }
}

async function followOne(relay: StreamRelay, follower: StreamFollower, response: UpstreamResponse): Promise<Followed> {
  return { follower, end: await relay.run(response, follower), spoken: new Set() }
}

interface Relayed {
  readonly relay: StreamRelay
  readonly run: ToolRun
  readonly followed: Followed
}

async function conclude(turn: Turn, { relay, run, followed }: Relayed): Promise<void> {
  const { follower, end, spoken } = followed
  const { client, exchange, wish } = turn
  const { attester } = turn.parts
  const { terminal, digest } = relay.finish(end, follower)
  const { facts } = follower
  exchange.learned(facts)
  const output = end.outcome === 'complete' ? follower.output() : undefined
  const save = output && run.conclude(output, new Set([...spoken, ...responseIdsOf(facts)].filter((id) => id !== '')))
  const committed = await commit(turn, {
    outcome: end.outcome,
    status: end.outcome === 'client_aborted' ? CLIENT_GONE : 200,
    response: {
      digest: digest.digest,
      ...(output?.digest === undefined || spoken.size > 0 ? {} : { output_digest: output.digest }),
      size: digest.size,
      media_type: STREAM_TYPE,
    },
    ...(save && { save }),
  })
  if (committed === undefined) return client.end(follower.errorBlock(logUnavailable()))
  const isHeld = wish !== undefined && end.outcome === 'complete'
  // Keep-alives go on meanwhile: they stand between blocks, and no digest covers them.
  const grade = isHeld ? await holdFor(turn, committed.index, { attester, wish }) : wish && 'signed'
  client.end(concatBytes(terminal, gradeBlock(grade), receiptBlock(committed.comment)))
}
