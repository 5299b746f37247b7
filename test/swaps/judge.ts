/** Whether a planted swap is in the receipt, in the comparison with the answer before it, and refused by what pins that answer. @module */

import { type Pins, readPins } from '../../src/cli/inspect/pins.ts'
import { type Archive, encodeArchive, verifyArchive } from '../../src/core/archive/index.ts'
import { archiveSide, diffSides, isChange } from '../../src/core/diff/index.ts'
import { encodeJcs } from '../../src/core/encoding/jcs.ts'
import { isJsonObject, type JsonValue } from '../../src/core/encoding/json.ts'
import { decodeUtf8 } from '../../src/core/encoding/utf8.ts'
import type { Trust } from '../../src/core/evidence/attestation.ts'
import { measureQuote } from '../../src/core/evidence/quote-measurements.ts'
import type { FailureCode } from '../../src/core/failure-codes.ts'
import type { Policy } from '../../src/core/policy.ts'
import { elementsIn } from '../../src/core/receipt/client-calls.ts'
import { decodeReceipt } from '../../src/core/receipt/receipt.ts'
import type { Answer } from './ask.ts'

export type Refusal = FailureCode | 'none'

/** What a row of the table expects to be found, each by its name. */
export interface Expected {
  /** Path into the receipt: claims, disclosures, and what the quote under its session measures. */
  readonly member: string
  /** `group: name` of the row of the comparison. */
  readonly change: string
  /** Under lock, policy and pins of the baseline. */
  readonly code: FailureCode
  /** Under the pins alone, whatever code, configuration and weights are; `none` where a policy has no such pin. */
  readonly pinned: Refusal
}

/** The same question, three times. */
export interface Answers {
  readonly baseline: Answer
  /** To the baseline once more: nothing of what the row is about may differ. */
  readonly again: Answer
  readonly planted: Answer
  /** What an answer's holder finds beside it, such as a broken chain. @throws where it does not show */
  readonly beside?: () => Promise<void>
}

export interface Outcome {
  readonly inReceipt: boolean
  readonly inDiff: boolean
  readonly refused: boolean
  readonly code: Refusal
  readonly pinned: Refusal
  /** All that the comparison shows. */
  readonly changes: readonly string[]
}

function memberOf({ archive }: Answer, path: string): string | undefined {
  const { claims, disclosed } = decodeReceipt(archive.receipt)
  const all: JsonValue = JSON.parse(JSON.stringify({ claims, ...disclosed, quote: measureQuote(archive.quote) }))
  const found = lookUp(all, path.split('.'))
  return found === undefined ? undefined : decodeUtf8(encodeJcs(found))
}

/** `*` stands for all elements of a list. */
function lookUp(value: JsonValue | undefined, [name, ...rest]: readonly string[]): JsonValue | undefined {
  if (name === undefined) return value
  if (name === '*') return elementsIn(value).map((element) => lookUp(element, rest) ?? null)
  if (isJsonObject(value)) return lookUp(value[name], rest)
  return lookUp(elementsIn(value)[Number(name)], rest)
}

function changesBetween(before: Archive, after: Archive): readonly string[] {
  return diffSides(archiveSide(before), archiveSide(after))
    .filter(isChange)
    .map(({ state, group, name }) => `${state} ${group}: ${name}`)
}

/** What the baseline relied on, as `countersign inspect --pins` prints it. */
function pinsOf({ archive }: Answer): Pins {
  return readPins({ kind: 'archive', what: 'an archive', octets: encodeArchive(archive), wrapping: [] })
}

function policyWith(trust: Trust, { dependencies, engines }: Pins): Policy {
  if (dependencies === 'unchecked') throw new Error('the baseline does not say what it relied on')
  return {
    ...trust.policy,
    grade: 'quoted',
    disclosures: ['request', 'forwarded', 'response', 'dependencies', 'exchange'],
    dependencies,
    engines,
  }
}

async function refusalOf({ archive, held }: Answer, trust: Trust): Promise<Refusal> {
  const { asOf } = await verifyArchive(archive, held, trust, { now: new Date() })
  return asOf.ok ? 'none' : asOf.code
}

async function mustVerify(answer: Answer, trust: Trust, which: string): Promise<void> {
  const code = await refusalOf(answer, trust)
  if (code !== 'none') throw new Error(`${which} does not verify, so that nothing can be said of the swap: ${code}`)
}

/** @param trust of the baseline: its lock pins measurement, configuration and weights */
export async function judgeSwap(answers: Answers, expected: Expected, trust: Trust): Promise<Outcome> {
  const { baseline, again, planted } = answers
  const { member, change } = expected
  const policy = policyWith(trust, pinsOf(baseline))
  const locked = { ...trust, policy }
  await mustVerify(baseline, locked, 'the baseline')
  await mustVerify(again, locked, 'the same question asked again')
  await answers.beside?.()
  const [before, same, after] = [baseline, again, planted].map((answer) => memberOf(answer, member))
  const changes = changesBetween(baseline.archive, planted.archive)
  const code = await refusalOf(planted, locked)
  const alone = { ...locked, policy: { ...policy, measurements: 'unchecked', models: 'unchecked' } } as const
  return {
    inReceipt: before !== undefined && before === same && after !== undefined && before !== after,
    inDiff: changesBetween(baseline.archive, again.archive).length === 0 && changes.includes(change),
    refused: code === expected.code,
    code,
    pinned: await refusalOf(planted, alone),
    changes,
  }
}
