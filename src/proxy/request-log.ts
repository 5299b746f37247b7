/** One line for each request, without anything of its content: no path that a client chose, no header, no detail of a check. @module */
import type { Grade } from '../core/policy.ts'
import type { Outcome } from './respond.ts'

export interface RequestLine {
  /** ISO 8601. */
  readonly time: string
  readonly method: string
  readonly route: string
  /** 499: the client left before its answer was whole. */
  readonly status: number
  readonly verdict: Outcome['state']
  readonly code?: string
  readonly check?: string
  readonly grade?: Grade
  readonly simulated?: boolean
  readonly jti?: string
  readonly ms: number
}

const ROUTES = [
  '/livez',
  '/readyz',
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/models',
  '/v1/responses',
]
const METHODS = ['GET', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PUT', 'PATCH']

/** One of a few: what stands behind them, and every other path, is the client's own text. */
export function routeOf(url: string): string {
  const [path = ''] = url.split('?')
  const known = ROUTES.find((route) => path === route || path.startsWith(`${route}/`))
  if (known !== undefined) return path === known ? known : `${known}/*`
  return path.startsWith('/v1/') ? '/v1/*' : '*'
}

/** Any token is a method to HTTP. */
export function methodOf(method: string | undefined): string {
  return METHODS.find((known) => known === method) ?? '*'
}

/** What a line says of how a request ended. */
export function outcomeFields(outcome: Outcome): Partial<RequestLine> & Pick<RequestLine, 'verdict'> {
  switch (outcome.state) {
    case 'verified': {
      const { grade, simulated, jti } = outcome
      return { verdict: 'verified', grade, ...(simulated ? { simulated } : {}), jti }
    }
    case 'failed': {
      const { check, code } = outcome
      return { verdict: 'failed', code, ...(check === undefined ? {} : { check }) }
    }
    case 'pending':
    case 'no-receipt':
    case 'local':
    case 'aborted':
      return { verdict: outcome.state }
    default:
      return outcome satisfies never
  }
}
