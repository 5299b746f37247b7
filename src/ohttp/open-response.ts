/** Decrypting responses as they come, as a client does. RFC 9458 section 4.4; the chunked draft, section 6.2. @module */
import { concatBytes } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { ChunkReader, TAG_SIZE } from '../core/ohttp/chunks.ts'
import { Inflow, type Steps } from '../core/ohttp/inflow.ts'
import { MalformedError } from '../errors.ts'
import { type ExchangeSecret, entropySize, type ResponseKeys, scheduleKeys } from './response-keys.ts'

/** Decrypts one response. Calls come one after the other; after a rejection there are no more. */
export interface ResponseOpener {
  /**
   * Content that is authentic and in its place. Of a response that is not chunked: none before its end.
   * @throws MalformedError E2EE_DECRYPT, E2EE_FORMAT
   */
  push(octets: Uint8Array): Promise<Uint8Array>
  /** The last content: the response is whole. @throws MalformedError E2EE_TRUNCATED, E2EE_DECRYPT */
  finish(): Promise<Uint8Array>
}

const FINAL = encodeUtf8('final')
const NOTHING = new Uint8Array(0)
/** Senders should stay below 16 KiB a chunk (the draft, section 3); more than this of a whole chunk is held for nobody. */
const MAX_CHUNK_SIZE = 1 << 20
const MAX_WHOLE_SIZE = 64 << 20

export function openResponse(exchange: ExchangeSecret): ResponseOpener {
  return exchange.form === 'chunked' ? new ChunkedOpener(exchange) : new WholeOpener(exchange)
}

class ChunkedOpener implements ResponseOpener {
  readonly #exchange: ExchangeSecret
  readonly #chunks: ChunkReader = new ChunkReader(MAX_CHUNK_SIZE)
  #keys: ResponseKeys | undefined
  #nonce: Uint8Array = NOTHING

  constructor(exchange: ExchangeSecret) {
    this.#exchange = exchange
  }

  async push(octets: Uint8Array): Promise<Uint8Array> {
    const keys = this.#keys
    return keys === undefined ? this.#begin(octets) : this.#open(keys, octets)
  }

  async finish(): Promise<Uint8Array> {
    const keys = this.#keys
    if (keys === undefined) throw new MalformedError('E2EE_TRUNCATED', 'the response ends within its nonce')
    return authentic(await keys.open(this.#chunks.finish(), FINAL))
  }

  async #begin(octets: Uint8Array): Promise<Uint8Array> {
    const size = entropySize(this.#exchange.keySize)
    const come = concatBytes(this.#nonce, octets)
    this.#nonce = come.subarray(0, size)
    if (come.length < size) return NOTHING
    const keys = await scheduleKeys(this.#exchange, this.#nonce)
    this.#keys = keys
    return this.#open(keys, come.subarray(size))
  }

  async #open(keys: ResponseKeys, octets: Uint8Array): Promise<Uint8Array> {
    const chunks = this.#chunks.push(octets)
    const [first] = chunks
    // One event in one chunk is how most of a stream comes.
    if (chunks.length === 1 && first !== undefined) return authentic(await keys.open(first, NOTHING))
    const opened = await Promise.all(chunks.map((sealed) => keys.open(sealed, NOTHING)))
    return concatBytes(...opened.map(authentic))
  }
}

class WholeOpener implements ResponseOpener {
  readonly #exchange: ExchangeSecret
  readonly #inflow: Inflow = new Inflow('E2EE_TRUNCATED')
  readonly #steps: Steps<Uint8Array>

  constructor(exchange: ExchangeSecret) {
    this.#exchange = exchange
    this.#steps = this.#inflow.takeRest('the response', MAX_WHOLE_SIZE)
  }

  async push(octets: Uint8Array): Promise<Uint8Array> {
    this.#inflow.add(octets)
    this.#steps.next()
    return NOTHING
  }

  async finish(): Promise<Uint8Array> {
    this.#inflow.end()
    const octets = this.#steps.next().value ?? NOTHING
    const size = entropySize(this.#exchange.keySize)
    if (octets.length < size + TAG_SIZE) throw new MalformedError('E2EE_TRUNCATED', 'the response is cut off')
    const keys = await scheduleKeys(this.#exchange, octets.slice(0, size))
    return authentic(await keys.open(octets.subarray(size), NOTHING))
  }
}

function authentic(opened: Uint8Array | undefined): Uint8Array {
  if (opened === undefined) throw new MalformedError('E2EE_DECRYPT', 'a part of the response does not decrypt')
  return opened
}
