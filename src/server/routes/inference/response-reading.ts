/** What a response object of `/v1/responses` says of its own end, in an answer or in the last event of a stream. @module */
import { isJsonObject, type JsonObject } from '../../../core/encoding/json.ts'
import type { AnswerFacts } from '../../recorder/exchange-facts.ts'
import { readUsage } from '../../upstream/event-reading.ts'
import { NO_OUTPUT, outputOfResponse } from './answer-output.ts'
import { readNames } from './answer-reading.ts'
import type { AnswerReading, ParsedAnswer } from './operation.ts'

/**
 * A response that met a limit is `incomplete` in the words of this API, and whole in ours: as a chat whose `finish_reason` is `length`, it is
 * all that the model server gives.
 */
const OUTCOMES: Readonly<Record<string, 'complete' | 'upstream_error'>> = {
  completed: 'complete',
  incomplete: 'complete',
  failed: 'upstream_error',
}

/** @param status by the answer, or by the event that holds the response */
export function readEnd(response: JsonObject, status: string): AnswerFacts {
  const details = response['incomplete_details']
  const reason = status === 'incomplete' && isJsonObject(details) ? details['reason'] : undefined
  return {
    ...readNames(response),
    finishReasons: [typeof reason === 'string' && reason !== '' ? reason : status],
    ...readUsage(response['usage']),
  }
}

/** Judges a whole answer: one that says that it goes on is none. */
export function readResponse({ fields }: ParsedAnswer): AnswerReading {
  const { status } = fields
  const outcome = typeof status === 'string' && Object.hasOwn(OUTCOMES, status) ? OUTCOMES[status] : undefined
  if (outcome === undefined || typeof status !== 'string')
    return { outcome: 'unusable', detail: 'answered without a status that ends a response' }
  return {
    outcome,
    facts: readEnd(fields, status),
    output: outcome === 'complete' ? outputOfResponse(fields) : NO_OUTPUT,
  }
}
