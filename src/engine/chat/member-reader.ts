/** Reads the members of a request object; null counts as absent, and what nobody read can be asked for. @module */
import type { JsonObject, JsonValue } from '../../core/encoding/json.ts'
import { Refusal } from './refusal.ts'

interface Bounds {
  readonly min: number
  readonly max?: number
}

export class MemberReader {
  readonly #object: JsonObject
  readonly #prefix: string
  readonly #read: Set<string> = new Set()

  /** @param path names the object in refusals; empty for the request itself */
  constructor(object: JsonObject, path: string = '') {
    this.#object = object
    this.#prefix = path === '' ? '' : `${path}.`
  }

  optional(name: string): JsonValue | undefined {
    this.#read.add(name)
    return this.#object[name] ?? undefined
  }

  required(name: string): JsonValue {
    const value = this.optional(name)
    if (value === undefined) throw this.#refuse(name, 'is missing')
    return value
  }

  text(name: string): string {
    const value = this.required(name)
    if (typeof value !== 'string') throw this.#refuse(name, 'must be a string')
    return value
  }

  flag(name: string): boolean | undefined {
    const value = this.optional(name)
    if (value !== undefined && typeof value !== 'boolean') throw this.#refuse(name, 'must be true or false')
    return value
  }

  number(name: string, { min, max = Number.MAX_SAFE_INTEGER }: Bounds): number | undefined {
    const value = this.optional(name)
    if (value === undefined) return undefined
    if (typeof value !== 'number' || !(value >= min && value <= max))
      throw this.#refuse(name, `must be a number from ${min} to ${max}`)
    return value
  }

  integer(name: string, bounds: Bounds): number | undefined {
    const value = this.number(name, bounds)
    if (value !== undefined && !Number.isSafeInteger(value)) throw this.#refuse(name, 'must be a whole number')
    return value
  }

  /** Counts members as read. */
  ignore(names: readonly string[]): void {
    for (const name of names) this.#read.add(name)
  }

  /** Members that were not read and are neither null nor an empty list: those a caller must not pass over. */
  rest(): readonly string[] {
    return Object.entries(this.#object)
      .filter(
        ([name, value]) => !this.#read.has(name) && value !== null && !(Array.isArray(value) && value.length === 0),
      )
      .map(([name]) => this.#prefix + name)
  }

  #refuse(name: string, what: string): Refusal {
    const param = this.#prefix + name
    return new Refusal(`${param} ${what}`, { param })
  }
}
