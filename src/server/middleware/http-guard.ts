/** What Node's HTTP server lets pass and should not, and its limits. @module */
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Slow clients are cut off; a header block has one size limit for all. */
export const SERVER_OPTIONS: ServerOptions = {
  headersTimeout: 5_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 500,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 16 * 1024,
  requireHostHeader: true,
  noDelay: true,
}
const MAX_HEADERS = 100
const TIMED_OUT = 'request_timeout'

type Refusal = { readonly status: 400 | 431; readonly message: string }

function count(rawHeaders: readonly string[], name: string): number {
  let found = 0
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === name) found++
  return found
}

/**
 * Requests that another hop may read differently (request smuggling): Node answers each of these with 200.
 * @returns undefined for a request that may go on
 */
function judge({ httpVersion, headers, rawHeaders, url }: IncomingMessage): Refusal | undefined {
  if (rawHeaders.length > 2 * MAX_HEADERS)
    return { status: 431, message: `A request has at most ${MAX_HEADERS} headers.` }
  if (httpVersion === '1.0' && headers['transfer-encoding'] !== undefined)
    return { status: 400, message: 'HTTP/1.0 has no Transfer-Encoding.' }
  if (count(rawHeaders, 'host') > 1) return { status: 400, message: 'A request has one Host.' }
  if (url?.startsWith('/') !== true && url !== '*') return { status: 400, message: 'The target must be a path.' }
  return undefined
}

function bodyOf(message: string, code: string): string {
  const type = code === TIMED_OUT ? 'timeout_error' : 'invalid_request_error'
  return JSON.stringify({ error: { message, type, param: null, code } })
}

const CODES = { 400: 'bad_request', 431: 'headers_too_large' } as const

/** The newest answer of each connection. */
const ANSWERS: WeakMap<Duplex, ServerResponse> = new WeakMap()

/** Answers and closes, or passes the request on. */
export function guard(
  listener: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  return (incoming, outgoing) => {
    ANSWERS.set(incoming.socket, outgoing)
    const refusal = judge(incoming)
    if (refusal === undefined) {
      listener(incoming, outgoing)
      return
    }
    outgoing.writeHead(refusal.status, { 'content-type': 'application/json', connection: 'close' })
    outgoing.end(bodyOf(refusal.message, CODES[refusal.status]))
  }
}

/** By the code of the parser's or the timer's error. */
const PARSE_ERRORS: Readonly<Record<string, readonly [status: string, message: string, code: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not come in time.', TIMED_OUT],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are too large.', 'headers_too_large'],
}
const MALFORMED = ['400 Bad Request', 'The request is not HTTP.', 'bad_request'] as const

/** Gives requests that do not even parse, or come too slowly, an answer in the one shape of errors. */
export function answerParseErrors(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    if (hasLastAnswer(socket)) {
      socket.end(() => socket.destroy())
      return
    }
    const [status, message, code] = PARSE_ERRORS[error.code ?? ''] ?? MALFORMED
    const body = bodyOf(message, code)
    socket.end(
      `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
  })
}

/** Whether an answer has begun behind which no other may stand: octets between its own would be taken for part of it. */
function hasLastAnswer(socket: Duplex): boolean {
  const answer = ANSWERS.get(socket)
  return answer?.headersSent === true && !(answer.writableFinished && answer.shouldKeepAlive)
}
