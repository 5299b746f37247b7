/** Issues one answer with everything that its verification needs, each step open to mutation: one change, one failure. */
import type { Archive } from '../../src/core/archive/index.ts'
import { digestUri, sha256 } from '../../src/core/crypto/index.ts'
import { encodeBase64Url } from '../../src/core/encoding/base64.ts'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import type { EndorsedQuote } from '../../src/core/evidence/hardware.ts'
import { encodeSession, type Session } from '../../src/core/evidence/session.ts'
import { encodeStatement, type Statement, statementReportData } from '../../src/core/evidence/statement.ts'
import {
  createEntry,
  encodeCheckpoint,
  encodeTlogProof,
  encodeVkey,
  hashLeaf,
  logOrigin,
  MerkleTree,
  noteKey,
  signCheckpoint,
} from '../../src/core/log/index.ts'
import type { ReceiptClaims } from '../../src/core/receipt/claims.ts'
import { DEPENDENCY_ROLES } from '../../src/core/receipt/disclosed.ts'
import { type Disclosure, type DisclosureName, encodeDisclosure } from '../../src/core/receipt/disclosures.ts'
import { EventStreamDigest } from '../../src/core/receipt/event-stream.ts'
import { encodeReceipt, receiptEntry, receiptJti, signReceipt } from '../../src/core/receipt/receipt.ts'
import { holdOctets } from '../../src/core/receipt/verify.ts'
import { applySplices, recordSplice, type Splice } from '../../src/core/transform/splice.ts'
import type { SimulatedSnp } from '../../src/simulator/index.ts'
import { type TestKey, testKey } from './ed25519.ts'
import { type WitnessRecipe, witnessQuote } from './witness-quote.ts'

export const ISSUED_AT = 1_800_000_000
export const CONFIG_DIGEST = encodeHex(sha256(encodeUtf8('measured configuration')))
export const MODEL = { name: 'demo', digest: digestUri(encodeUtf8('weights')) } as const
export const NONCE: Uint8Array = new Uint8Array(32).fill(0x4e)
const HOST = 'gw.example.com'
const RID = new Uint8Array(16).fill(0x52)

export type DisclosedValues = { -readonly [Name in DisclosureName]?: object }

/** One answer, as plain data; every hook changes one thing on the way. */
export interface AnswerRecipe {
  readonly request?: Uint8Array
  readonly response?: Uint8Array
  readonly mediaType?: string
  readonly splices?: readonly Splice[]
  readonly nonce?: Uint8Array | 'none'
  readonly receiptKey?: TestKey
  readonly session?: (session: Session) => object
  readonly statement?: (statement: Statement) => object
  readonly claims?: (claims: ReceiptClaims) => object
  readonly disclosed?: (values: DisclosedValues) => DisclosedValues
  readonly token?: (token: string) => string
  /** Leaves before and after the receipt's. */
  readonly before?: readonly Uint8Array[]
  readonly after?: readonly Uint8Array[]
  /** Leaves that are appended after the quote: the proof is then made against the larger tree. */
  readonly proofAfter?: readonly Uint8Array[]
  readonly proof?: (proof: string) => string
  /** Index of the leaf that the proof is for; the receipt's by default. */
  readonly proveIndex?: number
  /** Report data other than what the statement asks for. */
  readonly reportData?: (statement: Uint8Array) => Uint8Array
  readonly report?: (reportData: Uint8Array) => Uint8Array
  readonly hostData?: Uint8Array
  /** Signs the checkpoint of the proof, under the name of the log's key. */
  readonly checkpointKey?: TestKey
  /** Puts the quote into the log and has the next checkpoint cosigned. */
  readonly witnessed?: WitnessRecipe
  /** Octets that the archive gives as the log's first record, the leaf that they are proven as, and leaves behind the quoted tree. */
  readonly genesis?: { readonly record: Uint8Array; readonly index: number; readonly after?: readonly Uint8Array[] }
}

