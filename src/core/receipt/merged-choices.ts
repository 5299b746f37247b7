/**
 * Choices of chat or completions in one form, however they were sent: a stream of deltas and the answer that says the same at once come to
 * the same octets. Everything merged is the model server's choice. docs/formats.md, Merged output. @module
 */
import { MalformedError } from '../../errors.ts'
import { digestUri } from '../crypto/index.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../encoding/json.ts'
import { MergedCalls } from './merged-calls.ts'
import { Budget, isEmpty, MergedMembers } from './merged-members.ts'

const MAX_CHOICES = 4096

/** `delta`: a part of a stream. `message`: an answer that is not streamed. */
type Form = 'delta' | 'message'

class MergedChoice {
  readonly #members: MergedMembers
  readonly #message: MergedMembers
  readonly #calls: MergedCalls
  #isChat = false

  constructor(budget: Budget) {
    this.#members = new MergedMembers(budget)
    this.#message = new MergedMembers(budget)
    this.#calls = new MergedCalls(budget)
  }

  take(choice: JsonObject, form: Form): void {
    for (const name of Object.keys(choice)) {
      const value = choice[name] ?? null
      if (name === form && isJsonObject(value)) this.#takeMessage(value, form)
      else if (name !== 'index' && !isEmpty(value)) this.#takeMember(name, value)
    }
  }

  value(index: number): JsonObject {
    const choice: Record<string, JsonValue> = { ...Object.fromEntries(this.#members.entries()), index }
    if (!this.#isChat) return choice
    const calls = this.#calls.value
    choice['message'] = {
      role: 'assistant',
      ...Object.fromEntries(this.#message.entries()),
      ...(calls.length > 0 && { tool_calls: calls }),
    }
    return choice
  }

  #takeMessage(message: JsonObject, form: Form): void {
    this.#isChat = true
    for (const name of Object.keys(message)) {
      const value = message[name] ?? null
      if (isEmpty(value)) continue
      if (name === 'tool_calls') this.#calls.take(value, form === 'delta')
      else this.#message.merge(name, value)
    }
  }

  #takeMember(name: string, value: JsonValue): void {
    // Both in one choice would be two answers.
    if (name === 'delta' || name === 'message')
      throw new MalformedError('PARSE_INVALID', `a choice with such a ${name}`)
    if (name === 'text' || name === 'logprobs') this.#members.merge(name, value)
    else if (Array.isArray(value)) this.#members.append(name, value)
    else this.#members.replace(name, value)
  }
}

/** Takes the events of one stream in order, or one whole answer. */
export class ChoiceMerger {
  readonly #choices: Map<number, MergedChoice> = new Map()
  readonly #budget: Budget = new Budget()
  readonly #form: Form
  #failure: string | undefined

  constructor(form: Form) {
    this.#form = form
  }

  /** @param event strict JSON: without equal keys, lone surrogates or inexact integers */
  take({ choices }: JsonObject): void {
    if (!Array.isArray(choices) || this.#failure !== undefined) return
    try {
      for (const [position, choice] of choices.entries()) this.#takeChoice(choice, position)
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      this.fail(error.message)
    }
  }

  /** There is something in the answer that cannot be merged: it has no merged form. */
  fail(why: string): void {
    this.#failure ??= why
    this.#choices.clear()
  }

  /** Why there is no merged form. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** By index; undefined where there is no merged form. */
  get choices(): readonly JsonObject[] | undefined {
    if (this.#failure !== undefined) return undefined
    return [...this.#choices].sort(([a], [b]) => a - b).map(([index, choice]) => choice.value(index))
  }

  #takeChoice(choice: JsonValue, position: number): void {
    if (!isJsonObject(choice)) throw new MalformedError('PARSE_INVALID', 'a choice is an object')
    const index = choice['index'] ?? position
    if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0)
      throw new MalformedError('PARSE_INVALID', 'the index of a choice is a count')
    this.#choiceOf(index).take(choice, this.#form)
  }

  #choiceOf(index: number): MergedChoice {
    const known = this.#choices.get(index)
    if (known !== undefined && this.#form === 'delta') return known
    if (known !== undefined) throw new MalformedError('PARSE_INVALID', 'two choices have one index')
    if (this.#choices.size >= MAX_CHOICES) throw new MalformedError('EVIDENCE_TOO_LARGE', 'too many choices')
    const choice = new MergedChoice(this.#budget)
    this.#choices.set(index, choice)
    return choice
  }
}

/** `output_digest`. @throws MalformedError JSON_* where the choices do not come from strict JSON */
export function outputDigest(choices: readonly JsonObject[]): string {
  return digestUri(encodeJcs(choices))
}
