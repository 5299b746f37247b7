/** `countersign verify`: an archive, bare evidence, or a live gateway. @module */
import { parseArgs } from 'node:util'
import { encodeBase64Url } from '../../core/encoding/base64.ts'
import { challengeAnchor, verifyAttestation } from '../../core/evidence/attestation.ts'
import type { Trust } from '../../core/evidence/hardware.ts'
import type { Verdict } from '../../core/verdict.ts'
import { APPROVAL_OPTIONS } from '../approval.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { type ArchiveOptions, type Judged, judgeArchive, refuseOctets } from '../evidence/judge-archive.ts'
import type { BareEvidence } from '../evidence/judge-evidence.ts'
import { type Recognised, recognise } from '../evidence/recognise.ts'
import { type BareOptions, verifyBare } from '../evidence/verify-bare.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { readInput, readTrust } from '../files.ts'
import { fetchAttestation } from '../gateway-attestation.ts'
import { printable, renderVerdict, verdictJson } from '../output.ts'
import { REVOCATION_OPTIONS } from '../revocations/given.ts'

const HELP = `countersign verify FILE|URL [options]

Verifies an archive (*.cmw.json), bare evidence (SEV-SNP report, TDX quote, Nitro document; also compressed, in hex or in base64), or,
by its address, a live gateway. Files are verified offline, but for --fetch.

  --policy FILE        what to demand (default: countersign.policy.json here)
  --lock FILE          reference values (default: countersign.lock.json here)
  --lock-at-least N    refuse a lock of an older revision than N
  --approval FILE      who approved the lock (default: the lock's name and .sigstore.json), with
  --trusted-root FILE  the trusted_root.json of Sigstore that counts
  --revocations FILE   the list that policy asks for, as it was published
  --revocations-at-least N
                       refuse a list of a lower number than N
  --frozen             write nothing, and take nothing but the lock of this folder or --lock: for CI
  --as-of TIME         judge at this time, for example 2026-11-21T12:00:00Z (default: now; of an archive its statement's own time)
  --explain            for every check the value wanted and the section that asks for it
  --json               one JSON object instead of a table

Of an archive, judged as of its own time (when witnesses saw its quote, else as its Nitro document says, else --as-of, else as its statement
says, as policy allows), which decides; what its hardware evidence is worth now is shown beside it:
  --request FILE       the request's octets, as they were sent
  --response FILE      the answer's octets, as they were received
  --ear                claims of an attestation result (EAR, draft-ietf-rats-ear-03) as JSON instead of a table; unsigned

Of bare evidence:
  --endorsements PATH… files or folders, in any order: certificates and revocation lists (DER or PEM), Intel's TCB info and QE identity
                       (as served, or the signed octets with a .sig.hex and a .pem beside them, or stored in one JSON file)
  --fetch              let the vendor's servers be asked for what is missing
  --cache DIR          what was fetched before; written with --fetch, else only read
  --product NAME       Milan, Genoa or Turin, where the report does not say it
  --event-log FILE     of a TDX guest: record, CCEL or dstack JSON
  --report-data HEX    the 64 bytes that the evidence must commit to; of a Nitro document its user data

Exit codes: 0 verified, 1 not verified, 2 usage, 3 a required check could not be performed.

Example: countersign verify answer.cmw.json --request request.json --response response.json
Example: countersign verify report.bin --fetch --cache ~/.cache/countersign
`

const OPTIONS = {
  policy: { type: 'string' },
  lock: { type: 'string' },
  request: { type: 'string' },
  response: { type: 'string' },
  endorsements: { type: 'string', multiple: true },
  fetch: { type: 'boolean', default: false },
  cache: { type: 'string' },
  product: { type: 'string' },
  'event-log': { type: 'string' },
  'report-data': { type: 'string' },
  'as-of': { type: 'string' },
  'lock-at-least': { type: 'string' },
  ...APPROVAL_OPTIONS,
  ...REVOCATION_OPTIONS,
  frozen: { type: 'boolean', default: false },
  ear: { type: 'boolean', default: false },
  explain: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

function readTime(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) throw new UsageError('--as-of is not a time', 'Write it like 2026-11-21T12:00:00Z.')
  return at
}

async function judgeGateway(address: string, { trust }: ArchiveOptions, io: Io): Promise<Judged> {
  const { archive, nonce, noncedAt } = await fetchAttestation(address)
  const verdict = await verifyAttestation(
    archive,
    trust,
    challengeAnchor({ nonce, noncedAt, at: io.now(), proof: archive.proof }),
  )
  return { verdict, result: 'the gateway, newer than a nonce of yours', more: { nonce: encodeBase64Url(nonce) } }
}

function readRevision(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^(?:0|[1-9]\d{0,14})$/.test(text))
    throw new UsageError('--lock-at-least is no revision', 'Give the number that the lock file calls revision.')
  return Number(text)
}

