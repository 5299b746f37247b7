/** One request by an undici dispatcher, in the shape of `fetch`. Nothing is added, decompressed, followed or sent twice. @module */
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { CountersignError } from '../../errors.ts'
import { asNetworkError } from './connect.ts'

export interface Sending {
  readonly url: string
  /** Its body is of text or octets. */
  readonly init: RequestInit
  /** Called once, when the exchange is over, however it ended. */
  readonly ended: () => void
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
const WITHOUT_BODY: readonly number[] = [204, 205, 304]

/** @throws NotVerifiedError of the connection, CountersignError ERR_NETWORK, or the reason of `init.signal` */
export async function send(dispatcher: Dispatcher, { url, init, ended }: Sending): Promise<Response> {
  const signal = init.signal ?? undefined
  let answer: Dispatcher.ResponseData
  try {
    signal?.throwIfAborted()
    const { origin, pathname, search } = new URL(url)
    answer = await dispatcher.request({
      origin,
      path: `${pathname}${search}`,
      method: methodOf(init.method),
      headers: Object.fromEntries(new Headers(init.headers)),
      body: octetsOf(init.body),
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (cause) {
    ended()
    throw signal?.aborted === true ? signal.reason : asNetworkError(cause)
  }
  answer.body.once('close', ended)
  try {
    return responseOf(answer, init)
  } catch (cause) {
    // A status or a field that `fetch` does not know.
    answer.body.destroy()
    throw asNetworkError(cause)
  }
}

function responseOf(
  { statusCode: status, statusText, body, ...answer }: Dispatcher.ResponseData,
  init: RequestInit,
): Response {
  const headers = new Headers()
  for (const [name, value] of Object.entries(answer.headers))
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one)
  const isEmpty = methodOf(init.method) === 'HEAD' || WITHOUT_BODY.includes(status)
  const response = new Response(isEmpty ? null : streamOf(body, init.signal ?? undefined), {
    status,
    statusText,
    headers,
  })
  if (isEmpty) body.resume()
  return response
}

function methodOf(text = 'GET'): (typeof METHODS)[number] {
  const method = METHODS.find((known) => known === text.toUpperCase())
  if (method === undefined) throw new CountersignError('ERR_USAGE', 'the method is not one that a gateway knows')
  return method
}

function octetsOf(body: RequestInit['body']): string | Uint8Array | null {
  if (body === undefined || body === null || typeof body === 'string' || body instanceof Uint8Array) return body ?? null
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  throw new CountersignError('ERR_USAGE', 'a body is text or octets: they are digested before they leave')
}

/** Reads on when more is wanted, so that a slow reader slows the connection down. */
function streamOf(body: Readable, signal: AbortSignal | undefined): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = body[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next()
        if (done === true) controller.close()
        else controller.enqueue(new Uint8Array(value))
      } catch (cause) {
        controller.error(signal?.aborted === true ? signal.reason : asNetworkError(cause))
      }
    },
    cancel() {
      body.destroy()
    },
  })
}
