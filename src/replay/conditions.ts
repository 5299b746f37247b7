/**
 * What must be as it was before an answer is run again: each a named check. The receipt says how it was, whoever hands over octets may lie,
 * and a replay under other conditions proves nothing: the first that differs refuses the replay. @module
 */
import { digestUri } from '../core/crypto/index.ts'
import type { Forwarded } from '../core/receipt/disclosed.ts'
import type { Receipt } from '../core/receipt/receipt.ts'
import { applySplices, recordedSplices } from '../core/transform/splice.ts'
import { type Checker, judge, type Verdict } from '../core/verdict.ts'
import { Refusal } from '../engine/chat/refusal.ts'
import { type ChatRequest, decodeChatRequest, encodeSampling } from '../engine/chat/request.ts'
import { MalformedError } from '../errors.ts'
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

/** Splices can name the same large octets again and again: what no context has room for is not put together. */
const MAX_FORWARDED = 1 << 24

/** Judges whether an answer can be run again with what is loaded; gives what the engine was asked, as it was asked. */
export function judgeConditions(recorded: RecordedAnswer, loaded: LoadedModel): Promise<Verdict<ChatRequest>> {
  return judge(CHECKS, async (check) => {
    const { receipt } = recorded
    const { outcome } = receipt.claims
    check.that('outcome', outcome === 'complete', 'REPLAY_PRECONDITION', {
      pass: outcome,
      fail: `${outcome}: there is no whole answer of the model to compare with`,
    })
    checkEngine(check, receipt, loaded)
    checkPart(check, 'chat-template', receipt, loaded.chatTemplate)
    checkPart(check, 'tokenizer', receipt, loaded.tokenizer)
    const request = decodeForwarded(check, rebuild(check, recorded))
    checkPart(check, 'sampling-parameters', receipt, digestUri(encodeSampling(request.sampling)))
    return request
  })
}

function checkEngine(check: Check, { claims }: Receipt, loaded: LoadedModel): void {
  const { engine, upstream, model } = claims
  const { determinism } = engine
  const repeats = determinism === 'bit-exact' && upstream.kind === 'embedded'
  check.that('determinism', repeats, 'REPLAY_PRECONDITION', {
    pass: `${determinism}, ${upstream.kind}`,
    fail:
      determinism === 'best-effort'
        ? `best-effort: ${engine.name} promises nothing about giving the same answer again`
        : `${determinism} behind HTTP (${upstream.kind}): that engine is not part of this software, which runs the embedded one alone`,
  })
  const same = (['name', 'version', 'flags'] as const).find((part) => engine[part] !== loaded.engine[part])
  check.that('engine', same === undefined, 'REPLAY_PRECONDITION', {
    pass: `${engine.name} ${engine.version}`,
    fail: `the answer is of ${engine.name} ${engine.version}, flags ${engine.flags}; here runs ${loaded.engine.name} ${loaded.engine.version}, flags ${loaded.engine.flags}`,
  })
  if (model.digest === 'none') check.unchecked('weights', 'nobody measured them')
  else
    check.that('weights', loaded.digests.includes(model.digest), 'REPLAY_PRECONDITION', {
      pass: model.digest,
      fail: `the answer is of ${model.digest}, loaded are ${loaded.digests.join(' or ')}`,
    })
}

/** What the receipt says of one dependency, against what is here. */
function checkPart(
  check: Check,
  role: 'chat-template' | 'tokenizer' | 'sampling-parameters',
  { disclosed }: Receipt,
  here: string,
): void {
  const { dependencies } = disclosed
  const named = dependencies?.[role]
  if (named === undefined) check.unchecked(role, 'disclosure dependencies is withheld')
  else if (named === 'none') check.unchecked(role, 'the receipt names none')
  else {
    const digests = named.map(({ digest }) => `sha256:${digest.sha256}`)
    check.that(role, digests.includes(here), 'REPLAY_PRECONDITION', {
      pass: here,
      fail: `the answer relied on ${digests.join(', ')}, here it is ${here}`,
    })
  }
}

/** The octets that the engine was given, from the request and what was inserted. */
function rebuild(check: Check, { receipt, request, inserts }: RecordedAnswer): Uint8Array {
  const { disclosed } = receipt
  if (request === 'not-held')
    check.incomplete('request', 'the octets of the request are not at hand; they are not in the archive')
  if (disclosed.request === undefined) check.unchecked('request', 'disclosure request is withheld')
  else
    check.that('request', digestUri(request) === disclosed.request.digest, 'REPLAY_PRECONDITION', {
      pass: disclosed.request.digest,
      fail: `signed is ${disclosed.request.digest}, the octets at hand are ${digestUri(request)}`,
    })
  if (disclosed.forwarded === undefined)
    check.incomplete('forwarded', 'disclosure forwarded is withheld: what the engine was given is not known')
  return forward(check, request, { forwarded: disclosed.forwarded, inserts })
}

function forward(
  check: Check,
  request: Uint8Array,
  { forwarded, inserts }: { readonly forwarded: Forwarded; readonly inserts: RecordedAnswer['inserts'] },
): Uint8Array {
  const { digest, size, transforms } = forwarded
  const missing = transforms.find(({ insert }) => !inserts.has(insert.digest))
  if (missing !== undefined)
    check.incomplete(
      'forwarded',
      `the inserted octets of ${missing.insert.role} are not at hand: ${missing.insert.digest}`,
    )
  const due = transforms.reduce((sum, { remove, insert }) => sum - remove + insert.size, request.length)
  check.that('forwarded', due === size && size <= MAX_FORWARDED, 'REPLAY_PRECONDITION', {
    fail: `signed are ${size} octets; request and changes give ${due}, and at most ${MAX_FORWARDED} are put together`,
  })
  try {
    const octets = applySplices(request, [...recordedSplices(transforms, inserts)])
    check.that('forwarded', octets.length === size && digestUri(octets) === digest, 'REPLAY_PRECONDITION', {
      pass: `${digest}, ${transforms.length} changes`,
      fail: `signed is ${digest}; request and changes give ${digestUri(octets)}`,
    })
    return octets
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return check.fail('forwarded', 'REPLAY_PRECONDITION', error.message)
  }
}

function decodeForwarded(check: Check, octets: Uint8Array): ChatRequest {
  try {
    return decodeChatRequest(octets)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return check.fail('forwarded', 'REPLAY_PRECONDITION', 'the embedded model does not take this request')
  }
}
