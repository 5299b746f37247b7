/** Puts a decrypted request to this gateway's own server, as a client would. @module */
import { type ClientRequest, type IncomingMessage, request as sendRequest } from 'node:http'
import { type BinaryRequest, isConnectionField } from '../../core/ohttp/binary-http.ts'
import type { Loopback } from './loopback.ts'

/** Said anew for the connection: whatever else framed the content, or named a host twice, would be read differently behind. */
const NOT_TAKEN: ReadonlySet<string> = new Set(['content-length', 'expect', 'host', 'trailer'])
const WITHOUT_CONTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The value of a field that came once. */
export function fieldOf({ headers }: BinaryRequest, wanted: string): string | undefined {
  const [first, ...others] = headers.filter(([name]) => name === wanted)
  return others.length > 0 ? undefined : first?.[1]
}

/**
 * Begins the request.
 * @returns undefined where `node:http` does not write such a request as it is
 */
export function sendInner(inner: BinaryRequest, loopback: Loopback): ClientRequest | undefined {
  const { method, path, content } = inner
  // It would be written in upper case: another method, of which one asks for a tunnel (RFC 9110 section 9.1: they have case).
  if (method !== method.toUpperCase()) return undefined
  try {
    const sent = sendRequest({
      createConnection: () => loopback.connect(),
      method,
      path,
      // In order and as often as they came: what the server refuses of a client on the network, it refuses here.
      headers: rawHeaders(inner),
    })
    // Whoever waits for the answer is told too; after it has begun, it breaks off.
    sent.on('error', () => {})
    sent.end(content)
    return sent
  } catch {
    return undefined
  }
}

/** The head of the answer. Rejects where the connection breaks before. */
export function answerOf(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve)
    sent.once('error', reject)
  })
}

function rawHeaders(inner: BinaryRequest): readonly string[] {
  const { method, authority, headers, content } = inner
  const host = authority === '' ? fieldOf(inner, 'host') : authority
  const kept = headers.filter(([name]) => !isConnectionField(name) && !NOT_TAKEN.has(name))
  const isEmpty = content.length === 0 && WITHOUT_CONTENT.has(method)
  return [
    ...(host === undefined ? [] : ['host', host]),
    ...kept.flat(),
    ...(isEmpty ? [] : ['content-length', String(content.length)]),
  ]
}
