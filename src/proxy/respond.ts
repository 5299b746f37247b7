/** Takes one request to its end: admitted, forwarded, answered, or refused. @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { admit, type Callers, originHeaders, preflightHeaders } from './admission.ts'
import { cutStream, verdictOf, writeRefusal, writeStream, writeWhole } from './answer.ts'
import { type Answer, RefusedError, type VerifiedGateway } from './gateway.ts'
import { answeredHeaders, forwardedHeaders } from './headers.ts'
import type { Lifetime } from './lifetime.ts'
import { type Refusal, refusalOf } from './refusal.ts'
import { readRequest } from './request-body.ts'
import type { ProxyVerdict } from './verdict-field.ts'

export interface RespondDeps {
  readonly gateway: VerifiedGateway
  readonly callers: Callers
  /** Replaces the keys of clients. */
  readonly apiKey: string | undefined
  readonly maxRequestSize: number
  /** Told of mistakes of the proxy itself. */
  readonly fault: (error: unknown) => void
  /** Begins one for a request that goes to the gateway. */
  readonly live: (outgoing: ServerResponse) => Lifetime
}

export type Outcome = ProxyVerdict | { readonly state: 'aborted' }

const LOCAL: ProxyVerdict = { state: 'local' }

export async function respond(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  deps: RespondDeps,
): Promise<Outcome> {
  const admission = admit(incoming, deps.callers)
  const headers = originHeaders(incoming, deps.callers)
  switch (admission.kind) {
    case 'refused':
      // What it would have sent is not read.
      return writeRefusal(outgoing, admission.refusal, { ...headers, connection: 'close' })
    case 'preflight':
      writeWhole(outgoing, { status: 204, body: '', verdict: LOCAL }, { ...headers, ...preflightHeaders(incoming) })
      return LOCAL
    case 'livez':
      writeJson(outgoing, { status: 200, body: { live: true } }, headers)
      return LOCAL
    case 'readyz':
      writeJson(outgoing, await readiness(deps), headers)
      return LOCAL
    case 'forward':
      return forward(admission.path, { incoming, outgoing }, deps)
    default:
      return admission satisfies never
  }
}

interface LocalAnswer {
  readonly status: number
  readonly body: object
}

function writeJson(
  outgoing: ServerResponse,
  { status, body }: LocalAnswer,
  headers: Readonly<Record<string, string>>,
): void {
  writeWhole(
    outgoing,
    { status, body: JSON.stringify(body), verdict: LOCAL },
    { ...headers, 'content-type': 'application/json' },
  )
}

async function readiness({ gateway, fault }: RespondDeps): Promise<LocalAnswer> {
  try {
    return { status: 200, body: { ready: true, gateway: await gateway.check() } }
  } catch (error) {
    const { code, check, message } = explain(error, fault)
    return { status: 503, body: { ready: false, code, ...(check === undefined ? {} : { check }), message } }
  }
}

function explain(error: unknown, fault: RespondDeps['fault']): Refusal {
  const refusal = error instanceof RefusedError ? error.refusal : refusalOf(error, 0)
  if (refusal.code === 'internal_error') fault(error instanceof RefusedError ? error.cause : error)
  return refusal
}

interface Sockets {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

async function forward(path: string, { incoming, outgoing }: Sockets, deps: RespondDeps): Promise<Outcome> {
  const own = originHeaders(incoming, deps.callers)
  const lifetime = deps.live(outgoing)
  const { signal } = lifetime
  try {
    const body = await readRequest(incoming, deps.maxRequestSize)
    if (!(body instanceof Uint8Array)) return writeRefusal(outgoing, body, { ...own, connection: 'close' })
    const headers = forwardedHeaders(incoming.rawHeaders, deps.apiKey)
    const answer = await deps.gateway.ask(path, { method: incoming.method ?? 'GET', headers, body, signal })
    return await pass(answer, outgoing, { own, lifetime, channel: deps.gateway.channel })
  } catch (error) {
    if (lifetime.isGone) return { state: 'aborted' }
    const refusal = explain(signal.aborted ? signal.reason : error, deps.fault)
    return outgoing.headersSent ? cutStream(outgoing, refusal) : writeRefusal(outgoing, refusal, own)
  } finally {
    lifetime.finish()
  }
}

interface PassOptions {
  /** Headers of the proxy itself. */
  readonly own: Readonly<Record<string, string>>
  readonly lifetime: Lifetime
  readonly channel: VerifiedGateway['channel']
}

async function pass(
  { response, receipt }: Answer,
  outgoing: ServerResponse,
  { own, lifetime, channel }: PassOptions,
): Promise<ProxyVerdict> {
  const headers = { ...answeredHeaders(response.headers), ...own }
  const { status } = response
  const isStream = headers['content-type']?.startsWith('text/event-stream') === true
  if (isStream && response.body !== null && receipt !== 'none')
    return writeStream(outgoing, response.body, { status, headers, channel, receipt, lifetime })
  const body = new Uint8Array(await response.arrayBuffer())
  const verdict: ProxyVerdict =
    receipt === 'none' ? { state: 'no-receipt', channel } : verdictOf(await receipt, channel)
  writeWhole(outgoing, { status, body, verdict }, headers)
  return verdict
}
