/** What changed between two answers, as their receipts say it. Judges nothing: verify both sides to know that it is true. @module */
import { CountersignError } from '../../errors.ts'
import type { Receipt } from '../receipt/receipt.ts'
import { claimRows, requestRows, responseRows } from './claim-rows.ts'
import { dependencyRows } from './dependency-rows.ts'
import { exchangeRows } from './exchange-rows.ts'
import { absentFrom, compareValues, ROW_GROUPS, type Row, unknownRow } from './row.ts'
import { foundationRows, measurementRows, sessionRows, weightsSource } from './session-rows.ts'
import type { DiffSide } from './side.ts'
import { toolRows } from './tool-rows.ts'
import { transformRows } from './transform-rows.ts'

function sorted(rows: readonly Row[]): readonly Row[] {
  return [...rows].sort((a, b) => ROW_GROUPS.indexOf(a.group) - ROW_GROUPS.indexOf(b.group))
}

/** One session is one boot of one machine: what one side has of it holds for the other. */
function shareSession(a: DiffSide, b: DiffSide): readonly [DiffSide, DiffSide] {
  const named = a.receipt?.claims.session
  if (named === undefined || named !== b.receipt?.claims.session) return [a, b]
  return [lend(a, b), lend(b, a)]
}

/** What a side has of its own stays: a quote of another machine beside the same session must show. */
function lend(side: DiffSide, { session, measurements }: DiffSide): DiffSide {
  return { ...(session && { session }), ...(measurements && { measurements }), ...side }
}

/** Two tokens of one receipt differ in what they disclose, never in what it is. */
function shareDisclosures(a: Receipt, b: Receipt): readonly [Receipt, Receipt] {
  if (a.issuerJws !== b.issuerJws) return [a, b]
  const disclosed = { ...a.disclosed, ...b.disclosed }
  return [
    { ...a, disclosed },
    { ...b, disclosed },
  ]
}

function vouchingRows(a: DiffSide, b: DiffSide, [of, to]: readonly [Receipt, Receipt]): readonly Row[] {
  const digests = [of.claims.model.digest, to.claims.model.digest] as const
  const isOneSession = of.claims.session === to.claims.session
  if (digests.includes('none') || (isOneSession && digests[0] === digests[1])) return []
  if (a.session === undefined || b.session === undefined) {
    const reason = absentFrom('no session at hand', { a: a.session !== undefined, b: b.session !== undefined })
    return [unknownRow('weights', 'vouched for by', reason)]
  }
  const values = { before: weightsSource(a.session, digests[0]), after: weightsSource(b.session, digests[1]) }
  if (values.before === undefined && values.after === undefined)
    return [unknownRow('weights', 'vouched for by', 'neither session names the model')]
  return [compareValues('weights', 'vouched for by', values)]
}

/** Session rows where two receipts name one session that neither side has. */
function foundationOf(a: DiffSide, b: DiffSide): readonly Row[] {
  const [before, after] = [a.receipt?.claims.session, b.receipt?.claims.session]
  if (a.session === undefined && b.session === undefined && before === after)
    return [compareValues('code', 'session', { before, after })]
  return [...measurementRows(a.measurements, b.measurements), ...foundationRows(a.session, b.session)]
}

/**
 * Rows in the order of their groups. Of two sides without a receipt the sessions are compared: what each gateway serves with.
 * @throws CountersignError ERR_USAGE when one side has a receipt and the other has none
 *
 * @example
 * const rows = diffSides(archiveSide(decodeArchive(before)), archiveSide(decodeArchive(after)))
 * for (const row of rows.filter(isChange)) console.log(row.group, row.name, row.before, row.after)
 */
export function diffSides(before: DiffSide, after: DiffSide): readonly Row[] {
  const [a, b] = shareSession(before, after)
  if (a.receipt === undefined && b.receipt === undefined && a.session !== undefined && b.session !== undefined)
    return sorted([...measurementRows(a.measurements, b.measurements), ...sessionRows(a.session, b.session)])
  if (a.receipt === undefined || b.receipt === undefined)
    throw new CountersignError(
      'ERR_USAGE',
      `there is no receipt ${a.receipt === undefined ? 'in A' : 'in B'} to compare`,
    )
  const receipts = shareDisclosures(a.receipt, b.receipt)
  const relied = dependencyRows(...receipts)
  const said = [
    ...claimRows(...receipts),
    ...relied.filter(({ group }) => group !== 'tool-call'),
    ...toolRows(
      ...receipts,
      relied.filter(({ group }) => group === 'tool-call'),
    ),
    ...transformRows(...receipts),
    ...exchangeRows(...receipts),
    ...requestRows(...receipts),
    ...responseRows({ receipt: receipts[0], response: a.response }, { receipt: receipts[1], response: b.response }),
  ]
  const isOne = a.receipt.issuerJws === b.receipt.issuerJws
  return sorted([...foundationOf(a, b), ...vouchingRows(a, b, receipts), ...(isOne ? said.map(settled) : said)])
}

/** What both sides withhold of one and the same receipt is the same all the same: the issuer's signature covers it by digest. */
function settled(row: Row): Row {
  return row.state === 'unknown' ? { group: row.group, name: row.name, state: 'same' } : row
}
