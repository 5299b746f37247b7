/** Fields that Intel's two signed documents have in common. Layout only. @module */
import { MalformedError } from '../../errors.ts'
import { decodeHex } from '../encoding/bytes.ts'
import { decodeJson } from '../encoding/json.ts'
import { ObjectReader } from '../encoding/shape.ts'

const MAX_SIZE = 1 << 18
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
/** Stands in until {@link decodePcsBody} puts the document's own code there. */
const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const
const ADVISORY = /^[A-Z0-9][A-Z0-9-]{1,63}$/

/** What both documents say of themselves. */
export interface PcsDocument {
  readonly issueDate: Date
  readonly nextUpdate: Date
  readonly evaluationDataNumber: number
}

/** A TCB level: the levels that it asks for, and what Intel says of platforms that have them. */
export interface TcbLevel<Tcb, Status> {
  readonly tcb: Tcb
  readonly tcbDate: Date
  readonly status: Status
  readonly advisoryIds: readonly string[]
}

/**
 * Opens a document and reads it with `read`. Whatever is wrong with its form has the code `malformed`. Members that no rule reads are
 * passed over: Intel adds some from time to time, and all of them are signed.
 */
export function decodePcsBody<T>(
  body: Uint8Array,
  { path, malformed }: { path: string; malformed: 'TCB_INFO_MALFORMED' | 'QE_IDENTITY_MALFORMED' },
  read: (reader: ObjectReader) => T,
): T {
  try {
    return read(new ObjectReader(decodeJson(body, { maxSize: MAX_SIZE, numbers: 'any' }), path, CODES))
  } catch (cause) {
    if (!(cause instanceof MalformedError) || cause.failure === 'TDX_TCB_STATUS' || cause.failure === 'COLLATERAL_KIND')
      throw cause
    throw new MalformedError(malformed, cause.message, { cause })
  }
}

/** A document of SGX is signed by the same key and judges other evidence. @throws MalformedError COLLATERAL_KIND */
export function readKind(reader: ObjectReader, due: 'TDX' | 'TD_QE'): void {
  const id = reader.string('id')
  if (id !== due)
    throw new MalformedError(
      'COLLATERAL_KIND',
      `the document is of ${JSON.stringify(id.slice(0, 16))}, "${due}" is due`,
    )
}

export function readPcsDocument(reader: ObjectReader): PcsDocument {
  return {
    issueDate: readDate(reader, 'issueDate'),
    nextUpdate: readDate(reader, 'nextUpdate'),
    evaluationDataNumber: reader.integer('tcbEvaluationDataNumber'),
  }
}

/** Octets of a hex field in either case; Intel uses both. */
export function readOctets(reader: ObjectReader, key: string, size: number): Uint8Array {
  return decodeHex(reader.string(key, new RegExp(`^[0-9a-fA-F]{${2 * size}}$`)).toLowerCase())
}

/** The objects of an array. */
export function readObjects(reader: ObjectReader, key: string): readonly ObjectReader[] {
  return reader.array(key).map((item) => new ObjectReader(item, key, CODES))
}

/** The levels of `tcbLevels`, at least one. */
export function readLevels<Tcb, Status extends string>(
  reader: ObjectReader,
  statuses: readonly Status[],
  readTcb: (tcb: ObjectReader) => Tcb,
): readonly TcbLevel<Tcb, Status>[] {
  const levels = readObjects(reader, 'tcbLevels').map((level) => ({
    tcb: readTcb(level.object('tcb')),
    tcbDate: readDate(level, 'tcbDate'),
    status: readStatus(level, statuses),
    advisoryIds: level.has('advisoryIDs') ? level.strings('advisoryIDs', ADVISORY) : [],
  }))
  if (levels.length === 0) throw reader.invalid('tcbLevels', 'must not be empty')
  return levels
}

/** A word that is not known is refused, never taken for a good one. */
function readStatus<Status extends string>(reader: ObjectReader, statuses: readonly Status[]): Status {
  const word = reader.string('tcbStatus')
  const status = statuses.find((known) => known === word)
  if (status === undefined)
    throw new MalformedError('TDX_TCB_STATUS', `the TCB status ${JSON.stringify(word.slice(0, 64))} is not known here`)
  return status
}

function readDate(reader: ObjectReader, key: string): Date {
  const text = reader.string(key, INSTANT)
  const date = new Date(text)
  // Date rolls 30 February over into March: what does not come back the same was no date.
  if (Number.isNaN(date.getTime()) || date.toISOString().replace('.000Z', 'Z') !== text)
    throw reader.invalid(key, 'is no date')
  return date
}
