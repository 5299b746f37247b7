/** A model server behind HTTP: exact octets out, exact octets in, to one origin only. @module */

import { CountersignError } from '../../errors.ts'
import type { UpstreamConfig } from '../config/types.ts'
import { createConnections } from './connections.ts'
import { Exchange, type ExchangeOptions } from './exchange.ts'
import { createHealthProbe } from './health-probe.ts'
import { modelSplice } from './model-splice.ts'
import { requestDependencies } from './request-dependencies.ts'
import type { Upstream, UpstreamRequest, UpstreamResponse } from './types.ts'

export type HttpUpstreamConfig = Extract<UpstreamConfig, { readonly kind: 'http' }>

export interface HttpUpstreamDeps {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Octets of an answer's content at most. */
  readonly answerBytes: number
  /** Never goes back. */
  readonly monotonicMs: () => number
  /** Certificates (PEM) to trust in place of the runtime's. */
  readonly roots?: string
}

const PATH = /^\/v1(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/
const TOKEN = /^[\x21-\x7e]{1,4096}$/

/**
 * Makes the upstream; opens no connection yet. The bearer token is read here, once.
 * @throws CountersignError ERR_CONFIG when the variable that should hold the token does not
 */
export function createHttpUpstream(name: string, config: HttpUpstreamConfig, deps: HttpUpstreamDeps): Upstream {
  const { answerBytes, monotonicMs, roots } = deps
  const { origin, pathname } = new URL(config.baseUrl)
  const base = pathname.replace(/\/$/, '')
  const authorization = readToken(name, config, deps.env)
  const { connectMs } = config.timeouts
  const connections = createConnections({ origin, connectMs, ...(roots === undefined ? {} : { roots }) })

  const send = async ({ path, body, signal }: UpstreamRequest): Promise<UpstreamResponse> => {
    // The client may choose among paths that the gateway admits; it can never leave the origin or climb out of the base.
    if (!PATH.test(path)) throw new CountersignError('ERR_USAGE', 'a request path must be a plain path below /v1/')
    const exchange = new Exchange({ name, timeouts: config.timeouts, answerBytes, signal })
    if (!exchange.over) {
      const headers = { ...HEADERS, ...authorization, 'content-type': 'application/json' }
      connections.start({ method: 'POST', path: base + path, headers, body: body.octets }, exchange)
    }
    return exchange.response
  }
  const get = (path: string, options: ExchangeOptions): Promise<UpstreamResponse> => {
    const exchange = new Exchange(options)
    connections.start({ method: 'GET', path: base + path, headers: { ...HEADERS, ...authorization } }, exchange)
    return exchange.response
  }
  return {
    // What a model server serves is known by asking it.
    serves: () => true,
    transforms: modelSplice,
    dependencies: (body, { weights }, forwarded) => requestDependencies(body, { ...weights?.description, forwarded }),
    send,
    healthy: createHealthProbe({ name, get, monotonicMs }),
    close: () => connections.close(),
  }
}

/** All that is sent beside the content's own headers: nothing of the client's. */
const HEADERS = {
  accept: 'application/json, text/event-stream',
  'accept-encoding': 'identity',
  'user-agent': 'countersign',
} as const

function readToken(
  name: string,
  { apiKeyEnv }: HttpUpstreamConfig,
  env: HttpUpstreamDeps['env'],
): { readonly authorization?: string } {
  if (apiKeyEnv === undefined) return {}
  const token = env[apiKeyEnv]
  if (token === undefined || !TOKEN.test(token))
    throw new CountersignError(
      'ERR_CONFIG',
      `upstream ${name}: environment variable ${apiKeyEnv} must hold a bearer token of printable letters without spaces`,
    )
  return { authorization: `Bearer ${token}` }
}
