/** Judges archives for `countersign verify`: a gateway's evidence, and an answer with the octets that a person names. @module */
import {
  type Archive,
  type ArchiveVerdicts,
  decodeArchive,
  encodeEar,
  verifyArchive,
} from '../../core/archive/index.ts'
import type { JsonObject } from '../../core/encoding/json.ts'
import type { Attestation, Trust } from '../../core/evidence/attestation.ts'
import type { VerifiedAnswer } from '../../core/receipt/answer.ts'
import { checkOutput } from '../../core/receipt/check-output.ts'
import { EventStreamDigest } from '../../core/receipt/event-stream.ts'
import { decodeReceipt } from '../../core/receipt/receipt.ts'
import { type HeldExchange, type HeldOctets, holdOctets } from '../../core/receipt/verify.ts'
import { failedCheck, judge, type Verdict } from '../../core/verdict.ts'
import { SOFTWARE_NAME, SOFTWARE_VERSION } from '../../server/version.ts'
import { UsageError } from '../command.ts'
import { readInput } from '../files.ts'

/** Files of the octets that were sent and received. */
export interface ExchangeFiles {
  readonly request: string | undefined
  readonly response: string | undefined
}

export interface ArchiveOptions extends ExchangeFiles {
  readonly trust: Trust
  /** T where nothing proves one, as a person gave it. */
  readonly at: Date | undefined
  /** By the clock of this machine. */
  readonly now: Date
}

/** A verdict, what it proves in a few words, and what machines are told beside it. */
export interface Judged {
  readonly verdict: Verdict<object>
  readonly result: string
  readonly more: Readonly<Record<string, unknown>>
  /** What is missing and what would supply it. */
  readonly missing?: readonly string[]
  /** What is said of an archive as of its own time and of now, in two lines. */
  readonly times?: readonly string[]
  /** Claims of an attestation result. */
  readonly ear?: JsonObject
}

/** An event stream is digested over its covered octets, anything else as it is. */
function holdAnswer(octets: Uint8Array, mediaType: string): HeldOctets {
  if (!mediaType.startsWith('text/event-stream')) return holdOctets(octets)
  const stream = new EventStreamDigest()
  stream.update(octets)
  return stream.finish()
}

/**
 * Octets that a person names are compared, or nothing is verified: an archive without its receipt, or a receipt whose disclosures are
 * withheld, comes from whoever hands it over, and must not turn the comparison off.
 */
function demandOctets({ policy, ...others }: Trust, { request, response }: ExchangeFiles): Trust {
  const named = [
    ...(request === undefined ? [] : ['request' as const]),
    ...(response === undefined ? [] : ['response' as const]),
  ]
  return { policy: { ...policy, disclosures: [...new Set([...policy.disclosures, ...named])] }, ...others }
}

/** @throws UsageError when octets are named that nothing is compared with */
export function refuseOctets({ request, response }: ExchangeFiles, what: string): void {
  if (request !== undefined || response !== undefined)
    throw new UsageError(
      `${what} holds no receipt: --request and --response cannot be compared with anything`,
      'Give the archive of the answer, or leave them out.',
    )
}

/** Octets as they were sent and received: those of a file, else those that the archive holds. */
interface ExchangeOctets {
  readonly request: Uint8Array | undefined
  readonly response: Uint8Array | undefined
}

async function readOctets(archive: Archive, { request, response }: ExchangeFiles): Promise<ExchangeOctets> {
  return {
    request: request === undefined ? archive.request?.octets : await readInput(request),
    response: response === undefined ? archive.response?.octets : await readInput(response),
  }
}

function holdExchange(
  archive: Archive,
  receipt: string,
  { request: requestOctets, response: responseOctets }: ExchangeOctets,
): HeldExchange {
  const mediaType = decodeReceipt(receipt).disclosed.response?.media_type ?? ''
  return {
    nonce: 'unchecked',
    request: requestOctets === undefined ? 'not-held' : holdOctets(requestOctets),
    response: responseOctets === undefined ? 'not-held' : holdAnswer(responseOctets, mediaType),
    outcome: 'any',
    seen: new Set(),
    channel: 'not-observed',
    prev: 'unchecked',
    replay:
      requestOctets === undefined ? 'not-held' : { request: requestOctets, inserts: archive.inserts ?? new Map() },
  }
}

const NOTHING_HELD: HeldExchange = {
  nonce: 'unchecked',
  request: 'not-held',
  response: 'not-held',
  outcome: 'any',
  seen: new Set(),
  channel: 'not-observed',
  prev: 'unchecked',
  replay: 'not-held',
}

