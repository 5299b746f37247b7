/** What was changed on the way from the client's octets to the engine's, by the role that the inserted octets come from. @module */
import type { Forwarded } from '../receipt/disclosed.ts'
import type { Receipt } from '../receipt/receipt.ts'
import type { SpliceRecord } from '../transform/splice.ts'
import { absentFrom, compareValues, type Row, unknownRow } from './row.ts'

const GROUP = 'transforms'
/** Splices of one role that a value lists; the rest is counted. */
const LISTED = 8

type Placing = (splice: SpliceRecord) => string

/** Behind an edit of the request every splice has moved, and nothing else was inserted. */
const WITHOUT_PLACE: Placing = ({ remove, insert }) => `-${remove} +${insert.size} ${insert.digest}`
const WITH_PLACE: Placing = (splice) => `at ${splice.at} ${WITHOUT_PLACE(splice)}`

function byRole({ transforms }: Forwarded, show: Placing): ReadonlyMap<string, readonly string[]> {
  const roles = new Map<string, string[]>()
  for (const splice of transforms) {
    const known = roles.get(splice.insert.role)
    if (known === undefined) roles.set(splice.insert.role, [show(splice)])
    else known.push(show(splice))
  }
  return roles
}

/** Two long lists that differ only behind the part that is listed must not read alike. */
function textOf(all: readonly string[] | undefined, other: readonly string[] = []): string | undefined {
  if (all === undefined || all.length <= LISTED) return all?.join('; ')
  const first = Math.max(
    0,
    all.findIndex((splice, i) => splice !== other[i]),
  )
  const listed = all.slice(first, first + LISTED)
  return `${all.length} splices, from number ${first + 1}: ${listed.join('; ')}`
}

function roleRow(role: string, of: readonly string[] | undefined, to: readonly string[] | undefined): Row {
  const isSame = of?.join('\n') === to?.join('\n')
  const row = compareValues(GROUP, role, { before: textOf(of, to), after: textOf(to, of) })
  return isSame || row.state !== 'same' ? row : { ...row, state: 'changed' }
}

export function transformRows(a: Receipt, b: Receipt): readonly Row[] {
  const [before, after] = [a.disclosed.forwarded, b.disclosed.forwarded]
  if (before === undefined || after === undefined) {
    const reason = absentFrom('what was forwarded is withheld or was never forwarded', {
      a: before !== undefined,
      b: after !== undefined,
    })
    return [unknownRow(GROUP, 'any', reason)]
  }
  const request = a.disclosed.request?.digest
  const isOneRequest = request !== undefined && request === b.disclosed.request?.digest
  const show = isOneRequest ? WITH_PLACE : WITHOUT_PLACE
  const [of, to] = [byRole(before, show), byRole(after, show)]
  const rows = [...new Set([...of.keys(), ...to.keys()])].map((role) => roleRow(role, of.get(role), to.get(role)))
  // Equal octets under equal splices are forwarded as equal octets: a receipt that says otherwise contradicts itself.
  const contradicts = isOneRequest && rows.every(({ state }) => state === 'same') && before.digest !== after.digest
  const forwarded = compareValues(GROUP, 'forwarded octets', { before: before.digest, after: after.digest })
  if (contradicts) return [...rows, forwarded]
  return rows.length === 0 ? [compareValues(GROUP, 'any', { before: 'none', after: 'none' })] : rows
}
