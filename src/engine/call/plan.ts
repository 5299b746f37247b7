/** What a call of a tool may come to: for each argument the texts it is chosen from. Made before any arithmetic. @module */
import { EngineError } from '../errors.ts'
import type { Model } from '../model.ts'
import { encode } from '../tokenizer.ts'
import { type Passage, passagesOf, type Word, wordsOf } from './words.ts'

/** An argument that the call must have. */
export type CallField =
  /** A passage of the source. Lengths are in characters. */
  | { readonly kind: 'passage'; readonly name: string; readonly minLength: number; readonly maxLength: number }
  /** One of these JSON texts. */
  | { readonly kind: 'member'; readonly name: string; readonly members: readonly string[] }

/** A call that the model must make. */
export interface CallForm {
  /** Of the function. */
  readonly name: string
  readonly fields: readonly CallField[]
  /** The text whose passages the arguments are taken from. */
  readonly source: string
}

/** A passage, and the tokens of its JSON text. */
export interface PassageCandidate extends Passage {
  readonly tokens: Int32Array
}

/** `opening` stands before the value: punctuation and the member's name. There is at least one candidate. */
export type PlannedField =
  | { readonly kind: 'passage'; readonly opening: Int32Array; readonly candidates: readonly PassageCandidate[] }
  | { readonly kind: 'member'; readonly opening: Int32Array; readonly candidates: readonly Int32Array[] }

export interface CallPlan {
  /** Of the source, where passages of it are wanted. */
  readonly words: readonly Word[]
  readonly fields: readonly PlannedField[]
  /** After the last value. */
  readonly closing: Int32Array
}

/** Each costs a run of the network. */
const MAX_MEMBER_TOKENS = 2048

/**
 * @param room tokens that the arguments may have
 * @throws EngineError invalid_option where the call does not fit into the room, or nothing in the source fits an argument
 */
export function planCall({ vocabulary }: Model, { fields, source }: CallForm, room: number): CallPlan {
  const spell = (text: string): Int32Array => encode(vocabulary, text)
  const closing = spell(fields.length === 0 ? '{}' : '}')
  const spelled = fields.map((field, i) => ({
    field,
    opening: spell(`${i === 0 ? '{' : ','}${JSON.stringify(field.name)}:`),
    members: field.kind === 'member' ? field.members.map(spell) : [],
  }))
  const memberTokens = spelled.flatMap(({ members }) => members).reduce((sum, { length }) => sum + length, 0)
  if (memberTokens > MAX_MEMBER_TOKENS) throw wrong('the values that an argument of the tool may have are too many')
  const fixed = spelled.reduce((sum, { opening, members }) => sum + opening.length + longest(members), closing.length)
  const wanted = fields.filter(({ kind }) => kind === 'passage').length
  const share = Math.floor((room - fixed) / Math.max(wanted, 1))
  if (share < 0) throw wrong('max_tokens or the context leave no room for the call of the tool')
  const words = wanted === 0 ? [] : wordsOf(source)
  const passages = passagesOf(source, words)
    .map((passage) => ({ ...passage, tokens: spell(JSON.stringify(passage.text)) }))
    .filter(({ tokens }) => tokens.length <= share)
  const planned = spelled.map(({ field, opening, members }): PlannedField => {
    if (field.kind === 'member') return { kind: 'member', opening, candidates: members }
    const candidates = passages.filter(({ text }) => fits(text, field))
    if (candidates.length === 0)
      throw wrong('an argument of the tool is to be taken from the newest message of the user, and nothing in it fits')
    return { kind: 'passage', opening, candidates }
  })
  return { words, fields: planned, closing }
}

function longest(texts: readonly Int32Array[]): number {
  return texts.reduce((most, { length }) => Math.max(most, length), 0)
}

function fits(text: string, { minLength, maxLength }: Extract<CallField, { kind: 'passage' }>): boolean {
  const length = Array.from(text).length
  return length >= minLength && length <= maxLength
}

function wrong(what: string): EngineError {
  return new EngineError('invalid_option', what)
}
