/** Calls of tools that a message asks for, by index. docs/formats.md, Merged output. @module */
import { MalformedError } from '../../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../encoding/json.ts'
import { type Budget, isEmpty, MergedMembers } from './merged-members.ts'

const MAX_CALLS = 1024

interface OpenCall {
  readonly id: JsonValue | undefined
  readonly members: MergedMembers
}

export class MergedCalls {
  readonly #calls: Map<number, OpenCall> = new Map()
  readonly #budget: Budget
  /** Index of the call that was begun last, and the greatest so far. */
  #last = -1
  #greatest = -1

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** @param streamed in a whole answer each entry is a call of its own. @throws MalformedError */
  take(list: JsonValue, streamed: boolean): void {
    if (!Array.isArray(list)) throw new MalformedError('PARSE_INVALID', 'tool_calls is a list')
    for (const call of list) {
      if (!isJsonObject(call)) throw new MalformedError('PARSE_INVALID', 'a call is an object')
      const { index: _, ...members } = call
      this.#callAt(streamed ? this.#indexOf(call) : this.#calls.size, call['id']).mergeAll(members)
    }
  }

  /** By index, which itself is left out, as in an answer that is not streamed. */
  get value(): readonly JsonObject[] {
    return [...this.#calls]
      .sort(([a], [b]) => a - b)
      .map(([, { members }]) => ({ type: 'function', ...Object.fromEntries(members.entries()) }))
  }

  /** Some servers leave the index out and send each call at once: then an id that is not that of the last call begins the next. */
  #indexOf({ index, id }: JsonObject): number {
    if (index === undefined || index === null) {
      const begins = this.#last < 0 || (!isEmpty(id) && id !== this.#calls.get(this.#last)?.id)
      return begins ? this.#greatest + 1 : this.#last
    }
    if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0)
      throw new MalformedError('PARSE_INVALID', 'the index of a call is a count')
    return index
  }

  #callAt(index: number, id: JsonValue | undefined): MergedMembers {
    const known = this.#calls.get(index)
    this.#last = index
    if (known !== undefined) return known.members
    if (this.#calls.size >= MAX_CALLS) throw new MalformedError('EVIDENCE_TOO_LARGE', 'too many calls')
    const members = new MergedMembers(this.#budget)
    this.#calls.set(index, { id, members })
    this.#greatest = Math.max(this.#greatest, index)
    return members
  }
}
