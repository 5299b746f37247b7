/** What a model server's whole answer says: read once, for the receipt and for judging whether it is whole. Never changes it. @module */
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/encoding/json.ts'
import type { AnswerFacts } from '../../recorder/exchange-facts.ts'
import { readUsage } from '../../upstream/event-reading.ts'

export type AnswerReading =
  | { readonly ok: true; readonly facts: AnswerFacts }
  /** `detail` says what is wrong without any octet of the answer. */
  | { readonly ok: false; readonly detail: string }

function parse(body: Uint8Array): JsonObject | undefined {
  try {
    const value: JsonValue = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'))
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function finishReasons(choices: readonly JsonValue[]): readonly string[] {
  return choices.flatMap((choice) => {
    const reason = isJsonObject(choice) ? choice['finish_reason'] : undefined
    return typeof reason === 'string' && reason !== '' ? [reason] : []
  })
}

/** The members of an answer or of an event that a receipt repeats. */
export function readNames({ id, model }: JsonObject): Pick<AnswerFacts, 'responseId' | 'responseModel'> {
  return {
    ...(typeof id === 'string' ? { responseId: id } : {}),
    ...(typeof model === 'string' ? { responseModel: model } : {}),
  }
}

/**
 * Judges an unstreamed chat answer. Without a reason to finish for each choice that was asked for it would be taken for a whole answer
 * by today's SDKs, though it may be cut.
 * @param choices how many were asked for
 */
export function readChatAnswer(body: Uint8Array, choices: number): AnswerReading {
  const answer = parse(body)
  if (answer === undefined) return { ok: false, detail: 'answered with something that is not a JSON object' }
  const list = answer['choices']
  if (!Array.isArray(list)) return { ok: false, detail: 'answered without choices' }
  const reasons = finishReasons(list)
  if (reasons.length < list.length) return { ok: false, detail: 'answered without finish_reason' }
  if (list.length < choices) return { ok: false, detail: `gave ${list.length} of ${choices} choices` }
  const usage = readUsage(answer['usage'])
  return {
    ok: true,
    facts: {
      ...readNames(answer),
      finishReasons: reasons,
      ...(usage === undefined ? {} : usage),
    },
  }
}
