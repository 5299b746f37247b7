/** Opening encapsulated requests, as a gateway does. RFC 9458 section 4.3; the chunked draft, section 6.1. @module */
import { concatBytes } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { type BinaryRequest, decodeRequest } from '../core/ohttp/binary-http.ts'
import { ChunkReader } from '../core/ohttp/chunks.ts'
import { Inflow, type Steps } from '../core/ohttp/inflow.ts'
import { MalformedError } from '../errors.ts'
import type { RecipientContext } from './hpke.ts'
import type { OhttpKeys } from './keys.ts'
import { decodeRequestHeader, HEADER_SIZE, type OhttpForm } from './request-header.ts'
import { exportSecret } from './response-keys.ts'
import { type ResponseSealer, sealResponse } from './seal-response.ts'

export interface OpenedRequest {
  readonly request: BinaryRequest
  /** The encapsulated key: fresh in every genuine request, so one that came before is a replay (RFC 9458 section 6.5.1). */
  readonly enc: Uint8Array
  sealResponse(): Promise<ResponseSealer>
}

export interface RequestLimits {
  /** Octets of the encapsulated request. */
  readonly maxSize: number
}

const FINAL = encodeUtf8('final')
const NOTHING = new Uint8Array(0)
/** Opening a chunk costs more than receiving it, so a request of many small ones would be cheaper to send than to refuse. */
const FREE_CHUNKS = 256
const OCTETS_PER_CHUNK = 1024

/**
 * Opens an encapsulated request. It returns when the last octet came and opened: before that nobody knows that it is whole.
 * @param source octets of anybody who can reach the gateway; its `return` is called where they are not read to the end
 * @throws MalformedError E2EE_KEY, E2EE_SUITE, E2EE_DECRYPT, E2EE_TRUNCATED, E2EE_FORMAT
 */
export async function openRequest(
  keys: OhttpKeys,
  source: AsyncIterable<Uint8Array>,
  form: OhttpForm,
  { maxSize }: RequestLimits,
): Promise<OpenedRequest> {
  const arriving = new Arriving(source, maxSize)
  try {
    const header = decodeRequestHeader(await arriving.take('the header', HEADER_SIZE))
    const key = keys.select(header)
    const enc = (await arriving.take('the encapsulated key', key.encSize)).slice()
    const context = await key.receive(enc, form)
    const content = await (form === 'chunked' ? openChunks(context, arriving, maxSize) : openWhole(context, arriving))
    const exchange = await exportSecret(context, { form, enc, keySize: key.keySize })
    return { request: decodeRequest(content), enc, sealResponse: () => sealResponse(exchange) }
  } finally {
    await arriving.close()
  }
}

async function openChunks(context: RecipientContext, arriving: Arriving, maxSize: number): Promise<Uint8Array> {
  const reader = new ChunkReader(maxSize)
  const content: Uint8Array[] = []
  for (let portion = await arriving.takeSome(); portion !== undefined; portion = await arriving.takeSome())
    for (const sealed of reader.push(portion)) {
      if (content.length > FREE_CHUNKS + arriving.total / OCTETS_PER_CHUNK)
        throw new MalformedError('E2EE_FORMAT', 'the request is cut into too many chunks')
      content.push(await open(context, sealed, NOTHING))
    }
  content.push(await open(context, reader.finish(), FINAL))
  return concatBytes(...content)
}

async function openWhole(context: RecipientContext, arriving: Arriving): Promise<Uint8Array> {
  return open(context, await arriving.takeRest('the request'), NOTHING)
}

async function open(context: RecipientContext, sealed: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
  try {
    return new Uint8Array(await context.open(sealed, aad))
  } catch {
    throw new MalformedError('E2EE_DECRYPT', 'a part of the request does not decrypt')
  }
}

/** A source that is read as far as is needed, and no further than allowed. */
class Arriving {
  readonly #inflow: Inflow = new Inflow('E2EE_TRUNCATED')
  readonly #source: AsyncIterator<Uint8Array>
  readonly #maxSize: number
  #total = 0

  constructor(source: AsyncIterable<Uint8Array>, maxSize: number) {
    this.#source = source[Symbol.asyncIterator]()
    this.#maxSize = maxSize
  }

  /** Octets that arrived. */
  get total(): number {
    return this.#total
  }

  take(field: string, length: number): Promise<Uint8Array> {
    return this.#follow(this.#inflow.take(field, length))
  }

  takeRest(field: string): Promise<Uint8Array> {
    return this.#follow(this.#inflow.takeRest(field, this.#maxSize))
  }

  /** What came next; undefined at the end. */
  async takeSome(): Promise<Uint8Array | undefined> {
    if (await this.#follow(this.#inflow.isAtEnd())) return undefined
    return this.#follow(this.#inflow.takeSome('the request', Number.MAX_SAFE_INTEGER))
  }

  /** Lets go of a source that was not read to its end. */
  async close(): Promise<void> {
    if (!this.#inflow.ended) await this.#source.return?.()
  }

  async #follow<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
      await this.#more()
    }
  }

  async #more(): Promise<void> {
    const next = await this.#source.next()
    if (next.done) return this.#inflow.end()
    this.#total += next.value.length
    if (this.#total > this.#maxSize)
      throw new MalformedError('E2EE_FORMAT', `the request is longer than ${this.#maxSize} octets`)
    this.#inflow.add(next.value)
  }
}
