/** What two receipts claim of model, engine, upstream and outcome, and the octets that they name. @module */
import type { ReceiptClaims } from '../receipt/claims.ts'
import type { Octets } from '../receipt/disclosed.ts'
import type { Receipt } from '../receipt/receipt.ts'
import { absentFrom, compareValues, type Row, type RowGroup, unknownRow } from './row.ts'

/** What the gateway writes where it cannot ask the engine. */
const NOT_KNOWN = 'unknown'

function weightsRow({ model: a }: ReceiptClaims, { model: b }: ReceiptClaims): Row {
  // Equal words about weights that nobody measured say nothing about the weights.
  if (a.digest === 'none' && b.digest === 'none')
    return unknownRow('weights', 'digest', 'nobody measured the weights of either answer')
  const measured = (digest: string): string | undefined => (digest === 'none' ? undefined : digest)
  return compareValues('weights', 'digest', { before: measured(a.digest), after: measured(b.digest) })
}

function engineRows({ engine: a }: ReceiptClaims, { engine: b }: ReceiptClaims): readonly Row[] {
  const version =
    a.version === NOT_KNOWN && b.version === NOT_KNOWN
      ? unknownRow('engine', 'version', 'neither gateway knew the version of its engine')
      : compareValues('engine', 'version', { before: a.version, after: b.version })
  return [
    compareValues('engine', 'name', { before: a.name, after: b.name }),
    version,
    compareValues('engine', 'determinism', { before: a.determinism, after: b.determinism }),
    compareValues('engine', 'flags', { before: a.flags, after: b.flags }),
  ]
}

export function claimRows({ claims: a }: Receipt, { claims: b }: Receipt): readonly Row[] {
  return [
    compareValues('platform', 'issuer', { before: a.iss, after: b.iss }),
    weightsRow(a, b),
    compareValues('model', 'name', { before: a.model.name, after: b.model.name }),
    ...engineRows(a, b),
    compareValues('upstream', 'kind', { before: a.upstream.kind, after: b.upstream.kind }),
    compareValues('outcome', 'outcome', { before: a.outcome, after: b.outcome }),
  ]
}

function octetsText({ digest, size }: Octets): string {
  return `${digest}, ${size} octets`
}

function octetsRows(group: RowGroup & ('request' | 'response'), a: Receipt, b: Receipt): readonly Row[] {
  const [before, after] = [a.disclosed[group], b.disclosed[group]]
  if (before === undefined || after === undefined) {
    const reason = absentFrom(`${group} withheld`, { a: before !== undefined, b: after !== undefined })
    return [unknownRow(group, 'content', reason), unknownRow(group, 'media type', reason)]
  }
  const [of, to] = [before.output_digest, after.output_digest]
  // Every answer has an id and a time of its own: what the model said is compared where the gateway digested it alone.
  const content =
    of !== undefined && to !== undefined
      ? compareValues(group, 'output', { before: of, after: to })
      : compareValues(group, 'content', { before: octetsText(before), after: octetsText(after) })
  return [content, compareValues(group, 'media type', { before: before.media_type, after: after.media_type })]
}

export function contentRows(a: Receipt, b: Receipt): readonly Row[] {
  return [...octetsRows('request', a, b), ...octetsRows('response', a, b)]
}
