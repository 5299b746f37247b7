/** Where two answers in their merged form first part: the choice, the member, the character. Both are the choice of whoever answered. @module */
import { encodeJcs } from '../core/encoding/jcs.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../core/encoding/json.ts'

/** Texts come from either answer; they may be part of what nobody should read. */
export interface OutputDifference {
  /** For example `message.content`; `choices` where there is another number of them, `output_digest` where only that is known. */
  readonly member: string
  /** Index of the choice, where it is in one. */
  readonly choice?: number
  /** 0-based UTF-16 unit of a text. */
  readonly character?: number
  /** Empty where that answer has ended, or has no such member. */
  readonly recorded: string
  readonly replayed: string
}

type Place = Omit<OutputDifference, 'choice'>

/** UTF-16 units shown of either side. */
const SHOWN = 24
/** What an answer says comes before how it ended. */
const FIRST = ['message', 'content', 'text', 'tool_calls']

/** Undefined where both say the same. */
export function findDifference(
  recorded: readonly JsonObject[],
  replayed: readonly JsonObject[],
): OutputDifference | undefined {
  const [theirs, ours] = [recorded, replayed].map((choices) => choices.map((choice) => show(choice['index'])).join(' '))
  if (theirs !== ours) return { member: 'choices', recorded: `${theirs}`, replayed: `${ours}` }
  for (const [at, choice] of recorded.entries()) {
    const found = compare(choice, replayed[at], '')
    if (found !== undefined) return { ...found, choice: typeof choice['index'] === 'number' ? choice['index'] : at }
  }
  return undefined
}

function compare(recorded: JsonValue | undefined, replayed: JsonValue | undefined, member: string): Place | undefined {
  if (typeof recorded === 'string' && typeof replayed === 'string') return compareTexts(recorded, replayed, member)
  if (recorded === undefined || replayed === undefined || !isJsonObject(recorded) || !isJsonObject(replayed))
    return compareLists(recorded, replayed, member)
  for (const name of namesOf(recorded, replayed)) {
    const found = compare(recorded[name], replayed[name], member === '' ? name : `${member}.${name}`)
    if (found !== undefined) return found
  }
  return undefined
}

function compareLists(
  recorded: JsonValue | undefined,
  replayed: JsonValue | undefined,
  member: string,
): Place | undefined {
  if (!Array.isArray(recorded) || !Array.isArray(replayed)) {
    const [theirs, ours] = [show(recorded), show(replayed)]
    return theirs === ours ? undefined : { member, recorded: cut(theirs, 0), replayed: cut(ours, 0) }
  }
  for (let at = 0; at < Math.max(recorded.length, replayed.length); at++) {
    const found = compare(recorded[at], replayed[at], `${member}[${at}]`)
    if (found !== undefined) return found
  }
  return undefined
}

function compareTexts(recorded: string, replayed: string, member: string): Place | undefined {
  if (recorded === replayed) return undefined
  let character = 0
  while (character < recorded.length && recorded[character] === replayed[character]) character++
  // Never the second half of a pair.
  if (/[\ud800-\udbff]/.test(recorded[character - 1] ?? '')) character -= 1
  return { member, character, recorded: cut(recorded, character), replayed: cut(replayed, character) }
}

function namesOf(a: JsonObject, b: JsonObject): readonly string[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
  return [...FIRST.filter((name) => names.includes(name)), ...names.filter((name) => !FIRST.includes(name))]
}

function cut(text: string, from: number): string {
  return text.slice(from, from + SHOWN).replace(/\p{Surrogate}/gu, '\ufffd')
}

function show(value: JsonValue | undefined): string {
  return value === undefined ? '' : new TextDecoder().decode(encodeJcs(value))
}
