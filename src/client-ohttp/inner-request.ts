/** A request as it is encrypted: everything of it, nothing outside. @module */
import { bodyOctets } from '../client/request-body.ts'
import { type Fields, isConnectionField, type RequestParts } from '../core/ohttp/binary-http.ts'

/** What the platform's fetch says itself, and binary HTTP says otherwise. */
const NOT_TAKEN: ReadonlySet<string> = new Set(['content-length', 'date', 'host'])

/** @throws CountersignError ERR_USAGE for a body whose octets cannot be seen */
export async function innerRequest(url: string, init: RequestInit): Promise<RequestParts> {
  const { protocol, host, pathname, search } = new URL(url)
  const content = await bodyOctets(init.body)
  return {
    method: (init.method ?? 'GET').toUpperCase(),
    scheme: protocol.slice(0, -1),
    authority: host,
    path: `${pathname}${search}`,
    headers: headersOf(init),
    content,
  }
}

function headersOf(init: RequestInit): Fields {
  const headers = new Headers(init.headers)
  if (!headers.has('accept')) headers.set('accept', '*/*')
  // As fetch does.
  if (typeof init.body === 'string' && !headers.has('content-type'))
    headers.set('content-type', 'text/plain;charset=UTF-8')
  return [...headers].filter(([name]) => !isConnectionField(name) && !NOT_TAKEN.has(name))
}

/** With the time at which it is encrypted: the gateway remembers requests for a while, and refuses older ones (RFC 9458 section 6.5.2). */
export function datedRequest(request: RequestParts, date: Date): RequestParts {
  return { ...request, headers: [...request.headers, ['date', date.toUTCString()]] }
}
