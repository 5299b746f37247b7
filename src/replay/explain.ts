/** Why two answers part where they do, as far as the loaded model can say it. @module */
import type { ChatRequest } from '../engine/chat/request.ts'
import { startRun, type Turn } from '../engine/chat/run.ts'
import type { Model, StepLogprobs } from '../engine/index.ts'
import type { Divergence } from './divergence.ts'

const TOP = 20

/** One sentence. Runs the choice again up to the token in question, to see what the model held likely there. */
export async function explain(
  { part, choice, token, recorded, replayed }: Divergence,
  { model, request, turn }: { readonly model: Model; readonly request: ChatRequest; readonly turn: Turn },
): Promise<string> {
  if (part === 'arguments')
    return `the model does not choose these arguments${request.sampling.temperature === 0 ? '' : ' under this seed'}: they were altered, or are of another request or model`
  if (part !== 'text') return REASONS[part]
  if (recorded === '') return 'the recorded answer ends earlier: it was cut, or other limits held'
  if (replayed === '')
    return 'the model ends its answer here: what follows in the recorded one was added, or other limits held'
  if (choice === undefined || token === undefined) return REASONS.octets
  const likely = await likelyAt({ model, request, turn }, choice, token)
  const rank = likely?.top.findIndex((candidate) => candidate.token === recorded) ?? -1
  if (likely === undefined || rank < 0)
    return `the recorded token is not among the ${TOP} that the model holds most likely there: the text was altered, or is of another model`
  const place = `the recorded token is number ${rank + 1} of those that the model holds likely there`
  if (request.sampling.temperature === 0) return `${place}, and at temperature 0 only the first is taken`
  return `${place}: another seed, temperature or top_p draws it, and so could whoever altered the text`
}

const REASONS = {
  tool_calls:
    'which function is called, and the id of the call, follow from the request alone: they were altered, or are of another request',
  logprobs:
    'the tokens are the same and their probabilities are not: other weights or other arithmetic, or altered figures',
  finish_reason: 'the texts are the same and end for another reason',
  choices: 'another number of choices was answered than asked for',
  usage: 'the texts are the same and the counts of tokens are not',
  octets: 'the recorded octets say something that this engine does not write, or cannot be read as an answer',
  digest: 'the recorded octets are what the model answers, and not what was signed',
  'output-digest': 'the choices are others; where they part cannot be told from a digest',
} as const

/** Log-probabilities steer nothing: with them the same tokens are drawn. */
async function likelyAt(
  { model, request, turn }: { readonly model: Model; readonly request: ChatRequest; readonly turn: Turn },
  choice: number,
  token: number,
): Promise<StepLogprobs | undefined> {
  let at = 0
  for await (const step of startRun(model, { ...request, topLogprobs: TOP }, { choice, turn }).steps()) {
    if (at === token) return step.logprob
    at += 1
  }
  return undefined
}
