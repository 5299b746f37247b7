/** `countersign inspect`: decodes without judging, and says so on its first line. @module */
import { parseArgs } from 'node:util'
import { type Archive, decodeArchive } from '../../core/archive/index.ts'
import { encodeHex } from '../../core/encoding/bytes.ts'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import { decodeSession } from '../../core/evidence/session.ts'
import { decodeStatement } from '../../core/evidence/statement.ts'
import { decodeReceipt } from '../../core/receipt/receipt.ts'
import { decodeSnpReport, SNP_REPORT_SIZE, type SnpReport } from '../../core/snp/index.ts'
import { MalformedError } from '../../errors.ts'
import { type Command, UsageError } from '../command.ts'
import { EXIT_NOT_VERIFIED, EXIT_OK } from '../exit-codes.ts'
import { readInput } from '../files.ts'
import { printable, renderFields } from '../output.ts'

const HELP = `countersign inspect FILE [--json]

Shows what a file says: an archive (*.cmw.json), a receipt, or a SEV-SNP report (1,184 bytes). Nothing is verified.

Example: countersign inspect answer.cmw.json
`

type Fields = readonly (readonly [string, string])[]

/** What a file says, for people and for machines. */
interface Inspection {
  readonly title: string
  readonly fields: Fields
  readonly json: Readonly<Record<string, unknown>>
}

function measurementsOf(report: SnpReport): Readonly<Record<string, string>> {
  return {
    measurement: encodeHex(report.measurement),
    host_data: encodeHex(report.hostData),
    id_key_digest: encodeHex(report.idKeyDigest),
    author_key_digest: encodeHex(report.authorKeyDigest),
    family_id: encodeHex(report.familyId),
    image_id: encodeHex(report.imageId),
    report_id: encodeHex(report.reportId),
  }
}

function inspectReport(bytes: Uint8Array): Inspection {
  const report = decodeSnpReport(bytes)
  const measurements = measurementsOf(report)
  const reportData = encodeHex(report.reportData)
  return {
    title: `SEV-SNP report, version ${report.version}`,
    fields: [
      ['0x000 version', String(report.version)],
      ['0x004 guest svn', String(report.guestSvn)],
      ['0x008 policy', `0x${report.policy.toString(16)}`],
      ['0x030 vmpl', String(report.vmpl)],
      ['0x040 platform info', `0x${report.platformInfo.toString(16)}`],
      ['0x050 report data', reportData],
      ['0x090 measurement', measurements['measurement'] ?? ''],
      ['0x0c0 host data', measurements['host_data'] ?? ''],
      ['0x140 report id', measurements['report_id'] ?? ''],
      ['0x1a0 chip id', encodeHex(report.chipId)],
    ],
    json: { platform: 'sev-snp', version: report.version, measurements, reportData },
  }
}

function inspectReceipt(token: string): Inspection {
  const { claims, disclosed } = decodeReceipt(token)
  return {
    title: `receipt ${claims.jti}`,
    fields: [
      ['issuer', claims.iss],
      ['issued', new Date(claims.iat * 1000).toISOString()],
      ['outcome', claims.outcome],
      ['model', `${claims.model.name} ${claims.model.digest}`],
      ['engine', `${claims.engine.name} ${claims.engine.version}, ${claims.engine.determinism}`],
      ['upstream', claims.upstream.kind],
      ['session', claims.session],
      ['log', `${claims.log.origin}, receipt ${claims.seq}`],
      ['nonce', claims.eat_nonce ?? 'none'],
      [
        'request',
        disclosed.request === undefined ? 'withheld' : `${disclosed.request.digest}, ${disclosed.request.size} octets`,
      ],
      [
        'forwarded',
        disclosed.forwarded === undefined
          ? 'withheld'
          : `${disclosed.forwarded.digest}, ${disclosed.forwarded.transforms.length} changes`,
      ],
      [
        'response',
        disclosed.response === undefined
          ? 'withheld'
          : `${disclosed.response.digest}, ${disclosed.response.size} octets`,
      ],
    ],
    json: { claims, disclosed },
  }
}

function inspectArchive(archive: Archive): Inspection {
  const report = inspectReport(archive.quote.tee === 'snp' ? archive.quote.report : new Uint8Array(0))
  const session = decodeSession(archive.session)
  const statement = decodeStatement(archive.statement)
  const receipt = archive.receipt === undefined ? undefined : inspectReceipt(archive.receipt)
  const [origin = '', size = ''] = statement.checkpoint.split('\n')
  const fields: Fields = [
    ['boot', `${session.boot}, epoch ${session.epoch}`],
    ['software', `${session.swname} ${session.swversion[0]}`],
    ...session.dependencies.map(
      ({ name, digest, annotations }) =>
        [annotations.role, `${name} sha256:${digest.sha256} (${annotations.source})`] as const,
    ),
    ['statement', `${new Date(statement.iat * 1000).toISOString()} to ${new Date(statement.exp * 1000).toISOString()}`],
    ['checkpoint', `${origin}, size ${size}`],
    ['counts', `${statement.counts.receipts} receipts, ${statement.counts.open} open`],
    ...report.fields,
    ...(receipt?.fields ?? []),
  ]
  return {
    title: receipt === undefined ? 'archive of a gateway' : `archive of ${receipt.title}`,
    fields,
    json: { ...report.json, session, statement, ...(receipt?.json ?? {}) },
  }
}

function inspect(bytes: Uint8Array): Inspection {
  if (bytes.length === SNP_REPORT_SIZE && bytes[0] !== 0x7b) return inspectReport(bytes)
  if (bytes[0] === 0x7b) return inspectArchive(decodeArchive(bytes))
  if (bytes.length <= 1 << 16) {
    const text = tryText(bytes)?.trim()
    if (text?.includes('~')) return inspectReceipt(text)
  }
  throw new MalformedError(
    'PARSE_INVALID',
    `neither an archive, a receipt nor a SEV-SNP report of ${SNP_REPORT_SIZE} bytes (${bytes.length} bytes)`,
  )
}

function tryText(bytes: Uint8Array): string | undefined {
  try {
    return decodeUtf8(bytes)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

export const command: Command = {
  summary: 'show what a file says, without judging',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false } },
    })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0)
      throw new UsageError('one file is due', 'For example: countersign inspect answer.cmw.json')
    try {
      const { title, fields, json } = inspect(await readInput(file))
      io.out(
        values.json
          ? `${JSON.stringify({ verified: false, note: 'not verified', ...json })}\n`
          : `not verified: ${title}\n${renderFields(fields)}\n`,
      )
      return EXIT_OK
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      io.err(`not verified: ${error.failure}: ${printable(error.message)}\n`)
      return EXIT_NOT_VERIFIED
    }
  },
}
