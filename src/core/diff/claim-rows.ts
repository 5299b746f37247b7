/** What two receipts claim of model, engine, upstream and outcome, and the octets that they name. @module */
import type { ReceiptClaims } from '../receipt/claims.ts'
import type { Octets } from '../receipt/disclosed.ts'
import type { Receipt } from '../receipt/receipt.ts'
import { absentFrom, compareValues, type Row, unknownRow } from './row.ts'
import { saidDigest } from './said.ts'

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

function withheldRows(group: 'request' | 'response', a: Receipt, b: Receipt): readonly Row[] {
  const reason = absentFrom(`${group} withheld`, {
    a: a.disclosed[group] !== undefined,
    b: b.disclosed[group] !== undefined,
  })
  return [unknownRow(group, 'content', reason), unknownRow(group, 'media type', reason)]
}

export function requestRows(a: Receipt, b: Receipt): readonly Row[] {
  const [before, after] = [a.disclosed.request, b.disclosed.request]
  if (before === undefined || after === undefined) return withheldRows('request', a, b)
  return [
    compareValues('request', 'content', { before: octetsText(before), after: octetsText(after) }),
    compareValues('request', 'media type', { before: before.media_type, after: after.media_type }),
  ]
}

/** What one side has of an answer. */
export interface AnswerAtHand {
  readonly receipt: Receipt
  /** Octets that the receipt names. */
  readonly response: Uint8Array | undefined
}

/** Every answer has an id and a time of its own, so that octets which differ do not show that anything else was said. */
function outputRow(before: Octets, after: Octets, [a, b]: readonly [AnswerAtHand, AnswerAtHand]): Row {
  const octets = { before: octetsText(before), after: octetsText(after) }
  if (before.digest === after.digest) return compareValues('response', 'content', octets)
  if (before.output_digest !== undefined && after.output_digest !== undefined)
    return compareValues('response', 'output', { before: before.output_digest, after: after.output_digest })
  if (a.response === undefined || b.response === undefined) {
    const reason = absentFrom('octets differ, as those of any two answers do, and the answer itself is not at hand', {
      a: a.response !== undefined,
      b: b.response !== undefined,
    })
    return { ...unknownRow('response', 'content', reason), ...octets }
  }
  const said = { before: saidDigest(a.response, before.media_type), after: saidDigest(b.response, after.media_type) }
  if (said.before === undefined || said.after === undefined) return compareValues('response', 'content', octets)
  return compareValues('response', 'output, without ids and times', said)
}

export function responseRows(a: AnswerAtHand, b: AnswerAtHand): readonly Row[] {
  const [before, after] = [a.receipt.disclosed.response, b.receipt.disclosed.response]
  if (before === undefined || after === undefined) return withheldRows('response', a.receipt, b.receipt)
  return [
    outputRow(before, after, [a, b]),
    compareValues('response', 'media type', { before: before.media_type, after: after.media_type }),
  ]
}
