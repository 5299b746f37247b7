/** A gateway of OHTTP without a network: a fetch that opens requests and seals answers, and what it saw. */
import {
  type BinaryRequest,
  encodeContentChunk,
  encodeResponseEnd,
  encodeResponseHead,
  type Fields,
} from '../../src/core/ohttp/binary-http.ts'
import { type OhttpKeys, openRequest } from '../../src/ohttp/index.ts'

export interface Answer {
  readonly status?: number
  readonly headers?: Fields
  readonly content?: AsyncIterable<Uint8Array> | readonly Uint8Array[]
  /** What somebody on the way does to the sealed parts: the nonce and the head, then one for each of content, then the end. */
  readonly meddle?: (parts: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>
}

export interface SeenRequest {
  readonly url: string
  readonly init: RequestInit
  readonly octets: Uint8Array
  readonly request: BinaryRequest
  readonly enc: Uint8Array
}

export interface MemoryGateway {
  readonly fetch: typeof globalThis.fetch
  readonly seen: readonly SeenRequest[]
  /** Answers that were let go of before their end. */
  cancelled(): number
}

/** @param answer for each request by its number; a Response is given as it is, in clear */
export function memoryGateway(keys: OhttpKeys, answer: (count: number) => Answer | Response): MemoryGateway {
  const seen: SeenRequest[] = []
  let cancelled = 0
  const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    init.signal?.throwIfAborted()
    if (!(init.body instanceof Uint8Array)) throw new TypeError('a body of octets was expected')
    const octets = init.body
    const opened = await openRequest(keys, one(octets), 'chunked', { maxSize: 1 << 20 })
    seen.push({ url: String(input), init, octets, request: opened.request, enc: opened.enc })
    const given = answer(seen.length)
    if (given instanceof Response) return given
    const { meddle = (parts) => parts } = given
    const parts = meddle(sealedParts(opened, given))[Symbol.asyncIterator]()
    const body = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          init.signal?.addEventListener('abort', () => {
            cancelled++
            controller.error(init.signal?.reason)
          })
        },
        async pull(controller) {
          const part = await parts.next()
          if (part.done) controller.close()
          else controller.enqueue(part.value)
        },
        async cancel() {
          cancelled++
          await parts.return?.()
        },
      },
      { highWaterMark: 0 },
    )
    return new Response(body, { headers: { 'content-type': 'message/ohttp-chunked-res' } })
  }
  return { fetch, seen, cancelled: () => cancelled }
}

async function* sealedParts(
  opened: Awaited<ReturnType<typeof openRequest>>,
  { status = 200, headers = [], content = [] }: Answer,
): AsyncGenerator<Uint8Array> {
  const sealer = await opened.sealResponse()
  yield sealer.begin
  yield sealer.seal(encodeResponseHead(status, headers))
  for await (const part of content) yield sealer.seal(encodeContentChunk(part))
  yield sealer.finish(encodeResponseEnd())
}

async function* one(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  yield octets
}
