/** What the members of an answer say that several APIs share. Never changes an answer. @module */
import { isUtf8 } from 'node:buffer'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/encoding/json.ts'
import { isStrictJson } from '../../../core/encoding/strict-json.ts'
import { ChoiceMerger } from '../../../core/receipt/merged-choices.ts'
import type { AnswerFacts } from '../../recorder/exchange-facts.ts'
import { readContext } from '../../upstream/context-reading.ts'
import { readUsage } from '../../upstream/event-reading.ts'
import { outputOfChoices } from './answer-output.ts'
import type { AnswerReading, ParsedAnswer } from './operation.ts'

/** @returns undefined for anything but a JSON object */
export function parseAnswer(body: Uint8Array): ParsedAnswer | undefined {
  try {
    const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')
    const fields: JsonValue = JSON.parse(text)
    return isJsonObject(fields) ? { fields, isStrict: () => isUtf8(body) && isStrictJson(text, fields) } : undefined
  } catch {
    return undefined
  }
}

/** The members of an answer or of an event that a receipt repeats. */
export function readNames({ id, model }: JsonObject): Pick<AnswerFacts, 'responseId' | 'responseModel'> {
  return {
    ...(typeof id === 'string' ? { responseId: id } : {}),
    ...(typeof model === 'string' ? { responseModel: model } : {}),
  }
}

function finishReasons(choices: readonly JsonValue[]): readonly string[] {
  return choices.flatMap((choice) => {
    const reason = isJsonObject(choice) ? choice['finish_reason'] : undefined
    return typeof reason === 'string' && reason !== '' ? [reason] : []
  })
}

/**
 * Judges an unstreamed answer of chat or completions. Without a reason to finish for each choice that was asked for it would be taken for a
 * whole answer by today's SDKs, though it may be cut.
 * @param choices how many were asked for
 */
export function readChoices(answer: ParsedAnswer, choices: number): AnswerReading {
  const { fields } = answer
  const list = fields['choices']
  if (!Array.isArray(list)) return { outcome: 'unusable', detail: 'answered without choices' }
  const reasons = finishReasons(list)
  if (reasons.length < list.length) return { outcome: 'unusable', detail: 'answered without finish_reason' }
  if (list.length < choices) return { outcome: 'unusable', detail: `gave ${list.length} of ${choices} choices` }
  return {
    outcome: 'complete',
    facts: {
      ...readNames(fields),
      finishReasons: reasons,
      ...readUsage(fields['usage']),
      context: readContext(fields),
    },
    output: outputOfChoices(mergeAnswer(answer)),
  }
}

function mergeAnswer({ fields, isStrict }: ParsedAnswer): ChoiceMerger {
  const merger = new ChoiceMerger('message')
  if (isStrict()) merger.take(fields)
  else merger.fail('not strict JSON')
  return merger
}
