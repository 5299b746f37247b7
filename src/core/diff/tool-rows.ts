/**
 * Calls of tools, one by one. Their ids and times are of each answer its own and are left out; the digest that stands for all of them
 * covers those too, so it tells nothing where it differs. @module
 */
import type { JsonObject, JsonValue } from '../encoding/json.ts'
import { elementsIn } from '../receipt/client-calls.ts'
import type { Receipt } from '../receipt/receipt.ts'
import { absentFrom, compareValues, type Row, unknownRow } from './row.ts'
import { type Entry, pairEntries } from './sequence-rows.ts'

const GROUP = 'tool-call'
/** What a record says of a call beside its name. */
const SAID = ['by', 'identity', 'schema', 'arguments', 'result', 'outcome']
const COUNT = /^[0-9]+ calls?$/

function show(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? 'none')
}

/** A list of calls: what it is called in the exchange, what its calls are called in rows, and what it says of each. */
interface Listing {
  readonly list: string
  readonly suffix: string
  readonly members: readonly string[]
}

const LISTINGS: readonly Listing[] = [
  { list: 'tools', suffix: '', members: SAID },
  { list: 'calls', suffix: ', left to the client', members: ['arguments'] },
]

function listingRows({ list, suffix, members }: Listing, a: JsonObject, b: JsonObject): readonly Row[] {
  const [before, after] = [elementsIn(a[list]), elementsIn(b[list])]
  const entryOf = (call: JsonObject, i: number): Entry => ({
    name: `${show(call['tool'])}${suffix}`,
    text: members.map((member) => `${member} ${show(call[member])}`).join(', '),
    place: i + 1,
  })
  return pairEntries(before.map(entryOf), after.map(entryOf)).flatMap(({ before: of, after: to, isMoved }) => {
    const name = to?.name ?? of?.name ?? ''
    if (isMoved) return [compareValues(GROUP, name, { before: `place ${of?.place}`, after: `place ${to?.place}` })]
    if (of === undefined || to === undefined || of.text === to.text)
      return [compareValues(GROUP, name, { before: of?.text, after: to?.text })]
    // An edited call is shown by what of it was edited.
    return members.flatMap((member) => {
      const [was, is] = [show(before[of.place - 1]?.[member]), show(after[to.place - 1]?.[member])]
      return was === is ? [] : [compareValues(GROUP, `${name}: ${member}`, { before: was, after: is })]
    })
  })
}

/** @param named rows of the dependency that stands for all calls; they count where nobody lists the calls themselves */
export function toolRows(a: Receipt, b: Receipt, named: readonly Row[]): readonly Row[] {
  const [before, after] = [a.disclosed.exchange, b.disclosed.exchange]
  if (before === undefined || after === undefined) {
    const reason = absentFrom('calls cannot be told from their ids and times: exchange withheld', {
      a: before !== undefined,
      b: after !== undefined,
    })
    return named.map((row) =>
      row.state === 'changed' && COUNT.test(row.name) ? unknownRow(GROUP, row.name, reason) : row,
    )
  }
  const rows = LISTINGS.flatMap((listing) => listingRows(listing, before, after))
  const isListed = before['tools'] !== undefined || after['tools'] !== undefined
  return isListed ? rows : [...named, ...rows]
}
