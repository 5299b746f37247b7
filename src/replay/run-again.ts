/** Runs a request on the embedded engine as a gateway does, and gives the octets that it would have answered with. @module */
import { concatBytes } from '../core/encoding/bytes.ts'
import { type Answering, streamBlocks, wholeCompletion } from '../engine/chat/answer.ts'
import type { ChatRequest } from '../engine/chat/request.ts'
import { type ChatRun, startRun, type Turn } from '../engine/chat/run.ts'
import type { Model } from '../engine/index.ts'
import type { AnswerView } from './answer-view.ts'

/** What is run, on what. */
export interface Run {
  readonly model: Model
  readonly request: ChatRequest
  readonly turn: Turn
}

export interface Rerun {
  /** Whole or streamed, as it was asked for. */
  readonly octets: Uint8Array
  /** Of each choice, without the token that ends it. */
  readonly tokens: readonly (readonly number[])[]
}

/** @param head what differs from run to run by design, as the recorded answer has it */
export async function runAgain(
  { model, request, turn }: Run,
  head: Pick<AnswerView, 'id' | 'created' | 'fingerprint'>,
): Promise<Rerun> {
  const tokens: number[][] = []
  const { id, created, fingerprint } = head
  const answering: Answering = {
    request,
    run: (choice) => {
      const seen: number[] = []
      tokens.push(seen)
      return recording(startRun(model, request, { choice, turn }), seen)
    },
    head: { id, created, model: request.model, system_fingerprint: fingerprint },
  }
  const octets = request.stream ? await join(streamBlocks(answering)) : await wholeCompletion(answering)
  return { octets, tokens }
}

/** Writes down the tokens of a run as they come. */
function recording(run: ChatRun, seen: number[]): ChatRun {
  return {
    async *steps() {
      const steps = run.steps()
      for (;;) {
        const result = await steps.next()
        if (result.done === true) {
          seen.length = result.value.completionTokens
          return result.value
        }
        seen.push(result.value.token)
        yield result.value
      }
    },
  }
}

async function join(blocks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const block of blocks) parts.push(block)
  return concatBytes(...parts)
}
