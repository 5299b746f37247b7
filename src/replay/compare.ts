/** Compares an answer that was run again with what is at hand of the recorded one: its octets, else a digest of its output. @module */
import { digestUri } from '../core/crypto/index.ts'
import type { Octets } from '../core/receipt/disclosed.ts'
import { EventStreamDigest } from '../core/receipt/event-stream.ts'
import { digestOutput } from '../core/receipt/merged-octets.ts'
import { MalformedError } from '../errors.ts'
import { type AnswerView, readAnswer } from './answer-view.ts'
import { type Divergence, findDivergence } from './divergence.ts'
import { explain } from './explain.ts'
import { type Rerun, type Run, runAgain } from './run-again.ts'

export type Comparison =
  /** It ran, and neither the answer's octets nor a digest of its output are at hand. */
  | { readonly kind: 'not-compared'; readonly tokens: number; readonly why: string }
  /** @property by what was compared: every octet, or the digest of the choices */
  | { readonly kind: 'identical'; readonly tokens: number; readonly by: 'octets' | 'output-digest' }
  | { readonly kind: 'divergent'; readonly divergence: Divergence; readonly why: string }

/** Stands in for what is not known. */
const NO_HEAD = { id: '', created: 0, fingerprint: '' } as const

/** @param signed what the receipt says of the answer; undefined where that is withheld */
export async function compareOctets(run: Run, response: Uint8Array, signed: Octets | undefined): Promise<Comparison> {
  const { stream } = run.request
  const recorded = read(response, stream)
  const again = await runAgain(run, recorded ?? NO_HEAD)
  const [theirs, ours] = [coveredDigest(response, stream), coveredDigest(again.octets, stream)]
  if (theirs === ours && (signed === undefined || signed.digest === theirs))
    return { kind: 'identical', tokens: countTokens(again), by: 'octets' }
  const whole: Divergence =
    theirs === ours
      ? { part: 'digest', recorded: signed?.digest ?? '', replayed: ours }
      : { part: 'octets', recorded: theirs, replayed: ours }
  const { model } = run
  const parting =
    recorded && findDivergence(recorded, readAnswer(again.octets, stream), { model, tokens: again.tokens })
  const divergence = parting ?? whole
  return { kind: 'divergent', divergence, why: await explain(divergence, run) }
}

/** The digest is over the merged choices, which are the same however they were sent. docs/formats.md, Merged output. */
export async function compareOutput(run: Run, signed: Octets | undefined): Promise<Comparison> {
  const again = await runAgain({ ...run, request: { ...run.request, stream: false } }, NO_HEAD)
  const digest = signed?.output_digest
  if (digest === undefined)
    return {
      kind: 'not-compared',
      tokens: countTokens(again),
      why: 'the octets of the answer are not at hand and the receipt shows no digest of its output: nothing can be compared',
    }
  const replayed = digestOutput(again.octets, 'application/json')
  if (replayed === digest) return { kind: 'identical', tokens: countTokens(again), by: 'output-digest' }
  const divergence = { part: 'output-digest', recorded: digest, replayed } as const
  return { kind: 'divergent', divergence, why: await explain(divergence, run) }
}

/** What is no answer in this form parts as a whole. */
function read(octets: Uint8Array, stream: boolean): AnswerView | undefined {
  try {
    return readAnswer(octets, stream)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** Keep-alives and the receipt are no part of what was answered. */
function coveredDigest(octets: Uint8Array, stream: boolean): string {
  if (!stream) return digestUri(octets)
  const covered = new EventStreamDigest()
  covered.update(octets)
  return covered.finish().digest
}

function countTokens({ tokens }: Rerun): number {
  return tokens.reduce((sum, { length }) => sum + length, 0)
}
