/** Which headers go along in either direction. @module */

/** Of one connection (RFC 9110 section 7.6.1), or made anew by fetch. */
const HOP_BY_HOP = [
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
/** Of a browser or of other servers on this machine: cookies know no ports, so theirs would come here too. */
const STAYS_HERE = ['accept-encoding', 'cookie', 'origin', 'referer']
const BROWSERS_OWN = /^(?:sec-|access-control-)/

/** Everything that the client says but what is of its connection or its browser. `apiKey` replaces its own. */
export function forwardedHeaders(rawHeaders: readonly string[], apiKey: string | undefined): Headers {
  const dropped = new Set([...HOP_BY_HOP, ...STAYS_HERE])
  const named: [name: string, value: string][] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = [rawHeaders[i]?.toLowerCase(), rawHeaders[i + 1]]
    if (name === 'connection') for (const listed of value.split(',')) dropped.add(listed.trim().toLowerCase())
    named.push([name, value])
  }
  const headers = new Headers()
  for (const [name, value] of named) if (!dropped.has(name) && !BROWSERS_OWN.test(name)) headers.append(name, value)
  // What is digested is what is passed on: no coding in between.
  headers.set('accept-encoding', 'identity')
  if (apiKey !== undefined) headers.set('authorization', `Bearer ${apiKey}`)
  return headers
}

/** No receipt covers headers. What would make a client trust, store or go elsewhere (cookies, CORS, Alt-Svc, a verdict) is not among these. */
const ANSWERED =
  /^(?:content-type|content-disposition|cache-control|retry-after|retry-after-ms|preference-applied|x-request-id|x-should-retry|x-ratelimit-[a-z-]+|openai-[a-z-]+|inference-receipt(?:-[a-z]+)?)$/

/** What of the gateway's headers reaches the client. */
export function answeredHeaders(headers: Headers): Readonly<Record<string, string>> {
  return Object.fromEntries([...headers].filter(([name]) => ANSWERED.test(name)))
}
