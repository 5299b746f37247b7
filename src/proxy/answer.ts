/** Writes answers: whole ones once they are verified, streams as they are released, refusals in the shape that SDKs throw on. @module */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { AttestedReceipt } from '../client/receipt.ts'
import type { VerifiedGateway } from './gateway.ts'
import type { Lifetime } from './lifetime.ts'
import { type Refusal, refusalBody, refusalEvent } from './refusal.ts'
import { encodeVerdict, type ProxyVerdict, VERDICT_HEADER, verdictComment } from './verdict-field.ts'

type HeaderFields = Readonly<Record<string, string>>

export function verdictOf(
  { claims, grade, simulated }: AttestedReceipt,
  channel: VerifiedGateway['channel'],
): ProxyVerdict {
  return { state: 'verified', grade, channel, simulated, jti: claims.jti }
}

function failedVerdict({ code, check, local = false }: Refusal): ProxyVerdict {
  return local ? { state: 'local' } : { state: 'failed', code, ...(check === undefined ? {} : { check }) }
}

/** An error instead of an answer. */
export function writeRefusal(outgoing: ServerResponse, refusal: Refusal, headers: HeaderFields): ProxyVerdict {
  const verdict = failedVerdict(refusal)
  writeWhole(
    outgoing,
    { status: refusal.status, body: refusalBody(refusal), verdict },
    {
      ...headers,
      'content-type': 'application/json',
      ...(refusal.permanent ? { 'x-should-retry': 'false' } : {}),
    },
  )
  return verdict
}

export interface WholeAnswer {
  readonly status: number
  readonly body: Uint8Array | string
  readonly verdict: ProxyVerdict
}

/** Octets that are all there. */
export function writeWhole(
  outgoing: ServerResponse,
  { status, body, verdict }: WholeAnswer,
  headers: HeaderFields,
): void {
  const hasBody = status !== 204 && status !== 304
  outgoing.writeHead(status, {
    ...headers,
    ...(hasBody ? { 'content-length': Buffer.byteLength(body) } : {}),
    [VERDICT_HEADER]: encodeVerdict(verdict),
  })
  outgoing.end(body)
}

export interface StreamOptions {
  readonly status: number
  readonly headers: HeaderFields
  readonly channel: VerifiedGateway['channel']
  /** Resolves when the stream has been read to its end and has verified. */
  readonly receipt: Promise<AttestedReceipt>
  readonly lifetime: Lifetime
}

/**
 * The head leaves at once; octets leave as the attested fetch releases them: whole blocks, and the one that readers take for the end only
 * after the receipt has verified.
 */
export async function writeStream(
  outgoing: ServerResponse,
  body: ReadableStream<Uint8Array>,
  { status, headers, channel, receipt, lifetime }: StreamOptions,
): Promise<ProxyVerdict> {
  outgoing.writeHead(status, { ...headers, [VERDICT_HEADER]: encodeVerdict({ state: 'pending', channel }) })
  outgoing.flushHeaders()
  for await (const chunk of body) {
    lifetime.progress()
    // A client that reads slowly slows the gateway; one that leaves ends the wait.
    if (!outgoing.write(chunk)) await once(outgoing, 'drain', { signal: lifetime.signal })
  }
  const verdict = verdictOf(await receipt, channel)
  outgoing.end(verdictComment(verdict))
  return verdict
}

/** SDKs throw on the event; who reads no events finds a body that breaks off: its last chunk never comes. */
export function cutStream(outgoing: ServerResponse, refusal: Refusal): ProxyVerdict {
  const verdict = failedVerdict(refusal)
  outgoing.write(`${refusalEvent(refusal)}${verdictComment(verdict)}`, () => outgoing.socket?.destroySoon())
  return verdict
}
