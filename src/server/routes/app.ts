/** The table of routes. Handlers are shells: they read, call, and map the result; the Context goes no further than this file. @module */
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import { CountersignError, StateError } from '../../errors.ts'
import { authenticate, type Caller } from '../middleware/authenticate.ts'
import { CORS_HEADERS, PREFLIGHT_HEADERS } from '../middleware/cors.ts'
import { DecapsulationTurns } from '../ohttp/decapsulation-turns.ts'
import { answerEncrypted, OHTTP_ROUTE, showOhttpKeys } from '../ohttp/gateway-resource.ts'
import type { Loopback } from '../ohttp/loopback.ts'
import { OpeningRoom } from '../ohttp/opening-room.ts'
import { ReplayGuard } from '../ohttp/replay-guard.ts'
import { reportFailure } from '../telemetry/report-failure.ts'
import { type ApiError, historyDamaged, internalError, invalidApiKey, logUnavailable, notFound } from './api-error.ts'
import { showAttestation } from './attestation.ts'
import { CHUNK_PROOF_ROUTE, showChunkProof } from './chunk-proofs.ts'
import { showLiveness, showReadiness } from './health.ts'
import { History } from './history.ts'
import { handleInference } from './inference/handle-inference.ts'
import { OPERATIONS } from './inference/operations/index.ts'
import { listModels, showModel } from './models.ts'
import type { GatewayParts } from './parts.ts'
import { type Preferences, readPreferences } from './preferences.ts'
import { showLogFile, showLogs, showSession } from './published.ts'
import { type Asked, deleteReceipt, showProof, showReceipt } from './receipts.ts'
import { deleteRemembered } from './remembered.ts'
import { createRequestId } from './request-id.ts'
import { respondError } from './respond.ts'

const RECEIPT_ROUTE = '/v1/receipts/:rid'
/** Model servers choose ids: they may hold slashes. */
const REMEMBERED_ROUTE = '/v1/responses/:id{.+}'

interface Env {
  Bindings: HttpBindings
}
type Answer = Promise<Response> | Response
type Handler = (c: Context<Env>) => Answer

function errorOf(error: unknown): ApiError {
  if (error instanceof StateError) return historyDamaged()
  return error instanceof CountersignError && error.code === 'ERR_LOG_APPEND' ? logUnavailable() : internalError()
}

/** Of what is damaged on the store the operator hears the name: messages about it hold names and places alone. */
function report({ telemetry }: GatewayParts, error: unknown): void {
  if (error instanceof StateError) telemetry.write({ event: 'history-damaged', detail: error.message })
  else reportFailure(telemetry, error)
}

/** Everything that every answer has: headers, a line of telemetry under the route's pattern, and no exception that gets out. */
function observed(parts: GatewayParts, route: string, handler: Handler): (c: Context<Env>) => Promise<Response> {
  return async (c) => {
    const startedMs = parts.clock.monotonicMs()
    const requestId = createRequestId(parts.random)
    const response = await Promise.resolve(c)
      .then(handler)
      .catch((error: unknown) => {
        report(parts, error)
        return respondError(errorOf(error))
      })
    for (const [name, value] of Object.entries(CORS_HEADERS)) response.headers.set(name, value)
    response.headers.set('x-request-id', requestId)
    parts.telemetry.write({
      event: 'request',
      requestId,
      route,
      status: response.status,
      requestSize: 0,
      responseSize: 0,
      durationMs: Math.round((parts.clock.monotonicMs() - startedMs) * 100) / 100,
    })
    return response
  }
}

/** `wait` may stand in the query too, for clients that cannot set headers. */
function preferencesOf(c: Context<Env>): Preferences {
  const { wait, ...preferences } = readPreferences(c.env.incoming.headers)
  const text = c.req.query('wait')
  const asked = text === undefined ? wait : /^[0-9]{1,6}$/.test(text) ? Number(text) : undefined
  return { ...preferences, ...(asked === undefined ? {} : { wait: asked }) }
}

/** @param loopback leads to the server that this very table is served by */
export function createApp(parts: GatewayParts, loopback: Loopback): Hono<Env> {
  const app = new Hono<Env>()
  const history = new History(parts)
  const get = (route: string, handler: Handler): void => {
    app.get(route, observed(parts, route, handler))
  }
  const withCaller =
    (handler: (c: Context<Env>, caller: Caller) => Answer): Handler =>
    (c) => {
      const caller = authenticate(c.env.incoming.headers.authorization, parts.config.operational.apiKeys)
      return caller === undefined ? respondError(invalidApiKey()) : handler(c, caller)
    }

  // Answers on Node's own response, so that no octet of a stream passes through a web stream.
  for (const operation of OPERATIONS)
    app.post(operation.path, (c) => {
      void handleInference(parts, operation, c.env)
      return RESPONSE_ALREADY_SENT
    })
  const resource = {
    parts,
    loopback,
    replays: new ReplayGuard(),
    room: new OpeningRoom(),
    turns: new DecapsulationTurns(),
  }
  app.post(OHTTP_ROUTE, (c) => {
    void answerEncrypted(resource, c.env)
    return RESPONSE_ALREADY_SENT
  })
  get(OHTTP_ROUTE, () => showOhttpKeys(parts))
  get(
    '/v1/models',
    withCaller((_, caller) => listModels(parts, caller)),
  )
  // Ids hold slashes.
  get(
    '/v1/models/:id{.+}',
    withCaller((c, caller) => showModel(parts, caller, c.req.param('id') ?? '')),
  )
  get('/v1/attestation', (c) => {
    const { nonce, binding } = c.req.query()
    const { socket } = c.env.incoming
    return showAttestation(parts, { nonce, binding, socket, wait: preferencesOf(c).wait })
  })
  get('/v1/sessions/:hex', (c) => showSession(parts, c.req.param('hex') ?? ''))
  const withReceipt = (handler: (asked: Asked, c: Context<Env>) => Answer): Handler =>
    withCaller((c, caller) =>
      handler({ parts, history, rid: c.req.param('rid') ?? '', caller, preferences: preferencesOf(c) }, c),
    )
  get(
    RECEIPT_ROUTE,
    withReceipt((asked, c) => showReceipt(asked, c.req.header('accept') ?? '')),
  )
  app.delete(RECEIPT_ROUTE, observed(parts, RECEIPT_ROUTE, withReceipt(deleteReceipt)))
  get(`${RECEIPT_ROUTE}/proof`, withReceipt(showProof))
  get(
    CHUNK_PROOF_ROUTE,
    withCaller((c) =>
      showChunkProof(parts, { collection: c.req.param('collection') ?? '', chunk: c.req.query('chunk') ?? '' }),
    ),
  )
  const forget = withCaller((c, caller) => deleteRemembered(parts, caller, c.req.param('id') ?? ''))
  app.delete(REMEMBERED_ROUTE, observed(parts, REMEMBERED_ROUTE, forget))
  get('/log', () => showLogs(parts, history))
  get('/log/*', (c) => showLogFile(history, c.req.path))
  get('/livez', () => showLiveness(parts))
  get('/readyz', () => showReadiness(parts))
  app.options('*', () => new Response(null, { status: 204, headers: PREFLIGHT_HEADERS }))
  app.notFound(observed(parts, '*', () => respondError(notFound())))
  return app
}
