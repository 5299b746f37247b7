/** A client that sees every octet of an encrypted exchange, and may meddle with any. @module */
import type { IncomingMessage } from 'node:http'
import { encodeRequest, type RequestParts, ResponseDecoder } from '../../../src/core/ohttp/binary-http.ts'
import { KEM_X25519, type OhttpKeyConfig, readOhttpKeyConfigs } from '../../../src/core/ohttp/key-configs.ts'
import type { OhttpForm, SealedRequest } from '../../../src/ohttp/index.ts'
import { sealRequest } from '../../../src/ohttp/index.ts'
import { ask, attest, type GatewayFixture, PLAIN_MODEL } from '../gateway/gateway-fixture.ts'
import { call, type OpenReply, open, type Reply } from '../gateway/http-client.ts'

export const RESOURCE = '/.well-known/ohttp-gateway'

/** A key of the attested session. */
export async function sessionKey(fixture: GatewayFixture, kem: number = KEM_X25519): Promise<OhttpKeyConfig> {
  const { session } = await attest(fixture)
  const config = readOhttpKeyConfigs(session.keys.ohttp ?? '').find((each) => each.kem === kem)
  if (config === undefined) throw new Error('the session names no such key')
  return config
}

export function chatRequest(more: object = {}, headers: RequestParts['headers'] = []): RequestParts {
  return request('POST', '/v1/chat/completions', {
    headers: [['content-type', 'application/json'], ...headers],
    content: new TextEncoder().encode(ask(PLAIN_MODEL, more)),
  })
}

export function request(
  method: string,
  path: string,
  { headers = [], content = new Uint8Array(0) }: Partial<Pick<RequestParts, 'headers' | 'content'>> = {},
): RequestParts {
  return { method, scheme: 'http', authority: 'gw.example.com', path, headers, content }
}

export function dated(inner: RequestParts, date: Date = new Date()): RequestParts {
  return { ...inner, headers: [...inner.headers, ['date', date.toUTCString()]] }
}

export async function seal(
  fixture: GatewayFixture,
  inner: RequestParts,
  form: OhttpForm = 'chunked',
): Promise<SealedRequest> {
  return sealRequest(await sessionKey(fixture), encodeRequest(inner), form)
}

const typeOf = (form: OhttpForm): string => (form === 'chunked' ? 'message/ohttp-chunked-req' : 'message/ohttp-req')

export function sendOctets(fixture: GatewayFixture, octets: Uint8Array, form: OhttpForm = 'chunked'): Promise<Reply> {
  return call(`${fixture.url}${RESOURCE}`, { method: 'POST', headers: { 'content-type': typeOf(form) }, body: octets })
}

export function openOctets(fixture: GatewayFixture, octets: Uint8Array): Promise<OpenReply> {
  const headers = { 'content-type': typeOf('chunked') }
  return open(`${fixture.url}${RESOURCE}`, { method: 'POST', headers, body: octets })
}

export interface InnerReply {
  readonly status: number
  readonly headers: Headers
  readonly octets: Uint8Array
  readonly text: string
  readonly outer: Reply
}

/** Decrypts an answer that came to its authentic end. @throws MalformedError for any other */
export async function openReply(outer: Reply, { response }: SealedRequest): Promise<InnerReply> {
  const decoder = new ResponseDecoder()
  const parts = [
    ...decoder.push(await response.push(outer.octets)),
    ...decoder.push(await response.finish()),
    ...decoder.finish(),
  ]
  const octets = new Uint8Array(Buffer.concat(parts))
  const { status = 0, headers = [] } = decoder.head ?? {}
  return {
    status,
    headers: new Headers(headers.map(([name, value]) => [name, value])),
    octets,
    text: Buffer.from(octets).toString(),
    outer,
  }
}

/** One exchange from end to end. */
export async function exchange(
  fixture: GatewayFixture,
  inner: RequestParts,
  form: OhttpForm = 'chunked',
): Promise<InnerReply> {
  const sealed = await seal(fixture, dated(inner), form)
  return openReply(await sendOctets(fixture, sealed.octets, form), sealed)
}

/** What has been decrypted of an answer that is still coming. */
export class GrowingReply {
  readonly incoming: IncomingMessage
  readonly abort: () => void
  readonly #sealed: SealedRequest
  readonly #decoder: ResponseDecoder = new ResponseDecoder()
  readonly #source: AsyncIterator<Buffer>
  text = ''

  constructor({ incoming, abort }: OpenReply, sealed: SealedRequest) {
    this.incoming = incoming
    this.abort = abort
    this.#sealed = sealed
    this.#source = incoming[Symbol.asyncIterator]()
  }

  get headers(): Headers {
    return new Headers((this.#decoder.head?.headers ?? []).map(([name, value]) => [name, value]))
  }

  /** Reads until this has come. */
  async until(wanted: string): Promise<void> {
    while (!this.text.includes(wanted)) if (!(await this.more())) throw new Error('the answer ended before')
  }

  /** Reads once. @returns false at the end of what came, authentic or not */
  async more(): Promise<boolean> {
    const next = await this.#source.next()
    if (next.done === true) return false
    for (const part of this.#decoder.push(await this.#sealed.response.push(new Uint8Array(next.value))))
      this.text += Buffer.from(part).toString()
    return true
  }

  /** @throws MalformedError E2EE_TRUNCATED, E2EE_DECRYPT where what came is not all */
  async finish(): Promise<void> {
    for (const part of this.#decoder.push(await this.#sealed.response.finish()))
      this.text += Buffer.from(part).toString()
    this.#decoder.finish()
  }
}

export async function openStream(fixture: GatewayFixture, inner: RequestParts): Promise<GrowingReply> {
  const sealed = await seal(fixture, dated(inner))
  return new GrowingReply(await openOctets(fixture, sealed.octets), sealed)
}
