/** Judges archives for `countersign verify`: a gateway's evidence, and an answer with the octets that a person names. @module */
import { type Archive, decodeArchive } from '../../core/archive/index.ts'
import { type Trust, verifyAttestation } from '../../core/evidence/attestation.ts'
import { verifyAnswer } from '../../core/receipt/answer.ts'
import { EventStreamDigest } from '../../core/receipt/event-stream.ts'
import { decodeReceipt } from '../../core/receipt/receipt.ts'
import { type HeldExchange, type HeldOctets, holdOctets } from '../../core/receipt/verify.ts'
import type { Verdict } from '../../core/verdict.ts'
import { UsageError } from '../command.ts'
import { readInput } from '../files.ts'

/** Files of the octets that were sent and received. */
export interface ExchangeFiles {
  readonly request: string | undefined
  readonly response: string | undefined
}

export interface ArchiveOptions extends ExchangeFiles {
  readonly trust: Trust
  readonly at: Date
}

/** A verdict, what it proves in a few words, and what machines are told beside it. */
export interface Judged {
  readonly verdict: Verdict<object>
  readonly result: string
  readonly more: Readonly<Record<string, unknown>>
  /** What is missing and what would supply it. */
  readonly missing?: readonly string[]
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
function demandOctets({ policy, lock }: Trust, { request, response }: ExchangeFiles): Trust {
  const named = [
    ...(request === undefined ? [] : ['request' as const]),
    ...(response === undefined ? [] : ['response' as const]),
  ]
  return { policy: { ...policy, disclosures: [...new Set([...policy.disclosures, ...named])] }, lock }
}

/** @throws UsageError when octets are named that nothing is compared with */
export function refuseOctets({ request, response }: ExchangeFiles, what: string): void {
  if (request !== undefined || response !== undefined)
    throw new UsageError(
      `${what} holds no receipt: --request and --response cannot be compared with anything`,
      'Give the archive of the answer, or leave them out.',
    )
}

async function holdExchange(
  archive: Archive,
  receipt: string,
  { request, response }: ExchangeFiles,
): Promise<HeldExchange> {
  const requestOctets = request === undefined ? archive.request?.octets : await readInput(request)
  const responseOctets = response === undefined ? archive.response?.octets : await readInput(response)
  const mediaType = decodeReceipt(receipt).disclosed.response?.media_type ?? ''
  return {
    nonce: 'unchecked',
    request: requestOctets === undefined ? 'not-held' : holdOctets(requestOctets),
    response: responseOctets === undefined ? 'not-held' : holdAnswer(responseOctets, mediaType),
    outcome: 'any',
    seen: new Set(),
    replay:
      requestOctets === undefined ? 'not-held' : { request: requestOctets, inserts: archive.inserts ?? new Map() },
  }
}

/** @throws MalformedError what {@link decodeArchive} throws */
export async function judgeArchive(bytes: Uint8Array, options: ArchiveOptions): Promise<Judged> {
  const archive = decodeArchive(bytes)
  const { receipt, proof } = archive
  if (receipt === undefined) {
    refuseOctets(options, 'this archive')
    const verdict = await verifyAttestation(archive, options.trust, { source: 'as-given', at: options.at })
    return { verdict, result: 'the gateway; time: as given, not proven', more: {} }
  }
  const held = await holdExchange(archive, receipt, options)
  const evidence = { ...archive, receipt, ...(proof === undefined ? {} : { proof }) }
  const verdict = await verifyAnswer(evidence, held, demandOctets(options.trust, options), {
    at: options.at,
    noncedAt: 'unknown',
  })
  if (!verdict.ok) return { verdict, result: '', more: {} }
  const { grade, signed, attestation } = verdict.value
  const { outcome, model } = signed.claims
  return {
    verdict,
    result: `an answer of ${model.name}, outcome ${outcome}, grade ${grade}${attestation.time === 'as-given' ? '; time: as given, not proven' : ''}`,
    more: { grade, outcome, model },
  }
}
