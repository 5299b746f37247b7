/** Encrypts answers while they come: each part that the gateway writes leaves as a chunk, at the pace of whoever reads it. @module */
import type { IncomingMessage } from 'node:http'
import { concatBytes } from '../../core/encoding/bytes.ts'
import {
  encodeContentChunk,
  encodeResponse,
  encodeResponseEnd,
  encodeResponseHead,
  type Fields,
  isConnectionField,
  type ResponseHead,
} from '../../core/ohttp/binary-http.ts'
import type { OhttpForm, ResponseSealer } from '../../ohttp/index.ts'
import type { ClientResponse } from '../routes/client-response.ts'
import { type InnerAnswer, tooLargeAnswer } from './refusals.ts'

const RESPONSE_TYPES = { chunked: 'message/ohttp-chunked-res', whole: 'message/ohttp-res' } as const

export interface SealedAnswerOptions {
  readonly form: OhttpForm
  readonly sealer: ResponseSealer
  /** Most octets of content of an answer that leaves as a whole. */
  readonly maxSize: number
}

export class SealedAnswer {
  readonly #client: ClientResponse
  readonly #form: OhttpForm
  readonly #sealer: ResponseSealer
  readonly #maxSize: number

  constructor(client: ClientResponse, { form, sealer, maxSize }: SealedAnswerOptions) {
    this.#client = client
    this.#form = form
    this.#sealer = sealer
    this.#maxSize = maxSize
  }

  /** An answer that is there. */
  async send(answer: InnerAnswer): Promise<void> {
    const octets = await this.#sealer.finish(encodeResponse(answer))
    this.#client.send(200, RESPONSE_TYPES[this.#form], concatBytes(this.#sealer.begin, octets))
  }

  /** Rejects where the inner connection breaks: then nothing may look like the end of an answer. */
  relay(inner: IncomingMessage): Promise<void> {
    return this.#form === 'chunked' ? this.#relayChunks(inner) : this.#relayWhole(inner)
  }

  async #relayChunks(inner: IncomingMessage): Promise<void> {
    const { status, headers } = headOf(inner)
    const head = await this.#sealer.seal(encodeResponseHead(status, headers))
    this.#client.open(200, RESPONSE_TYPES.chunked)
    await this.#client.write(concatBytes(this.#sealer.begin, head))
    for await (const part of partsOf(inner)) {
      // Nothing more is read from within until whoever is outside has taken this.
      await this.#client.write(await this.#sealer.seal(encodeContentChunk(part)))
    }
    this.#client.end(await this.#sealer.finish(encodeResponseEnd()))
  }

  async #relayWhole(inner: IncomingMessage): Promise<void> {
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of partsOf(inner)) {
      size += part.length
      if (size > this.#maxSize) return this.send(tooLargeAnswer(this.#maxSize))
      parts.push(part)
    }
    return this.send({ ...headOf(inner), content: concatBytes(...parts) })
  }
}

/** Rejects where the connection breaks before the message has ended; whoever stops early breaks it off. */
async function* partsOf(inner: IncomingMessage): AsyncGenerator<Uint8Array> {
  for await (const part of inner) if (part instanceof Uint8Array) yield part
}

function headOf({ statusCode = 502, rawHeaders }: IncomingMessage): ResponseHead {
  const headers: [string, string][] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? ''
    if (!isConnectionField(name)) headers.push([name, rawHeaders[i + 1] ?? ''])
  }
  return { status: statusCode, headers: headers satisfies Fields }
}
