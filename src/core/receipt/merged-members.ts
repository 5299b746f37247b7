/** Members of one object that arrives in parts, put together again. docs/formats.md, Merged output. @module */
import { MalformedError } from '../../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../encoding/json.ts'

/** UTF-16 units of kept strings and names, and one for each kept value: whoever answers chooses how much there is to keep. */
const MAX_WEIGHT = 1 << 24
/** Parts that are kept apart; a model server may send one letter at a time. */
const MAX_PARTS = 1024
/** Strings that name something come once, or are repeated: they are never joined. */
const NAMES: ReadonlySet<string> = new Set(['role', 'id', 'type', 'name'])

/** What is kept of one answer, all choices together. */
export class Budget {
  #left: number = MAX_WEIGHT

  /** @throws MalformedError EVIDENCE_TOO_LARGE */
  spend(weight: number): void {
    this.#left -= weight
    if (this.#left < 0) throw new MalformedError('EVIDENCE_TOO_LARGE', 'the answer is too large to be merged')
  }
}

function weightOf(value: JsonValue): number {
  if (typeof value === 'string') return 1 + value.length
  if (typeof value !== 'object' || value === null) return 1
  let weight = 1
  if (!isJsonObject(value)) for (const item of value) weight += weightOf(item)
  else for (const name of Object.keys(value)) weight += name.length + weightOf(value[name] ?? null)
  return weight
}

/** Model servers differ in whether they leave such members out. */
export function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return true
  if (typeof value !== 'object') return false
  for (const _ in value) return false
  return true
}

/** A text that arrives in parts. */
class Text {
  #parts: string[] = []

  add(part: string): void {
    if (this.#parts.length === MAX_PARTS) this.#parts = [this.#parts.join('')]
    this.#parts.push(part)
  }

  get value(): string {
    return this.#parts.join('')
  }
}

class List {
  readonly value: JsonValue[] = []
}

type Kept = Text | List | MergedMembers | { readonly last: JsonValue; readonly weight: number }

export class MergedMembers {
  readonly #kept: Map<string, Kept> = new Map()
  readonly #budget: Budget

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** By the kind of the value: texts are joined, lists appended, objects merged, of anything else the last stays. @throws MalformedError */
  merge(name: string, value: JsonValue): void {
    if (typeof value === 'string') {
      if (!NAMES.has(name)) this.join(name, value)
      else if (!this.#kept.has(name)) this.replace(name, value)
    } else if (Array.isArray(value)) this.append(name, value)
    else if (isJsonObject(value)) this.nested(name).mergeAll(value)
    else this.replace(name, value)
  }

  mergeAll(members: JsonObject): void {
    for (const name of Object.keys(members)) {
      const value = members[name] ?? null
      if (!isEmpty(value)) this.merge(name, value)
    }
  }

  join(name: string, value: string): void {
    this.#budget.spend(value.length)
    const kept = this.#open(name, Text, () => new Text())
    kept.add(value)
  }

  append(name: string, list: readonly JsonValue[]): void {
    const kept = this.#open(name, List, () => new List())
    for (const item of list) {
      this.#budget.spend(weightOf(item))
      kept.value.push(item)
    }
  }

  nested(name: string): MergedMembers {
    return this.#open(name, MergedMembers, () => new MergedMembers(this.#budget))
  }

  replace(name: string, value: JsonValue): void {
    const before = this.#kept.get(name)
    if (before !== undefined && !('last' in before)) throw otherKind(name)
    const weight = weightOf(value)
    this.#budget.spend(before === undefined ? name.length + weight : weight - before.weight)
    this.#kept.set(name, { last: value, weight })
  }

  /** Objects that came to nothing are left out. */
  entries(): [string, JsonValue][] {
    return [...this.#kept].flatMap(([name, kept]): [string, JsonValue][] => {
      if (kept instanceof Text || kept instanceof List) return [[name, kept.value]]
      if (!(kept instanceof MergedMembers)) return [[name, kept.last]]
      const entries = kept.entries()
      return entries.length === 0 ? [] : [[name, Object.fromEntries(entries)]]
    })
  }

  #open<T extends Kept>(name: string, kind: new (budget: Budget) => T, create: () => T): T {
    const kept = this.#kept.get(name)
    if (kept instanceof kind) return kept
    if (kept !== undefined) throw otherKind(name)
    const created = create()
    this.#budget.spend(1 + name.length)
    this.#kept.set(name, created)
    return created
  }
}

function otherKind(name: string): MalformedError {
  return new MalformedError('PARSE_INVALID', `${name.slice(0, 64)} changes its kind within the answer`)
}