export interface IssuedAnswer {
  readonly archive: Archive & { readonly receipt: string; readonly proof: string }
  readonly request: Uint8Array
  readonly response: Uint8Array
  readonly mediaType: string
}

export const REQUEST: Uint8Array = encodeUtf8(
  '{"model":"demo","messages":[{"role":"user","content":"What does a receipt prove?"}]}',
)
export const RESPONSE: Uint8Array = encodeUtf8(
  '{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"What was asked and answered."},"finish_reason":"stop"}]}',
)
export const EVENTS: Uint8Array = encodeUtf8(
  'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"What"}}]}\n\n: keep-alive\n\ndata: {"choices":[{"index":0,"delta":{"content":" was asked."}}]}\n\ndata: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
)

const descriptor = (name: string, role: string, sha: string, scheme: 'raw' | 'jcs' = 'raw') => ({
  name,
  digest: { sha256: sha },
  annotations: { scheme, role, source: 'gateway' as const },
})

function makeSession(receiptKey: TestKey, vkey: string): Session {
  return {
    eat_profile: 'urn:countersign:session:1',
    boot: encodeBase64Url(new Uint8Array(16).fill(0x42)),
    epoch: 0,
    iat: ISSUED_AT - 100,
    swname: 'countersign',
    swversion: ['0.1.0'],
    keys: { receipt: receiptKey.jwk, log: vkey, tls_spki_sha256: [] },
    dependencies: [
      descriptor('measured-config', 'configuration', CONFIG_DIGEST, 'jcs'),
      descriptor('demo', 'model', MODEL.digest.slice(7)),
    ],
  }
}

function digestResponse(response: Uint8Array, mediaType: string): { readonly digest: string; readonly size: number } {
  if (mediaType !== 'text/event-stream') return holdOctets(response)
  const stream = new EventStreamDigest()
  stream.update(response)
  const { digest, size } = stream.finish()
  return { digest, size }
}

function makeDisclosures(values: DisclosedValues): readonly Disclosure[] {
  const names: readonly DisclosureName[] = ['request', 'forwarded', 'response', 'dependencies', 'exchange']
  return names.flatMap((name, i) => {
    const value = values[name]
    return value === undefined ? [] : [encodeDisclosure(name, value, new Uint8Array(16).fill(0x60 + i))]
  })
}

/** Issues one answer on a simulated SEV-SNP. */
export function issueAnswer(snp: SimulatedSnp, recipe: AnswerRecipe = {}): IssuedAnswer {
  const hostData = recipe.hostData ?? new Uint8Array(Buffer.from(CONFIG_DIGEST, 'hex'))
  return issueAnswerOn(
    (reportData) => ({
      tee: 'snp',
      report: recipe.report?.(reportData) ?? snp.report(reportData, { hostData }),
      auxblob: new Uint8Array(0),
      endorsements: snp.endorsements,
    }),
    recipe,
  )
}

