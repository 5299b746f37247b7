/** Archives and receipts: the records, then what each says. @module */
import { type Archive, decodeArchive } from '../../core/archive/index.ts'
import { decodeBase64Url } from '../../core/encoding/base64.ts'
import { decodeJson, isJsonObject, type JsonValue } from '../../core/encoding/json.ts'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import { decodeSession } from '../../core/evidence/session.ts'
import { decodeStatement } from '../../core/evidence/statement.ts'
import { decodeNote, decodeTlogProof } from '../../core/log/index.ts'
import { DEPENDENCY_ROLES, type Dependencies } from '../../core/receipt/disclosed.ts'
import { decodeReceipt } from '../../core/receipt/receipt.ts'
import { MalformedError } from '../../errors.ts'
import { certificateItem, text } from './certificates.ts'
import { inspectEventLog } from './event-log.ts'
import { faultText, type Inspection, type Item } from './item.ts'
import { inspectNitroDocument } from './nitro.ts'
import { inspectCertificateTable, inspectSnpReport } from './snp.ts'
import { inspectTdxQuote } from './tdx.ts'

export function inspectReceipt(token: string): Inspection {
  const { claims, disclosed } = decodeReceipt(token)
  const { request, forwarded, response, dependencies } = disclosed
  const items = [
    text('issuer', claims.iss),
    text('issued', new Date(claims.iat * 1000).toISOString()),
    text('outcome', claims.outcome),
    text('model', `${claims.model.name} ${claims.model.digest}`),
    text('engine', `${claims.engine.name} ${claims.engine.version}, ${claims.engine.determinism}`),
    text('upstream', claims.upstream.kind),
    text('session', claims.session),
    text('log', `${claims.log.origin}, receipt ${claims.seq}`),
    text('nonce', claims.eat_nonce ?? 'none'),
    text('request', request === undefined ? 'withheld' : `${request.digest}, ${request.size} octets`),
    text(
      'forwarded',
      forwarded === undefined ? 'withheld' : `${forwarded.digest}, ${forwarded.transforms.length} changes`,
    ),
    text('response', response === undefined ? 'withheld' : `${response.digest}, ${response.size} octets`),
    ...(dependencies === undefined ? [text('dependencies', 'withheld')] : dependencyItems(dependencies)),
  ]
  return { title: `receipt ${claims.jti}`, items, more: { claims, disclosed } }
}

function dependencyItems(dependencies: Dependencies): readonly Item[] {
  return DEPENDENCY_ROLES.flatMap((role) => {
    const found = dependencies[role]
    if (found === 'none') return [text(role, 'none')]
    return found.map(({ name, digest, annotations }) =>
      text(role, `${name} sha256:${digest.sha256} (${annotations.source})`),
    )
  })
}

export function inspectArchive(octets: Uint8Array): Inspection {
  try {
    return drawArchive(octets)
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return { title: 'archive, malformed', items: recordsOf(octets), fault: faultText(error) }
  }
}

function drawArchive(octets: Uint8Array): Inspection {
  const archive = decodeArchive(octets)
  const session = decodeSession(archive.session)
  const statement = decodeStatement(archive.statement)
  const receipt = archive.receipt === undefined ? undefined : inspectReceipt(archive.receipt)
  const quote = quoteInspection(archive)
  const [origin = '', size = ''] = statement.checkpoint.split('\n')
  const sessionItems = [
    text('boot', `${session.boot}, epoch ${session.epoch}`),
    text('software', `${session.swname} ${session.swversion[0]}`),
    ...session.dependencies.map(({ name, digest, annotations }) =>
      text(annotations.role, `${name} sha256:${digest.sha256} (${annotations.source})`),
    ),
  ]
  const statementItems = [
    text('valid', `${new Date(statement.iat * 1000).toISOString()} to ${new Date(statement.exp * 1000).toISOString()}`),
    text('checkpoint', `${origin}, size ${size}`),
    text('counts', `${statement.counts.receipts} receipts, ${statement.counts.open} open`),
  ]
  return {
    title: receipt === undefined ? 'archive of a gateway' : `archive of ${receipt.title}`,
    items: [
      { name: 'records', items: recordsOf(octets) },
      { name: 'session', items: sessionItems },
      { name: 'statement', items: statementItems },
      ...(receipt === undefined ? [] : [{ name: 'receipt', items: receipt.items }]),
      ...historyItems(archive),
      { name: 'evidence', value: quote.title, items: quote.items },
      ...besideQuote(archive),
    ],
    more: { ...quote.more, session, statement, ...receipt?.more },
    ...(quote.fault && { fault: quote.fault }),
  }
}

