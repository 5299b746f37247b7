/**
 * Who may ask, and for what. A server on loopback is reached by every program of this machine and by every page in its browser: names that
 * an attacker points here (DNS rebinding) and pages of other sites are refused before anything is read. @module
 */
import type { IncomingMessage } from 'node:http'
import { localRefusal, type Refusal } from './refusal.ts'

export interface Callers {
  /** Origins of pages that may ask, as browsers write them: `http://localhost:5173`. */
  readonly origins: readonly string[]
  /** Names besides loopback's under which this proxy is addressed. */
  readonly hosts: readonly string[]
  /** Any address, though no name: only where the proxy listens beyond loopback on purpose. */
  readonly anyAddress: boolean
}

export type Admission =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'preflight' | 'livez' | 'readyz' }
  /** `path` is that of the target, with its query, as it came. */
  | { readonly kind: 'forward'; readonly path: string }

const METHODS = ['GET', 'POST', 'DELETE']
const MAX_HEADERS = 100
const LOOPBACK_NAMES = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/
const ADDRESS = /^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9a-f:.]+\])$/
/** Proofs and not answers: they bear no receipts, and their holder asks the gateway itself. */
const OF_THE_GATEWAY = /^\/v1\/(?:attestation|receipts|sessions)(?:[/?]|$)/

/** Whether a name in `Host` or of `--listen` is loopback's own. */
export function isLoopback(host: string): boolean {
  return LOOPBACK_NAMES.test(host) || host === '::1'
}

function hostName(host: string): string {
  return host.toLowerCase().replace(/:[0-9]*$/, '')
}

function isKnownHost(host: string, { hosts, anyAddress }: Callers): boolean {
  const name = hostName(host)
  return isLoopback(name) || (anyAddress && ADDRESS.test(name)) || hosts.includes(name)
}

/** Requests that another hop may read differently; as the gateway refuses them. */
function refuseForm({ httpVersion, headers, rawHeaders }: IncomingMessage): Refusal | undefined {
  if (rawHeaders.length > 2 * MAX_HEADERS)
    return localRefusal(431, 'headers_too_large', `A request has at most ${MAX_HEADERS} headers.`)
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length
  if (hosts !== 1) return localRefusal(400, 'bad_request', 'A request has one Host.')
  if (httpVersion === '1.0' && headers['transfer-encoding'] !== undefined)
    return localRefusal(400, 'bad_request', 'HTTP/1.0 has no Transfer-Encoding.')
  return undefined
}

function refuseCaller({ headers }: IncomingMessage, callers: Callers): Refusal | undefined {
  if (!isKnownHost(headers.host ?? '', callers))
    return localRefusal(403, 'host_not_allowed', 'This proxy answers to loopback names; --allow-host adds one.')
  const { origin } = headers
  if (origin !== undefined) {
    if (callers.origins.includes(origin)) return undefined
    return localRefusal(
      403,
      'origin_not_allowed',
      'Pages may not use this proxy; --allow-origin admits those of one origin.',
    )
  }
  // Images and forms of other sites come without Origin, but not without this.
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined
  return localRefusal(403, 'origin_not_allowed', 'Pages of other sites may not use this proxy.')
}

/** As it came or not at all: dot segments, another host, a fragment would be read differently further on. */
function isPlainTarget(target: string): boolean {
  if (!URL.canParse(target, 'http://localhost')) return false
  const { host, pathname, search } = new URL(target, 'http://localhost')
  return host === 'localhost' && `${pathname}${search}` === target
}

/** Judges a request by its head. */
export function admit(incoming: IncomingMessage, callers: Callers): Admission {
  const refusal = refuseForm(incoming) ?? refuseCaller(incoming, callers)
  if (refusal !== undefined) return { kind: 'refused', refusal }
  const { method = '', url = '', headers } = incoming
  if (method === 'OPTIONS' && headers.origin !== undefined) return { kind: 'preflight' }
  if (method === 'GET' && url === '/livez') return { kind: 'livez' }
  if (method === 'GET' && url === '/readyz') return { kind: 'readyz' }
  if (!url.startsWith('/v1/') || !isPlainTarget(url))
    return { kind: 'refused', refusal: localRefusal(404, 'not_found', 'Here are /v1/…, /livez and /readyz.') }
  if (!METHODS.includes(method))
    return { kind: 'refused', refusal: localRefusal(405, 'method_not_allowed', `Methods are ${METHODS.join(', ')}.`) }
  if (OF_THE_GATEWAY.test(url))
    return {
      kind: 'refused',
      refusal: localRefusal(
        404,
        'not_found',
        'The proxy checks proofs and receipts itself; for their octets ask the gateway.',
      ),
    }
  // Whoever sends a nonce wants to find it in the receipt: the proxy's own stands there, and what was asked for is never dropped silently.
  if (headers['attestation-nonce'] !== undefined)
    return {
      kind: 'refused',
      refusal: localRefusal(
        400,
        'nonce_not_passed',
        'The proxy makes the nonce of each request itself: leave Attestation-Nonce out.',
      ),
    }
  return { kind: 'forward', path: url }
}

/** For pages of an origin that may ask; none for anyone else. */
export function originHeaders({ headers }: IncomingMessage, { origins }: Callers): Readonly<Record<string, string>> {
  const { origin } = headers
  if (origin === undefined || !origins.includes(origin)) return {}
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers':
      'countersign-verdict, inference-receipt, inference-receipt-id, retry-after, x-request-id',
    vary: 'origin',
  }
}

/** On the answer to a preflight of such a page. */
export function preflightHeaders({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const asked = headers['access-control-request-headers'] ?? ''
  return {
    'access-control-allow-methods': METHODS.join(', '),
    'access-control-allow-headers': /^[a-z0-9, -]*$/i.test(asked) ? asked : '',
    'access-control-allow-private-network': 'true',
    'access-control-max-age': '600',
  }
}