/** Issues one answer on any machine. @param quoteOf makes the quote over report data, for these octets of the session */
export function issueAnswerOn(
  quoteOf: (reportData: Uint8Array, session: Uint8Array) => EndorsedQuote,
  recipe: AnswerRecipe = {},
): IssuedAnswer {
  const { request = REQUEST, mediaType = 'application/json', splices = [], nonce = NONCE } = recipe
  const response = recipe.response ?? (mediaType === 'text/event-stream' ? EVENTS : RESPONSE)
  const logKey = testKey(0x02)
  const receiptKey = testKey(0x01)
  const origin = logOrigin(HOST, logKey.publicKey)
  const session = makeSession(receiptKey, encodeVkey(noteKey(origin, logKey.publicKey)))
  const sessionBytes =
    recipe.session === undefined ? encodeSession(session) : encodeUtf8(JSON.stringify(recipe.session(session)))

  const forwarded = applySplices(request, splices)
  const base: DisclosedValues = {
    request: { ...holdOctets(request), media_type: 'application/json' },
    forwarded: { ...holdOctets(forwarded), transforms: splices.map(recordSplice) },
    response: { ...digestResponse(response, mediaType), media_type: mediaType },
    dependencies: Object.fromEntries(DEPENDENCY_ROLES.map((role) => [role, 'none'])),
    exchange: { http: { '@method': 'POST', '@path': '/v1/chat/completions', '@status': 200 } },
  }
  const disclosures = makeDisclosures(recipe.disclosed?.(base) ?? base)
  const before = recipe.before ?? [createEntry('genesis', encodeUtf8('genesis'))]
  const claims: ReceiptClaims = {
    iss: `https://${HOST}`,
    iat: ISSUED_AT,
    jti: receiptJti(RID),
    eat_profile: 'urn:countersign:receipt:1',
    ...(nonce === 'none' ? {} : { eat_nonce: encodeBase64Url(nonce) }),
    session: digestUri(sessionBytes),
    seq: before.filter((entry) => entry[0] === 1).length,
    outcome: 'complete',
    model: MODEL,
    engine: { name: 'countersign-engine', version: '0.1.0', determinism: 'bit-exact', flags: 'none' },
    upstream: { kind: 'embedded' },
    log: { origin, merge_by: ISSUED_AT + 60 },
    _sd_alg: 'sha-256',
    _sd: disclosures.map(({ digest }) => digest),
  }
  const changed: ReceiptClaims = Object.assign(Object.create(null), claims, recipe.claims?.(claims))
  const issuerJws = signReceipt(changed, recipe.receiptKey ?? receiptKey)
  const encoded = encodeReceipt(issuerJws, disclosures)
  const receipt = recipe.token?.(encoded) ?? encoded

  const tree = new MerkleTree()
  const entries = [...before, receiptEntry(issuerJws), ...(recipe.after ?? [])]
  for (const entry of entries) tree.append(hashLeaf(entry))
  const quoted = { origin, size: entries.length, root: tree.root(entries.length) }
  const statement: Statement = {
    eat_profile: 'urn:countersign:statement:1',
    iat: ISSUED_AT + 1,
    exp: ISSUED_AT + 3600,
    session: digestUri(sessionBytes),
    counts: {
      intents: entries.filter((entry) => entry[0] === 1).length,
      receipts: entries.filter((entry) => entry[0] === 1).length,
      open: 0,
    },
    checkpoint: encodeCheckpoint(quoted),
  }
  const statementBytes =
    recipe.statement === undefined
      ? encodeStatement(statement)
      : encodeUtf8(JSON.stringify(recipe.statement(statement)))
  const reportData = recipe.reportData?.(statementBytes) ?? statementReportData(statementBytes)

  for (const entry of recipe.proofAfter ?? []) tree.append(hashLeaf(entry))
  const size = entries.length + (recipe.proofAfter ?? []).length
  const checkpointKey = { publicKey: logKey.publicKey, sign: (recipe.checkpointKey ?? logKey).sign }
  const prove = (index: number, size: number): string => {
    const { note } = signCheckpoint({ origin, size, root: tree.root(size) }, checkpointKey)
    return encodeTlogProof({ index, hashes: tree.inclusionProof(index, size), checkpoint: note })
  }
  const proof = prove(recipe.proveIndex ?? before.length, size)
  const quote = quoteOf(reportData, sessionBytes)
  const { genesis, witnessed } = recipe
  for (const entry of genesis?.after ?? []) tree.append(hashLeaf(entry))
  const inserts = new Map(splices.map(({ insert }) => [digestUri(insert), insert]))
  return {
    archive: {
      quote,
      session: sessionBytes,
      statement: statementBytes,
      receipt,
      proof: recipe.proof?.(proof) ?? proof,
      ...(witnessed === undefined ? {} : witnessQuote({ quote, entries, logKey, origin }, witnessed)),
      ...(genesis === undefined
        ? {}
        : { genesis: genesis.record, genesisProof: prove(genesis.index, size + (genesis.after ?? []).length) }),
      ...(inserts.size === 0 ? {} : { inserts }),
    },
    request,
    response,
    mediaType,
  }
}
