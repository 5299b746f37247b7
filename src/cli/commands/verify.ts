/** `countersign verify`: an archive, bare evidence, or a live gateway. @module */
import { parseArgs } from 'node:util'
import { type Archive, decodeArchive } from '../../core/archive/index.ts'
import { encodeBase64Url } from '../../core/encoding/base64.ts'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import { challengeAnchor, type Trust, verifyAttestation } from '../../core/evidence/attestation.ts'
import { verifyEvidence } from '../../core/evidence/bare.ts'
import { verifyAnswer } from '../../core/receipt/answer.ts'
import { EventStreamDigest } from '../../core/receipt/event-stream.ts'
import { decodeReceipt } from '../../core/receipt/receipt.ts'
import { type HeldExchange, type HeldOctets, holdOctets } from '../../core/receipt/verify.ts'
import { SNP_REPORT_SIZE } from '../../core/snp/index.ts'
import type { Verdict } from '../../core/verdict.ts'
import { MalformedError } from '../../errors.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { readInput, readSnpEndorsements, readTrust } from '../files.ts'
import { fetchAttestation } from '../gateway-attestation.ts'
import { renderVerdict, verdictJson } from '../output.ts'

const HELP = `countersign verify FILE|URL [options]

Verifies, offline, an archive (*.cmw.json), bare SEV-SNP evidence (a 1,184 byte report) or, by its address, a live gateway.

  --policy FILE        what to demand (default: countersign.policy.json here)
  --lock FILE          reference values (default: countersign.lock.json here)
  --request FILE       the request's octets, as they were sent
  --response FILE      the answer's octets, as they were received
  --endorsements PATH… certificates for bare evidence: files or folders, DER or PEM
  --as-of TIME         judge at this time, for example 2026-11-21T12:00:00Z (default: now)
  --json               one JSON object instead of a table

Exit codes: 0 verified, 1 not verified, 2 usage, 3 a required check could not be performed.

Example: countersign verify answer.cmw.json --request request.json --response response.json
`

interface Options {
  readonly trust: Trust
  readonly at: Date
  readonly request: string | undefined
  readonly response: string | undefined
  readonly endorsements: readonly string[]
}

interface Judged {
  readonly verdict: Verdict<object>
  readonly result: string
  readonly more: Readonly<Record<string, unknown>>
}

function readTime(text: string | undefined, io: Io): Date {
  const at = text === undefined ? io.now() : new Date(text)
  if (Number.isNaN(at.getTime())) throw new UsageError('--as-of is not a time', 'Write it like 2026-11-21T12:00:00Z.')
  return at
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
function demandOctets({ policy, lock }: Trust, { request, response }: Options): Trust {
  const named = [
    ...(request === undefined ? [] : ['request' as const]),
    ...(response === undefined ? [] : ['response' as const]),
  ]
  return { policy: { ...policy, disclosures: [...new Set([...policy.disclosures, ...named])] }, lock }
}

function refuseOctets({ request, response }: Options, what: string): void {
  if (request !== undefined || response !== undefined)
    throw new UsageError(
      `${what} holds no receipt: --request and --response cannot be compared with anything`,
      'Give the archive of the answer, or leave them out.',
    )
}

async function holdExchange(archive: Archive, receipt: string, { request, response }: Options): Promise<HeldExchange> {
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

async function judgeArchive(bytes: Uint8Array, options: Options): Promise<Judged> {
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

async function judgeGateway(address: string, { trust }: Options, io: Io): Promise<Judged> {
  const { archive, nonce, noncedAt } = await fetchAttestation(address)
  const verdict = await verifyAttestation(
    archive,
    trust,
    challengeAnchor({ nonce, noncedAt, at: io.now(), proof: archive.proof }),
  )
  return { verdict, result: 'the gateway, newer than a nonce of yours', more: { nonce: encodeBase64Url(nonce) } }
}

async function judgeInput(input: string, options: Options, io: Io): Promise<Judged> {
  if (/^https?:\/\//.test(input)) {
    refuseOctets(options, 'what a gateway shows of itself')
    return judgeGateway(input, options, io)
  }
  const bytes = await readInput(input)
  if (bytes[0] === 0x7b) return judgeArchive(bytes, options)
  if (isReceipt(bytes))
    throw new UsageError(
      'a receipt alone does not verify: it needs its session, quote and proof',
      'Fetch the archive: GET /v1/receipts/<id> with Accept: application/cmw+json.',
    )
  refuseOctets(options, 'bare evidence')
  const endorsements = await readSnpEndorsements(options.endorsements)
  const verdict = await verifyEvidence(
    { tee: 'snp', report: bytes, auxblob: new Uint8Array(0), endorsements },
    options.trust,
    options.at,
  )
  return {
    verdict,
    result: 'SEV-SNP evidence, which proves no answer by itself; time: as given, not proven',
    more: { platform: 'sev-snp' },
  }
}

function isReceipt(bytes: Uint8Array): boolean {
  if (bytes.length === SNP_REPORT_SIZE || bytes.length > 1 << 16) return false
  try {
    return /^[\w-]+\.[\w-]+\.[\w-]+(~|\s*$)/.test(decodeUtf8(bytes))
  } catch (error) {
    if (error instanceof MalformedError) return false
    throw error
  }
}

function exitCode(verdict: Verdict<object>): ExitCode {
  if (verdict.ok) return EXIT_OK
  return verdict.code === 'CHECK_NOT_PERFORMED' ? EXIT_NOT_PERFORMED : EXIT_NOT_VERIFIED
}

export const command: Command = {
  summary: 'verify an archive, bare evidence, or a live gateway',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        policy: { type: 'string' },
        lock: { type: 'string' },
        request: { type: 'string' },
        response: { type: 'string' },
        endorsements: { type: 'string', multiple: true },
        'as-of': { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const [input, ...more] = positionals
    if (input === undefined)
      throw new UsageError('nothing to verify', 'Give a file or an address; see countersign verify --help.')
    if (more.length > 0 && values.endorsements === undefined)
      throw new UsageError('one thing is verified at a time', 'Certificates go behind --endorsements.')
    if (/^https?:/.test(input) && values['as-of'] !== undefined)
      throw new UsageError('a live gateway is judged now', 'Leave --as-of out: your nonce proves the time.')
    const options = {
      trust: await readTrust(values),
      at: readTime(values['as-of'], io),
      request: values.request,
      response: values.response,
      endorsements: [...(values.endorsements ?? []), ...more],
    }
    const { verdict, result, more: shown } = await judgeInput(input, options, io)
    io.out(values.json ? verdictJson(verdict, shown) : renderVerdict(verdict, { colour: io.colour, result }))
    return exitCode(verdict)
  },
}
