/**
 * What must be as it was before an answer is run again: each a named check. The receipt says how it was, whoever hands over octets may lie,
 * and a replay under other conditions proves nothing: the first that differs refuses the replay. @module
 */
import { digestUri } from '../core/crypto/index.ts'
import type { Receipt } from '../core/receipt/receipt.ts'
import { type Checker, judge, type Verdict } from '../core/verdict.ts'
import { Refusal } from '../engine/chat/refusal.ts'
import { type ChatRequest, decodeChatRequest, encodeSampling } from '../engine/chat/request.ts'
import { checkOutcome, checkPart, checkWeights } from './check-parts.ts'
import { rebuildForwarded } from './forwarded.ts'
import type { LoadedModel, RecordedAnswer } from './recorded.ts'

const CHECKS = [
  'outcome',
  'determinism',
  'engine',
  'weights',
  'chat-template',
  'tokenizer',
  'request',
  'forwarded',
  'sampling-parameters',
] as const
type Check = Checker<(typeof CHECKS)[number]>

/** Judges whether an answer can be run again with what is loaded; gives what the engine was asked, as it was asked. */
export function judgeConditions(recorded: RecordedAnswer, loaded: LoadedModel): Promise<Verdict<ChatRequest>> {
  return judge(CHECKS, async (check) => {
    const { receipt } = recorded
    checkOutcome(check, receipt)
    checkEngine(check, receipt, loaded)
    checkPart(check, 'chat-template', receipt, loaded.chatTemplate)
    checkPart(check, 'tokenizer', receipt, loaded.tokenizer)
    const request = decodeForwarded(check, rebuildForwarded(check, recorded))
    checkPart(check, 'sampling-parameters', receipt, digestUri(encodeSampling(request.sampling)))
    return request
  })
}

function checkEngine(check: Check, receipt: Receipt, loaded: LoadedModel): void {
  const { engine, upstream } = receipt.claims
  const { determinism } = engine
  const repeats = determinism === 'bit-exact' && upstream.kind === 'embedded'
  check.that('determinism', repeats, 'REPLAY_PRECONDITION', {
    pass: `${determinism}, ${upstream.kind}`,
    fail:
      determinism === 'best-effort'
        ? `best-effort: ${engine.name} promises nothing about giving the same answer again; it can be asked where it runs (--engine)`
        : `${determinism} behind HTTP (${upstream.kind}): that engine is not part of this software; it can be asked again where it runs (--engine)`,
  })
  const same = (['name', 'version', 'flags'] as const).find((part) => engine[part] !== loaded.engine[part])
  check.that('engine', same === undefined, 'REPLAY_PRECONDITION', {
    pass: `${engine.name} ${engine.version}`,
    fail: `the answer is of ${engine.name} ${engine.version}, flags ${engine.flags}; here runs ${loaded.engine.name} ${loaded.engine.version}, flags ${loaded.engine.flags}`,
  })
  checkWeights(check, receipt, loaded.digests)
}

function decodeForwarded(check: Check, octets: Uint8Array): ChatRequest {
  try {
    return decodeChatRequest(octets)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return check.fail('forwarded', 'REPLAY_PRECONDITION', 'the embedded model does not take this request')
  }
}