const SOURCES = {
  nonce: 'proven by your nonce',
  witnessed: 'when witnesses saw its quote',
  document: 'as its Nitro document says',
  'as-given': 'as given, not proven',
  statement: 'self-asserted: as its statement says, not proven',
} as const satisfies Record<Attestation['time'], string>

function attestationOf(verdicts: ArchiveVerdicts): Attestation | undefined {
  if (!verdicts.asOf.ok) return undefined
  return verdicts.subject === 'gateway' ? verdicts.asOf.value : verdicts.asOf.value.attestation
}

function outcomeOf(verdict: Verdict<unknown>): string {
  if (verdict.ok) return verdict.simulated ? 'verified (simulated)' : 'verified'
  return `${verdict.code} (${failedCheck(verdict.checks)?.name ?? 'unknown check'})`
}

/** The first line decides; the second says what the same hardware evidence is worth today. */
function describeTimes(verdicts: ArchiveVerdicts, now: Date): readonly string[] {
  const attestation = attestationOf(verdicts)
  const when = attestation === undefined ? '' : ` ${attestation.judgedAt.toISOString()}, ${SOURCES[attestation.time]}`
  return [
    `as of${when}: ${outcomeOf(verdicts.asOf)}`,
    `now, ${now.toISOString()}, hardware evidence alone: ${outcomeOf(verdicts.now)}; decides nothing`,
  ]
}

function timesJson(verdicts: ArchiveVerdicts, now: Date): Readonly<Record<string, unknown>> {
  const attestation = attestationOf(verdicts)
  const time = attestation && { time: attestation.judgedAt, source: attestation.time }
  const { ok, checks } = verdicts.now
  return {
    asOf: { verified: verdicts.asOf.ok, ...(verdicts.asOf.ok ? {} : { code: verdicts.asOf.code }), ...time },
    now: { verified: ok, ...(verdicts.now.ok ? {} : { code: verdicts.now.code }), time: now, checks },
  }
}

function isUnproven(attestation: Attestation | undefined): attestation is Attestation {
  return attestation?.time === 'as-given' || attestation?.time === 'statement'
}

function describeResult(verdicts: ArchiveVerdicts): string {
  const attestation = attestationOf(verdicts)
  const given = isUnproven(attestation) ? `; time: ${SOURCES[attestation.time]}` : ''
  if (!verdicts.asOf.ok) return ''
  if (verdicts.subject === 'gateway') return `the gateway${given}`
  const { grade, signed } = verdicts.asOf.value
  return `an answer of ${signed.claims.model.name}, outcome ${signed.claims.outcome}, grade ${grade}${given}`
}

function describeAnswer(verdicts: ArchiveVerdicts): Readonly<Record<string, unknown>> {
  if (verdicts.subject === 'gateway' || !verdicts.asOf.ok) return {}
  const { grade, signed } = verdicts.asOf.value
  return { grade, outcome: signed.claims.outcome, model: signed.claims.model }
}

/** What a verifier of digests alone cannot see: whether the octets held say what the receipt says they come to. */
async function judgeOutput(verdicts: ArchiveVerdicts, response: Uint8Array | undefined): Promise<ArchiveVerdicts> {
  if (verdicts.subject === 'gateway') return verdicts
  const asOf = await judge(['output-digest'], async (check): Promise<VerifiedAnswer> => {
    const answer = check.include('', verdicts.asOf)
    checkOutput(check, answer.signed.disclosed.response, response ?? 'not-held')
    return answer
  })
  return { ...verdicts, asOf }
}

/** @throws MalformedError what {@link decodeArchive} throws */
export async function judgeArchive(bytes: Uint8Array, options: ArchiveOptions): Promise<Judged> {
  const archive = decodeArchive(bytes)
  const { receipt } = archive
  const { at, now } = options
  if (receipt === undefined) refuseOctets(options, 'this archive')
  const octets = await readOctets(archive, options)
  const held = receipt === undefined ? NOTHING_HELD : holdExchange(archive, receipt, octets)
  const trust = receipt === undefined ? options.trust : demandOctets(options.trust, options)
  const verdicts = await judgeOutput(
    await verifyArchive(archive, held, trust, { now, ...(at && { at }) }),
    octets.response,
  )
  return {
    verdict: verdicts.asOf,
    result: describeResult(verdicts),
    more: { ...describeAnswer(verdicts), ...timesJson(verdicts, now) },
    times: describeTimes(verdicts, now),
    ear: encodeEar(verdicts, { archive, trust, now, build: `${SOFTWARE_NAME} ${SOFTWARE_VERSION}` }),
  }
}