/** What proofs and records say of the log, each as it reads: nobody has judged them. */
function historyItems({ proof, quoteProof, genesisProof, consistency, genesis, result }: Archive): readonly Item[] {
  const proofs = { proof, 'quote-proof': quoteProof, 'genesis-proof': genesisProof }
  const items = Object.entries(proofs).flatMap(([name, tlogProof]) =>
    tlogProof === undefined ? [] : [text(name, describeProof(tlogProof))],
  )
  if (consistency !== undefined) items.push(text('consistency', `${consistency.length} hashes`))
  if (genesis !== undefined) items.push(text('genesis', decodeUtf8(genesis)))
  if (result !== undefined) items.push(text('result', `${result.length} octets, never read by a verifier`))
  return items.length === 0 ? [] : [{ name: 'log', items }]
}

function describeProof(proof: string): string {
  const { index, checkpoint } = decodeTlogProof(proof)
  const { text: body, signatures } = decodeNote(checkpoint)
  const [origin = '', size = ''] = body.split('\n')
  const witnesses = signatures.filter(({ name }) => name !== origin).map(({ name }) => name)
  return `leaf ${index} of ${size}${witnesses.length === 0 ? '' : `, cosigned as ${witnesses.join(', ')}`}`
}

function quoteInspection({ quote }: Archive): Inspection {
  switch (quote.tee) {
    case 'snp':
      return inspectSnpReport(quote.report)
    case 'tdx':
      return inspectTdxQuote(quote.quote)
    case 'nitro':
      return inspectNitroDocument(quote.document)
    default:
      return quote satisfies never
  }
}

function besideQuote({ quote }: Archive): readonly Item[] {
  if (quote.tee === 'snp') {
    const table = quote.auxblob.length === 0 ? [] : [inspectCertificateTable(quote.auxblob)]
    const { crls: _, ...certificates } = { crls: [], ...quote.endorsements }
    return [
      ...table.map(({ title, items }): Item => ({ name: 'auxblob', value: title, items })),
      ...Object.entries(certificates).map(([name, der]) => certificateItem(name, der)),
    ]
  }
  if (quote.tee === 'nitro' || quote.eventLog === undefined) return []
  const { title, items } = inspectEventLog(quote.eventLog, 'record')
  return [{ name: 'eventlog', value: title, items }]
}

/** Every record by its name: media type and octets. */
function recordsOf(octets: Uint8Array): readonly Item[] {
  try {
    return itemsOf(decodeJson(octets))
  } catch (error) {
    if (error instanceof MalformedError) return []
    throw error
  }
}

function itemsOf(value: JsonValue): readonly Item[] {
  if (!isJsonObject(value)) return []
  return Object.entries(value).map(([name, member]): Item => {
    if (typeof member === 'string') return text(name, member)
    return isRecord(member) ? recordItem(name, member) : { name, items: itemsOf(member) }
  })
}

function isRecord(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function recordItem(name: string, [type, octets]: readonly JsonValue[]): Item {
  const length = typeof octets === 'string' ? decodeBase64Url(octets).length : 0
  return { name, length, value: typeof type === 'string' ? type : 'not a record' }
}
