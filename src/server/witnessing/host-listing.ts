/** Reads the list of a host's logs from one witness, page by page. @module */
import { decodeJson, type JsonValue } from '../../core/encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../../core/encoding/shape.ts'
import { MalformedError } from '../../errors.ts'
import type { WitnessConnection } from './connection.ts'
import { WitnessFailure } from './witness-failure.ts'

export interface ListedOrigin {
  readonly origin: string
  /** Seconds. */
  readonly since: number
  readonly checkpoint: string | undefined
}

export type HostListing = readonly ListedOrigin[]

interface Page {
  readonly origins: readonly ListedOrigin[]
  readonly count: number
  readonly next: number | undefined
}

const CODES: ShapeCodes = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' }
/** The newest that are read. A host that begins more logs than this is told of its newest ones. */
const MAX_PLACES = 1024
const MAX_PAGES = 64

/** Oldest first; of a longer list the end. @throws WitnessFailure */
export async function readHostPages(connection: WitnessConnection, host: string): Promise<HostListing> {
  const first = await readPage(connection, host, 0)
  const isLong = first.count > MAX_PLACES
  const listed: ListedOrigin[] = isLong ? [] : [...first.origins]
  let next = isLong ? first.count - MAX_PLACES : first.next
  for (let pages = 0; next !== undefined; pages++) {
    // A witness could name one page after the other for ever.
    if (pages >= MAX_PAGES) throw new WitnessFailure('protocol')
    const page: Page = await readPage(connection, host, next)
    listed.push(...page.origins)
    next = page.next
  }
  return listed
}

async function readPage(connection: WitnessConnection, host: string, from: number): Promise<Page> {
  const path = `/hosts/${encodeURIComponent(host)}?from=${from}`
  const { status, octets } = await connection.send({ method: 'GET', path })
  if (status !== 200) throw new WitnessFailure('refused')
  try {
    return decodePage(decodeJson(octets), host)
  } catch (cause) {
    if (cause instanceof MalformedError) throw new WitnessFailure('protocol', { cause })
    throw cause
  }
}

function decodePage(value: JsonValue, host: string): Page {
  const reader = new ObjectReader(value, 'hosts', CODES)
  if (reader.value('host') !== host) throw reader.invalid('host', 'is another host')
  const origins = reader.array('origins').map((item, i) => decodeListed(new ObjectReader(item, `origins[${i}]`, CODES)))
  const count = reader.integer('count')
  const next = reader.value('next') === null ? undefined : reader.integer('next')
  reader.end()
  return { origins, count, next }
}

function decodeListed(reader: ObjectReader): ListedOrigin {
  const listed = {
    origin: reader.string('origin'),
    since: reader.seconds('since'),
    checkpoint: reader.value('checkpoint') === null ? undefined : reader.string('checkpoint'),
  }
  reader.end()
  return listed
}
