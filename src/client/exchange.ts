/** What the application asks, read before anything is sent: where to, which octets, with whose key. @module */
import { CountersignError } from '../errors.ts'
import { bodyOctets } from './request-body.ts'

/** A request of the application on its way to a gateway. */
export interface Exchange {
  readonly base: string
  /** Behind `/v1`. */
  readonly path: string
  readonly url: string
  readonly init: RequestInit
  readonly headers: Headers
  readonly request: Uint8Array
}

/** Listings are not answers and bear no receipt; everything else below `/v1` must. */
export function bearsReceipt(method: string, path: string): boolean {
  return !(method === 'GET' && /^\/models(\/|$)/.test(path))
}

export function takesBody(method: string): boolean {
  return !/^(?:GET|HEAD)$/i.test(method)
}

/** @throws CountersignError ERR_USAGE for an address that is no gateway's, or a body whose octets cannot be seen */
export async function readExchange(input: string | URL | Request, init: RequestInit = {}): Promise<Exchange> {
  if (input instanceof Request) {
    const { method, headers, signal } = input
    return readExchange(input.url, {
      method,
      headers,
      signal,
      ...(takesBody(method) ? { body: new Uint8Array(await input.arrayBuffer()) } : {}),
      ...init,
    })
  }
  const url = new URL(input)
  // The platform's fetch would say it again in its refusal.
  if (url.username !== '' || url.password !== '')
    throw new CountersignError('ERR_USAGE', 'the address holds a user or a password: give the key as a header')
  const at = url.pathname.indexOf('/v1/')
  if (at < 0)
    throw new CountersignError(
      'ERR_USAGE',
      'the address of a gateway ends in /v1, for example https://gw.example.com/v1',
    )
  const base = `${url.origin}${url.pathname.slice(0, at)}/v1`
  const path = url.pathname.slice(at + '/v1'.length)
  return { base, path, url: url.href, init, headers: new Headers(init.headers), request: await bodyOctets(init.body) }
}

/** The caller's key goes along to the gateway's own resources: where keys are in use, receipts need theirs. */
export function credentials(headers: Headers): Readonly<Record<string, string>> {
  const authorization = headers.get('authorization')
  return authorization === null ? {} : { authorization }
}
