/**
 * Requests as binary HTTP, `message/bhttp`. RFC 9292 section 3.4.
 *
 * ```
 * framing indicator   0: known length; 2: indeterminate length
 * method, scheme, authority, path, each with its length before it
 * fields, content, trailers, padding as in body.ts
 * ```
 * @module
 */
import { MalformedError } from '../../errors.ts'
import { concatBytes } from '../encoding/bytes.ts'
import { encodeContentChunk, INDETERMINATE_LENGTH, KNOWN_LENGTH, takeBody, takeHeaders } from './body.ts'
import { encodeKnownFields, encodeTerminatedFields, encodeText, type Fields, lettersOf } from './fields.ts'
import { Inflow, type Steps } from './inflow.ts'
import { encodeVarint, takeVarint } from './varint.ts'

export interface RequestControl {
  readonly method: string
  readonly scheme: string
  /** Host and port; empty where the field `host` says it. */
  readonly authority: string
  /** Path and query. */
  readonly path: string
}

export interface BinaryRequest extends RequestControl {
  readonly headers: Fields
  readonly content: Uint8Array
  readonly trailers: Fields
}

export interface RequestParts extends RequestControl {
  readonly headers: Fields
  readonly content: Uint8Array
  readonly trailers?: Fields
}

const KNOWN = 0
const INDETERMINATE = 2
const MAX_CONTROL_SIZE = 8192
/** Taking a chunk costs the same however short it is: content in chunks of one octet would keep a gateway busy for seconds. */
const FREE_CHUNKS = 1024
const OCTETS_PER_CHUNK = 256
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/
const SCHEME = /^[a-z][a-z0-9+.-]{0,31}$/
/** No user information (RFC 9113 section 8.3.1): it would hide the host from a careless reader. */
const AUTHORITY = /^[A-Za-z0-9._~!$&'()*+,;=:%[\]-]*$/
const PATH = /^\/[!"$-~]*$/

function checkControl({ method, scheme, authority, path }: RequestControl): void {
  // CONNECT asks for a tunnel, which a message is not (RFC 9292 section 5).
  if (!METHOD.test(method) || method === 'CONNECT') throw new MalformedError('E2EE_FORMAT', 'not a method of a message')
  if (!SCHEME.test(scheme)) throw new MalformedError('E2EE_FORMAT', 'not a scheme')
  if (!AUTHORITY.test(authority)) throw new MalformedError('E2EE_FORMAT', 'not an authority')
  if (!PATH.test(path) && !(path === '*' && method === 'OPTIONS')) throw new MalformedError('E2EE_FORMAT', 'not a path')
}

function encodeControl(framing: number, request: RequestControl): Uint8Array {
  checkControl(request)
  const { method, scheme, authority, path } = request
  return concatBytes(encodeVarint(framing), ...[method, scheme, authority, path].map(encodeText))
}

/** Of known length. @throws MalformedError E2EE_FORMAT for what HTTP cannot say */
export function encodeRequest(request: RequestParts): Uint8Array {
  const { headers, content, trailers = [] } = request
  return concatBytes(
    encodeControl(KNOWN, request),
    encodeKnownFields(headers),
    encodeVarint(content.length),
    content,
    encodeKnownFields(trailers),
  )
}

/** Of indeterminate length, its content in one chunk. @throws MalformedError E2EE_FORMAT for what HTTP cannot say */
export function encodeIndeterminateRequest(request: RequestParts): Uint8Array {
  const { headers, content, trailers = [] } = request
  return concatBytes(
    encodeControl(INDETERMINATE, request),
    encodeTerminatedFields(headers),
    encodeContentChunk(content),
    encodeVarint(0),
    encodeTerminatedFields(trailers),
  )
}

/**
 * Both forms.
 * @param octets written by whoever can reach the gateway; the caller bounds their number
 * @throws MalformedError E2EE_FORMAT; E2EE_TRUNCATED where they end within a part
 */
export function decodeRequest(octets: Uint8Array): BinaryRequest {
  const inflow = new Inflow('E2EE_TRUNCATED')
  inflow.add(octets)
  inflow.end()
  const steps = takeRequest(inflow)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

function* takeRequest(inflow: Inflow): Steps<BinaryRequest> {
  const framing = yield* takeVarint(inflow, 'framing indicator', INDETERMINATE)
  if (framing !== KNOWN && framing !== INDETERMINATE) throw new MalformedError('E2EE_FORMAT', 'not a request')
  const form = framing === KNOWN ? KNOWN_LENGTH : INDETERMINATE_LENGTH
  const control = {
    method: yield* takeText(inflow, 'method'),
    scheme: yield* takeText(inflow, 'scheme'),
    authority: yield* takeText(inflow, 'authority'),
    path: yield* takeText(inflow, 'path'),
  }
  checkControl(control)
  const headers = yield* takeHeaders(form, inflow)
  // One array for all: chunks of one octet each would otherwise cost a hundred times their size.
  const content = new Uint8Array(inflow.size)
  let [size, chunks] = [0, 0]
  const trailers = yield* takeBody(form, inflow, (portion) => {
    content.set(portion, size)
    size += portion.length
    if (++chunks > FREE_CHUNKS + size / OCTETS_PER_CHUNK)
      throw new MalformedError('E2EE_FORMAT', 'the content is cut into too many chunks')
  })
  checkLength(headers, size)
  return { ...control, headers, content: content.subarray(0, size), trailers }
}

function* takeText(inflow: Inflow, field: string): Steps<string> {
  const size = yield* takeVarint(inflow, `length of the ${field}`, MAX_CONTROL_SIZE)
  return lettersOf(yield* inflow.take(field, size))
}

/** Whoever forwards the message may frame it by this field: two lengths of one content are a way to smuggle a second message. */
function checkLength(headers: Fields, size: number): void {
  if (headers.some(([name, value]) => name === 'content-length' && value !== String(size)))
    throw new MalformedError('E2EE_FORMAT', 'content-length is not the length of the content')
}