/** What a frozen run would write, or judge without a lock, it refuses before it begins. */
function demandFrozen(
  { lock }: Trust,
  { fetch, cache }: { readonly fetch: boolean; readonly cache?: string | undefined },
): void {
  if (lock === undefined)
    throw new UsageError('--frozen needs a lock file', 'Commit countersign.lock.json; countersign pin writes it.')
  if (fetch && cache !== undefined)
    throw new UsageError('--frozen writes nothing, and --fetch with --cache would', 'Leave --cache or --fetch out.')
}

const TEES = { 'snp-report': 'snp', 'tdx-quote': 'tdx', 'nitro-document': 'nitro' } as const

function teeOf({ kind }: Recognised): BareEvidence['tee'] | undefined {
  return kind === 'snp-report' || kind === 'tdx-quote' || kind === 'nitro-document' ? TEES[kind] : undefined
}

async function judgeInput(
  input: string,
  options: ArchiveOptions,
  { given, io }: { given: BareOptions; io: Io },
): Promise<Judged> {
  if (/^https?:\/\//.test(input)) {
    refuseOctets(options, 'what a gateway shows of itself')
    return judgeGateway(input, options, io)
  }
  const file = await recognise(await readInput(input))
  const tee = teeOf(file)
  if (tee !== undefined) {
    refuseOctets(options, 'bare evidence')
    return verifyBare({ tee, octets: file.octets }, options, { given, io })
  }
  if (file.kind === 'archive') return judgeArchive(file.octets, options)
  if (file.kind === 'receipt')
    throw new UsageError(
      'a receipt alone does not verify: it needs its session, quote and proof',
      'Fetch the archive: GET /v1/receipts/<id> with Accept: application/cmw+json.',
    )
  throw new UsageError(`${input} is ${file.what}`, hintFor(file))
}

function hintFor({ kind }: Recognised): string {
  if (kind === 'foreign') return 'Verified are archives, SEV-SNP reports (1,184 bytes), TDX quotes and Nitro documents.'
  if (kind.startsWith('event-log')) return 'It goes with a TDX quote: countersign verify QUOTE --event-log FILE'
  return 'It vouches for evidence: countersign verify EVIDENCE --endorsements FILE'
}

/** @throws UsageError for what is no archive */
function renderEar({ ear }: Judged): string {
  if (ear === undefined)
    throw new UsageError('--ear goes with an archive', 'Leave it out; --json says the same of anything else.')
  return `${JSON.stringify(ear, undefined, 2)}\n`
}

function renderJudged(
  { verdict, result, more, missing = [], times = [] }: Judged,
  { json, explain, colour }: { readonly json: boolean; readonly explain: boolean; readonly colour: boolean },
): string {
  const hints = verdict.ok ? [] : missing
  if (json) return verdictJson(verdict, { ...more, ...(hints.length > 0 && { missing: hints }) })
  const lines = times.map((line) => `${printable(line)}\n`)
  return `${renderVerdict(verdict, { colour, result, explain, hints })}${lines.join('')}`
}

/** A revocation list that bare evidence came without is something missing, not something wrong. */
function exitCode(verdict: Verdict<object>, missing: readonly string[]): ExitCode {
  if (verdict.ok) return EXIT_OK
  const undone = verdict.code === 'CHECK_NOT_PERFORMED' || (verdict.code === 'CRL_MISSING' && missing.length > 0)
  return undone ? EXIT_NOT_PERFORMED : EXIT_NOT_VERIFIED
}

export const command: Command = {
  summary: 'verify an archive, bare evidence, or a live gateway',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [input, ...more] = positionals
    if (input === undefined)
      throw new UsageError('nothing to verify', 'Give a file or an address; see countersign verify --help.')
    if (more.length > 0 && values.endorsements === undefined)
      throw new UsageError('one thing is verified at a time', 'Certificates go behind --endorsements.')
    if (/^https?:/.test(input) && values['as-of'] !== undefined)
      throw new UsageError('a live gateway is judged now', 'Leave --as-of out: your nonce proves the time.')
    const trust = await readTrust({ ...values, lockAtLeast: readRevision(values['lock-at-least']) }, io)
    if (values.frozen) demandFrozen(trust, values)
    const options = {
      trust,
      at: readTime(values['as-of']),
      now: io.now(),
      request: values.request,
      response: values.response,
    }
    const given = { ...values, endorsements: [...(values.endorsements ?? []), ...more] }
    const judged = await judgeInput(input, options, { given, io })
    if (values.ear) io.out(renderEar(judged))
    else io.out(renderJudged(judged, { ...values, colour: io.colour }))
    const { verdict, missing = [] } = judged
    return exitCode(verdict, missing)
  },
}
