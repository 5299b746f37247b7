/** Which calls of a model's answer the gateway runs, and which answers a run cannot go on from. Every octet is the model's choice. @module */
import { digestUri } from '../../../core/crypto/index.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import { answeredCall, askedCalls, MAX_LISTED, shownName } from '../../../core/receipt/client-calls.ts'
import type { ModelCall } from '../../context/types.ts'
import { UpstreamFailure } from '../../upstream/upstream-failure.ts'
import { NO_OUTPUT } from './answer-output.ts'
import type { AnswerOutput } from './operation.ts'

/** What a model names its calls. */
const PLAIN = /^[\x21-\x7e]{1,128}$/

export interface CallRules {
  /** Whether the gateway runs the function of that name. */
  readonly owns: (name: string) => boolean
  /** The client said that no tool is to be called. */
  readonly isForbidden: boolean
  /** As many were called as one request gets. */
  readonly isEnough: boolean
}

/** Undefined where no call is the gateway's. @throws UpstreamFailure where neither gateway nor client could go on */
export function judgeCalls(
  output: AnswerOutput,
  { owns, isForbidden, isEnough }: CallRules,
): readonly ModelCall[] | undefined {
  if (output === NO_OUTPUT) throw failed('answered in a form in which no calls can be told')
  const { calls, elements } = output
  const own = calls.filter(({ name }) => owns(name))
  if (own.length === 0) return undefined
  if (own.length > MAX_LISTED) throw failed('asked for more tools at once than a receipt lists')
  if (own.length < calls.length) throw failed('asked for tools of the gateway and of the client at once')
  if (isForbidden) throw failed('asked for tools that the request forbids')
  const isPlain = own.every(({ id, name }) => PLAIN.test(id) && PLAIN.test(name))
  const isDistinct = new Set(own.map(({ id }) => id)).size === own.length
  if (!isPlain || !isDistinct || !isAnswerable(elements, own)) throw failed('named its calls out of form')
  if (isEnough) throw failed('went on asking for tools beyond the limit of calls')
  return own
}

function failed(what: string): UpstreamFailure {
  return new UpstreamFailure('protocol', `the model ${what}`)
}

/** Whoever verifies reads the calls from what the model said: each of them must be one that is run, and nothing may pass for a result. */
function isAnswerable(elements: AnswerOutput['elements'], calls: readonly ModelCall[]): boolean {
  const due = calls.map(({ id, name, arguments: text }) => [
    shownName(id),
    shownName(name),
    digestUri(encodeUtf8(text)),
  ])
  const asked = elements.flatMap(askedCalls).map(({ id, tool, arguments: digest }) => [id, tool, digest])
  return (
    JSON.stringify(asked) === JSON.stringify(due) &&
    elements.every(
      (element) =>
        answeredCall(element) === undefined && (element['role'] === undefined || element['role'] === 'assistant'),
    )
  )
}
