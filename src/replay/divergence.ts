/** Where two answers first part: the choice, the token, and what stands there on either side. @module */
import { encodeJcs } from '../core/encoding/jcs.ts'
import { isJsonObject, type JsonValue } from '../core/encoding/json.ts'
import { decodeTokens, encodeText, type Model } from '../engine/index.ts'
import type { AnswerView, CallView, ChoiceView } from './answer-view.ts'

/** What differs first. `octets`: the answers say the same in another form, or one of them cannot be read. */
export type DivergentPart =
  | 'text'
  /** A call of a tool: whether there is one, of which function, under which id. */
  | 'tool_calls'
  | 'arguments'
  | 'logprobs'
  | 'finish_reason'
  | 'choices'
  | 'usage'
  | 'octets'
  | 'digest'
  | 'output-digest'

/** UTF-16 units; longer than any token. */
const MAX_TOKEN = 256

/** Texts come from either answer; they may be part of what nobody should read. */
export interface Divergence {
  readonly part: DivergentPart
  /** Index of the choice, where it is in one. */
  readonly choice?: number
  /** 0-based token of that choice, where it is at one. */
  readonly token?: number
  /** Empty where that answer has ended. */
  readonly recorded: string
  readonly replayed: string
}

/** The first difference; undefined where both say the same. @param tokens of each replayed choice, without the one that ends it */
export function findDivergence(
  recorded: AnswerView,
  replayed: AnswerView,
  { model, tokens }: { readonly model: Model; readonly tokens: readonly (readonly number[])[] },
): Divergence | undefined {
  const [theirs, ours] = [recorded, replayed].map(({ choices }) => choices.map(({ index }) => index).join(' '))
  if (theirs !== ours) return { part: 'choices', recorded: `${theirs}`, replayed: `${ours}` }
  for (const [i, choice] of replayed.choices.entries()) {
    const other = recorded.choices[i]
    if (other === undefined) break
    const place = { model, tokens: tokens[choice.index] ?? [] }
    const found =
      compareLogprobs(other, choice) ??
      compareCalls(other, choice) ??
      compareText(other.text, choice.text, place) ??
      compareArguments(other, choice, place) ??
      compareFinish(other, choice, place)
    if (found !== undefined) return { ...found, choice: choice.index }
  }
  const [usage, wanted] = [show(recorded.usage), show(replayed.usage)]
  return usage === wanted ? undefined : { part: 'usage', recorded: usage, replayed: wanted }
}

/** Log-probabilities name their tokens: no other place says so exactly where a text was changed. */
function compareLogprobs({ logprobs: theirs }: ChoiceView, { logprobs: ours }: ChoiceView): Divergence | undefined {
  if (theirs === undefined || ours === undefined)
    return theirs === ours
      ? undefined
      : { part: 'logprobs', recorded: theirs ? 'given' : 'none', replayed: ours ? 'given' : 'none' }
  const length = Math.max(theirs.length, ours.length)
  for (let token = 0; token < length; token++) {
    const [other, own] = [theirs[token], ours[token]]
    if (other !== undefined && own !== undefined && show(other) === show(own)) continue
    if (bytesOf(other) !== bytesOf(own))
      return { part: 'text', token, recorded: tokenOf(other), replayed: tokenOf(own) }
    return { part: 'logprobs', token, recorded: logprobOf(other), replayed: logprobOf(own) }
  }
  return undefined
}

interface Place {
  readonly model: Model
  readonly tokens: readonly number[]
}

function compareText(theirs: string, ours: string, place: Place): Divergence | undefined {
  if (theirs === ours) return undefined
  const at = commonLength(theirs, ours)
  const { token, from } = tokenAt(place, ours, at)
  const [recorded, replayed] = [theirs, ours].map((text) => firstTokens(place.model, text.slice(from), at - from))
  return { part: 'text', token, recorded: recorded ?? '', replayed: replayed ?? '' }
}

function compareCalls({ calls: theirs }: ChoiceView, { calls: ours }: ChoiceView): Divergence | undefined {
  const [recorded, replayed] = [namesOf(theirs), namesOf(ours)]
  return recorded === replayed ? undefined : { part: 'tool_calls', recorded, replayed }
}

/** The tokens of an answer that is a call are those of its arguments. */
function compareArguments(
  { calls: theirs }: ChoiceView,
  { calls: ours }: ChoiceView,
  place: Place,
): Divergence | undefined {
  for (const [i, call] of ours.entries()) {
    const found = compareText(theirs[i]?.arguments ?? '', call.arguments, place)
    if (found !== undefined) return { ...found, part: 'arguments' }
  }
  return undefined
}

function namesOf(calls: readonly CallView[]): string {
  return calls.length === 0 ? 'none' : show(calls.map(({ name, id }) => [name, id]))
}

function compareFinish(
  { finish: theirs }: ChoiceView,
  { finish: ours }: ChoiceView,
  { tokens }: Place,
): Divergence | undefined {
  if (theirs === ours) return undefined
  return { part: 'finish_reason', token: tokens.length, recorded: show(theirs), replayed: show(ours) }
}

function commonLength(a: string, b: string): number {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length++
  return length
}

/** The token whose text holds the character at `at`, and where its text begins. A token may hold a part of a character alone. */
function tokenAt(
  { model, tokens }: Place,
  text: string,
  at: number,
): { readonly token: number; readonly from: number } {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let end = 0
  for (const [token, id] of tokens.entries()) {
    const from = end
    end += decoder.decode(decodeTokens(model, [id]), { stream: true }).length
    if (end > at) return { token, from }
  }
  return { token: tokens.length, from: Math.min(at, text.length) }
}

/** As the model would read the beginning of a text: enough of it to tell tokens apart. Ends behind the character at `at`. */
function firstTokens(model: Model, text: string, at: number): string {
  let piece = ''
  for (const token of encodeText(model, text.slice(0, at + MAX_TOKEN))) {
    if (piece.length > at) break
    piece += new TextDecoder().decode(decodeTokens(model, [token]))
  }
  return piece
}

function show(value: JsonValue): string {
  return new TextDecoder().decode(encodeJcs(value))
}

function tokenOf(entry: JsonValue | undefined): string {
  return isJsonObject(entry) && typeof entry['token'] === 'string' ? entry['token'] : ''
}

/** A token that holds a part of a character has no text of its own. */
function bytesOf(entry: JsonValue | undefined): string {
  return isJsonObject(entry) ? show([entry['token'] ?? null, entry['bytes'] ?? null]) : ''
}

function logprobOf(entry: JsonValue | undefined): string {
  return isJsonObject(entry) && typeof entry['logprob'] === 'number' ? `${entry['logprob']}` : ''
}
