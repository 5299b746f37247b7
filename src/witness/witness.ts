/** The reference witness as one handler of node:http. A shell: each route is a function from octets to an answer. @module */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { MAX_ARCHIVE_SIZE } from '../core/archive/index.ts'
import { CountersignError } from '../errors.ts'
import { createAddCheckpoint } from './add-checkpoint.ts'
import { createAddOrigin } from './add-origin.ts'
import { type Answer, later, plain } from './answer.ts'
import { resolveDeps, type WitnessDeps } from './deps.ts'
import { listHost } from './list-host.ts'
import { Origins } from './origins.ts'
import { discardRest, readBody } from './read-body.ts'
import { WitnessClock } from './witness-clock.ts'

export interface Witness {
  readonly name: string
  /** C2SP verifier key of type 0x04. */
  readonly vkey: string
  /** For `createServer` of node:http. Never throws; answers everything. */
  handler(incoming: IncomingMessage, response: ServerResponse): void
}

const MAX_CHECKPOINT_REQUEST = 64 * 1024

interface Route {
  readonly method: 'GET' | 'POST'
  /** Octets of content. */
  readonly limit: number
  answer(incoming: IncomingMessage, octets: Uint8Array): Promise<Answer>
}

/**
 * Reads every record once, so that time never goes back behind one that was given out, and nothing is signed over a damaged record.
 * @throws CountersignError ERR_CONFIG for a policy without hosts; MalformedError for a damaged record
 */
export async function createWitness(given: WitnessDeps): Promise<Witness> {
  const deps = resolveDeps(given)
  if (deps.trust?.policy.origins === 'unchecked')
    throw new CountersignError('ERR_CONFIG', 'policy.origins: a witness must name the hosts whose logs it follows')
  const origins = new Origins(deps.store)
  const clock = new WitnessClock(deps.now, await origins.newestTime())
  const addCheckpoint = createAddCheckpoint({ deps, origins, clock })
  const addOrigin = createAddOrigin({ deps, origins, clock })
  const { name, vkey } = deps.key
  const about = plain(200, `A witness of transparency logs (c2sp.org/tlog-witness), run with countersign.\n${vkey}`)
  const routes = new Map<string, Route>([
    ['/', { method: 'GET', limit: 0, answer: async () => about }],
    [
      '/add-checkpoint',
      { method: 'POST', limit: MAX_CHECKPOINT_REQUEST, answer: (_, octets) => addCheckpoint(octets) },
    ],
    [
      '/add-origin',
      {
        method: 'POST',
        limit: MAX_ARCHIVE_SIZE,
        answer: ({ headers }, octets) =>
          addOrigin({ mediaType: mediaTypeOf(headers['content-type']), authorization: headers.authorization, octets }),
      },
    ],
  ])
  const routeOf = (path: string, query: string): Route | undefined => {
    const [, host] = /^\/hosts\/([^/]+)$/.exec(path) ?? []
    if (host === undefined) return query === '' ? routes.get(path) : undefined
    const [, from = '0'] = /^from=(.*)$/.exec(query) ?? []
    return { method: 'GET', limit: 0, answer: () => listHost(origins, host, from) }
  }
  return {
    name,
    vkey,
    handler: (incoming, response) => {
      const [path = '/', query = ''] = (incoming.url ?? '/').split('?')
      answerOf(routeOf(path, query), incoming).then(
        (answer) => send(response, incoming, answer),
        (error) => {
          // The client learns that the witness failed and nothing of why.
          deps.report({ event: 'failed', error })
          send(response, incoming, later(503, 'the witness could not do this', 5))
        },
      )
    },
  }
}

async function answerOf(route: Route | undefined, incoming: IncomingMessage): Promise<Answer | undefined> {
  if (route === undefined) return plain(404, 'there is nothing here; see /')
  if (incoming.method !== route.method) return plain(405, `use ${route.method}`)
  const octets = await readBody(incoming, route.limit).catch(() => 'gone' as const)
  if (octets === 'gone') return undefined
  return octets === undefined ? plain(413, 'the body is too large') : route.answer(incoming, octets)
}

function mediaTypeOf(header: string | undefined): string {
  return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

function send(response: ServerResponse, incoming: IncomingMessage, answer: Answer | undefined): void {
  if (answer === undefined || response.destroyed) return
  const { status, type, body, retryAfter } = answer
  const isWhole = incoming.complete
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...(isWhole ? {} : { connection: 'close' }),
  })
  response.end(body)
  discardRest(incoming)
}
