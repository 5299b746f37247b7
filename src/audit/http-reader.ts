/** Reads what a gateway publishes over HTTP: bounded in size and time, no redirects, nothing but https or this machine itself. @module */
import { decodeJson, type JsonValue } from '../core/encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../core/encoding/shape.ts'
import { CountersignError, MalformedError } from '../errors.ts'
import { LISTING_LIMIT, LOG_ID, type LogListing, type LogReader, limitOf } from './log-reader.ts'

export interface HttpReaderOptions {
  readonly fetch: typeof globalThis.fetch
  /** For one file, body included. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 30_000
const CODES: ShapeCodes = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' }
const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/

/** The address of a gateway, with or without `/v1`. @throws CountersignError ERR_USAGE */
export function gatewayBase(address: string): string {
  let url: URL
  try {
    url = new URL(address)
  } catch (cause) {
    throw new CountersignError('ERR_USAGE', 'not an address: write it like https://gw.example.com', { cause })
  }
  // Plain HTTP lets everybody in between forge what is not signed, and see what is asked for.
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
    throw new CountersignError('ERR_USAGE', 'a gateway is read over https; over http only on this machine')
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new CountersignError('ERR_USAGE', 'the address of a gateway has no user, query or fragment')
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/(?:v1|log)$/, '')}`
}

/** Reads a body up to a limit: what Content-Length says is the sender's. */
async function readBounded(response: Response, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  const body = response.body?.getReader()
  for (let read = await body?.read(); read?.value !== undefined; read = await body?.read()) {
    size += read.value.length
    if (size > limit) {
      body?.cancel().catch(() => undefined)
      throw new MalformedError(
        'EVIDENCE_TOO_LARGE',
        `the answer is larger than ${limit} octets, which no genuine one is`,
      )
    }
    parts.push(read.value)
  }
  const octets = new Uint8Array(size)
  let offset = 0
  for (const part of parts) {
    octets.set(part, offset)
    offset += part.length
  }
  return octets
}

function ascendingSizes(value: JsonValue, path: string): readonly number[] {
  const sizes = new ObjectReader({ sizes: value }, path, CODES).array('sizes')
  let last = -1
  return sizes.map((size) => {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size <= last)
      throw new MalformedError('PARSE_INVALID', `${path} is not a list of ascending sizes`)
    last = size
    return size
  })
}

/** The listing of logs as `GET /log` answers it. @throws MalformedError */
export function decodeLogListing(octets: Uint8Array): LogListing {
  const reader = new ObjectReader(decodeJson(octets, { maxSize: LISTING_LIMIT }), 'the list of logs', CODES)
  const listing = { host: reader.string('host', /^[a-z0-9.:[\]-]{1,255}$/), ids: reader.strings('logs', LOG_ID) }
  reader.end()
  if (new Set(listing.ids).size !== listing.ids.length) throw reader.invalid('logs', 'names a log twice')
  return listing
}

/** @param address of the gateway @throws CountersignError ERR_USAGE for an address that is not read */
export function createHttpReader(address: string, { fetch, timeoutMs = TIMEOUT_MS }: HttpReaderOptions): LogReader {
  const base = gatewayBase(address)
  const get = async (path: string, limit: number): Promise<Uint8Array | undefined> => {
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const response = await fetch(`${base}/${path}`, { redirect: 'error', signal, credentials: 'omit' })
      if (response.status === 200) return await readBounded(response, limit)
      response.body?.cancel().catch(() => undefined)
      if (response.status === 404) return undefined
      throw new CountersignError('ERR_NETWORK', `the gateway answered ${response.status} to /${path}; try again later`)
    } catch (cause) {
      if (cause instanceof CountersignError) throw cause
      throw new CountersignError('ERR_NETWORK', `/${path} could not be read: no whole answer came`, { cause })
    }
  }
  const sizes = async (id: string, folder: string): Promise<readonly number[]> => {
    const octets = await get(`log/${id}/${folder}`, LISTING_LIMIT)
    if (octets === undefined) return []
    return ascendingSizes(decodeJson(octets, { maxSize: LISTING_LIMIT }), `the list of ${folder}`)
  }
  return {
    logs: async () => {
      const octets = await get('log', LISTING_LIMIT)
      if (octets === undefined)
        throw new CountersignError('ERR_NETWORK', 'the gateway lists no logs at /log: check the address')
      return decodeLogListing(octets)
    },
    evidenceSizes: (id) => sizes(id, 'evidence'),
    witnessedSizes: (id) => sizes(id, 'witnessed'),
    read: (id, path) => get(`log/${id}/${path}`, limitOf(path)),
  }
}
