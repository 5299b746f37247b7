/** Alters one octet of each part of an answer's evidence, and says which check notices. @module */
import type { Archive } from '../../core/archive/index.ts'
import { decodeBase64Url, encodeBase64Url } from '../../core/encoding/base64.ts'
import type { EndorsedQuote, Trust } from '../../core/evidence/hardware.ts'
import { type AnswerEvidence, type VerifiedAnswer, verifyAnswer } from '../../core/receipt/answer.ts'
import { holdOctets } from '../../core/receipt/verify.ts'
import { failedCheck, type Verdict } from '../../core/verdict.ts'

/** An answer with its evidence, all octets. */
export interface HeldAnswer {
  readonly archive: Archive
  readonly receipt: string
  readonly proof: string
  readonly request: Uint8Array
  readonly response: Uint8Array
}

export interface Tampered {
  readonly what: string
  /** Name of the check that failed; `none` would be a defect. */
  readonly failed: string
  readonly code: string
  readonly held: HeldAnswer
}

/** Verifies as an auditor does: the octets as held, at a time as given. */
export function verifyHeld(
  { archive, receipt, proof, request, response }: HeldAnswer,
  trust: Trust,
  at: Date,
): Promise<Verdict<VerifiedAnswer>> {
  const evidence: AnswerEvidence = { ...archive, receipt, proof }
  const held = {
    nonce: 'unchecked',
    request: holdOctets(request),
    response: holdOctets(response),
    outcome: 'complete',
    seen: new Set<string>(),
    channel: 'not-observed',
    prev: 'unchecked',
    replay: { request, inserts: archive.inserts ?? new Map<string, Uint8Array>() },
  } as const
  return verifyAnswer(evidence, held, trust, { at, noncedAt: 'unknown' })
}

const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
const find = (bytes: Uint8Array, text: string): number =>
  new TextDecoder('latin1').decode(bytes).indexOf(text) + text.length

/** One octet of the signed claims: the last digit of `iat`. */
function alterReceipt(receipt: string): string {
  const [header = '', payload = '', ...rest] = receipt.split('.')
  const claims = decodeBase64Url(payload)
  return [header, encodeBase64Url(flip(claims, find(claims, '"iat":') + 9)), ...rest].join('.')
}

/** One letter of the first hash of the proof, or of its index where the tree is so small that there is no hash. */
function alterProof(proof: string): string {
  const at = proof.indexOf('index ') + 'index 0\n'.length
  return `${proof.slice(0, at)}${proof[at] === 'A' ? 'B' : 'A'}${proof.slice(at + 1)}`
}

const MEASUREMENT_OFFSET = 0x90

/** The demonstration runs on the simulated SEV-SNP: one octet of its launch digest. */
function alterQuote(quote: EndorsedQuote): EndorsedQuote {
  return quote.tee === 'snp' ? { ...quote, report: flip(quote.report, MEASUREMENT_OFFSET) } : quote
}

function alterations(held: HeldAnswer): readonly (readonly [string, HeldAnswer])[] {
  const { archive, receipt, proof, response } = held
  const { statement, quote } = archive
  return [
    ['answer', { ...held, response: flip(response, find(response, '"content":"')) }],
    ['receipt', { ...held, receipt: alterReceipt(receipt) }],
    ['statement', { ...held, archive: { ...archive, statement: flip(statement, find(statement, '"exp":') + 9) } }],
    ['quote', { ...held, archive: { ...archive, quote: alterQuote(quote) } }],
    ['proof', { ...held, proof: alterProof(proof) }],
  ]
}

/** Tries each alteration; a verdict that stays ok is reported as `none`. */
export async function tamper(held: HeldAnswer, trust: Trust, at: Date): Promise<readonly Tampered[]> {
  const results: Tampered[] = []
  for (const [what, altered] of alterations(held)) {
    const verdict = await verifyHeld(altered, trust, at)
    results.push({
      what,
      failed: verdict.ok ? 'none' : (failedCheck(verdict.checks)?.name ?? 'unknown'),
      code: verdict.ok ? 'none' : verdict.code,
      held: altered,
    })
  }
  return results
}
