/** Requests to a gateway by Oblivious HTTP: bound to a key of its verified session, whatever stands in between. RFC 9458; the chunked draft. @module */
import type { Channel, ChannelGateway, ChannelResponse, OpenChannel } from '../client/channel.ts'
import type { ClientDeps } from '../client/deps.ts'
import { fetchStraight } from '../client/http.ts'
import { encodeRequest, type RequestParts } from '../core/ohttp/binary-http.ts'
import type { OhttpKeyConfig } from '../core/ohttp/key-configs.ts'
import { sealRequest } from '../ohttp/index.ts'
import { chooseKey, type OhttpKem } from './choose-key.ts'
import { datedRequest, innerRequest } from './inner-request.ts'
import { headersOf, InnerResponse } from './inner-response.ts'
import {
  DATE_PROBLEM,
  encryptedBody,
  errorCode,
  isProblem,
  MAX_PROBLEM_SIZE,
  problemType,
  REQUEST_TYPE,
} from './outer-answer.ts'
import { refused, refusedBy } from './refused.ts'

export interface OhttpChannelOptions {
  /**
   * Address of an Oblivious Relay Resource that forwards to the gateway: with one, the gateway does not learn the client's address, and
   * the relay nothing but sizes and times. By default the gateway's own resource.
   */
  readonly relay?: string
  readonly kem?: OhttpKem
  /** By default the client's own. */
  readonly deps?: Partial<Pick<ClientDeps, 'fetch' | 'clock'>>
}

/** Below the gateway's address, without `/v1`. */
const RESOURCE = '/.well-known/ohttp-gateway'

/**
 * A channel for `createAttestedFetch`. Path, headers, key and body are encrypted to the gateway's attested key; nothing of them is sent
 * in clear, and an answer in clear is refused.
 * @example
 * ```ts
 * import { createAttestedFetch } from 'countersign'
 * import { createOhttpChannel } from 'countersign/ohttp'
 *
 * const fetch = createAttestedFetch({ policy, lock, channel: createOhttpChannel({ kem: 'hybrid' }) })
 * ```
 */
export function createOhttpChannel({ relay, kem = 'any', deps = {} }: OhttpChannelOptions = {}): Channel {
  return {
    binding: 'ohttp',
    open: (gateway) => {
      const config = chooseKey(gateway.attestation.session, kem)
      const resource = relay ?? `${gateway.base.slice(0, -'/v1'.length)}${RESOURCE}`
      return openOver(gateway, { config, resource, deps: { ...gateway.deps, ...deps } })
    },
  }
}

interface Way {
  readonly config: OhttpKeyConfig
  /** Where encrypted requests go. */
  readonly resource: string
  readonly deps: ClientDeps
}

function openOver({ base, attestation }: ChannelGateway, way: Way): OpenChannel {
  const held = { observed: { binding: 'ohttp', keyConfig: way.config.octets }, attestation } as const
  return {
    fetch: async (url, init): Promise<ChannelResponse> => {
      // What its log publishes stands beside the API.
      if (!url.startsWith(`${base.slice(0, -'/v1'.length)}/`))
        throw refused('CHANNEL_CHANGED', 'another address than that of the gateway')
      const request = await innerRequest(url, init)
      const inner = await sendDated(request, init.signal ?? undefined, way)
      // A redirect within is one all the same.
      const straight = fetchStraight(() => inner.response(), url, init)
      return { response: await orCancel(inner, straight), held }
    },
    close: () => {},
  }
}

/** Sends, and once more with the gateway's own date where its clock is another one. @throws NotVerifiedError E2EE_STALE after that */
async function sendDated(request: RequestParts, signal: AbortSignal | undefined, way: Way): Promise<InnerResponse> {
  const first = await send(datedRequest(request, way.deps.clock.now()), signal, way)
  const date = await orCancel(first, refusedDate(first))
  if (date === 'none') return first
  await first.cancel('the date is corrected')
  const second = await send(datedRequest(request, date), signal, way)
  if ((await orCancel(second, refusedDate(second))) === 'none') return second
  await second.cancel('the date is refused again')
  throw refused('E2EE_STALE', 'the gateway refuses its own date')
}

async function send(request: RequestParts, signal: AbortSignal | undefined, way: Way): Promise<InnerResponse> {
  const { octets, response } = await sealed(request, way.config)
  const outer = await fetchStraight(way.deps.fetch, way.resource, {
    method: 'POST',
    headers: { 'content-type': REQUEST_TYPE, incremental: '?1' },
    body: octets.slice(),
    // Cookies, or a referrer, would tell the relay what the encryption hides.
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    ...(signal === undefined ? {} : { signal }),
  })
  return new InnerResponse(await encryptedBody(outer), response, signal)
}

async function sealed(request: RequestParts, config: OhttpKeyConfig): ReturnType<typeof sealRequest> {
  try {
    return await sealRequest(config, encodeRequest(request), 'chunked')
  } catch (error) {
    throw refusedBy(error)
  }
}

/**
 * The gateway's date, where it refused ours. Only what came encrypted counts: the gateway alone can have written it. Told so in clear,
 * whoever stands in between could have a request that was already carried out sent again. An answer with a receipt was carried out, too.
 * @throws NotVerifiedError E2EE_REPLAY where the gateway saw this request before: somebody sent a copy ahead of it
 */
async function refusedDate(inner: InnerResponse): Promise<Date | 'none'> {
  const { status, headers: fields } = await inner.head()
  const headers = headersOf(fields)
  if ((status !== 400 && status !== 409) || headers.has('inference-receipt-id')) return 'none'
  const body = await inner.peek(MAX_PROBLEM_SIZE)
  if (body === undefined) return 'none'
  if (status === 409 && errorCode(body) === 'E2EE_REPLAY')
    throw refused('E2EE_REPLAY', 'the gateway saw this request before: somebody copied it')
  if (status !== 400 || !isProblem(headers) || problemType(body) !== DATE_PROBLEM) return 'none'
  const date = new Date(headers.get('date') ?? '')
  if (Number.isNaN(date.getTime())) throw refused('E2EE_STALE', 'the gateway refuses the date, and names none')
  return date
}

async function orCancel<T>(inner: InnerResponse, step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (error) {
    inner.cancel(error).catch(() => undefined)
    throw error
  }
}
