/** Encrypting responses, as a gateway does. RFC 9458 section 4.4; the chunked draft, section 6.2. @module */
import { concatBytes } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { frameChunk, frameFinalChunk, splitContent } from '../core/ohttp/chunks.ts'
import { CountersignError } from '../errors.ts'
import { type ExchangeSecret, entropySize, type ResponseKeys, scheduleKeys } from './response-keys.ts'

/** Makes the octets of one response, in the order of its calls. */
export interface ResponseSealer {
  /** The nonce that every response begins with. */
  readonly begin: Uint8Array
  /** Octets for the wire. Of a response that is not chunked: none before its end. */
  seal(content: Uint8Array): Promise<Uint8Array>
  /** The last octets: without them the client knows that it was cut off. */
  finish(content: Uint8Array): Promise<Uint8Array>
}

const FINAL = encodeUtf8('final')
const NOTHING = new Uint8Array(0)

/** Each response has a nonce of its own, so even a replayed request is not answered under a used key. */
export function sealResponse(exchange: ExchangeSecret): Promise<ResponseSealer> {
  const nonce = globalThis.crypto.getRandomValues(new Uint8Array(entropySize(exchange.keySize)))
  return sealResponseWith(exchange, nonce)
}

/** With a given nonce: for vectors. */
export async function sealResponseWith(exchange: ExchangeSecret, begin: Uint8Array): Promise<ResponseSealer> {
  const keys = await scheduleKeys(exchange, begin)
  return guardEnd({ begin, ...(exchange.form === 'chunked' ? chunkedSealer(keys) : wholeSealer(keys)) })
}

type Sealing = Omit<ResponseSealer, 'begin'>

function chunkedSealer(keys: ResponseKeys): Sealing {
  return {
    seal: (content) => sealChunks(keys, splitContent(content)),
    finish: async (content) => {
      const chunks = splitContent(content)
      const last = chunks.pop() ?? NOTHING
      // Both are numbered before either is done.
      const [earlier, final] = await Promise.all([sealChunks(keys, chunks), keys.seal(last, FINAL)])
      return concatBytes(earlier, frameFinalChunk(final))
    },
  }
}

async function sealChunks(keys: ResponseKeys, chunks: readonly Uint8Array[]): Promise<Uint8Array> {
  const sealed = await Promise.all(chunks.map((chunk) => keys.seal(chunk, NOTHING)))
  return concatBytes(...sealed.map(frameChunk))
}

function wholeSealer(keys: ResponseKeys): Sealing {
  const held: Uint8Array[] = []
  return {
    seal: async (content) => {
      held.push(content.slice())
      return NOTHING
    },
    finish: async (content) => keys.seal(concatBytes(...held, content), NOTHING),
  }
}

function guardEnd({ begin, seal, finish }: ResponseSealer): ResponseSealer {
  let isFinished = false
  const refuse = (): Promise<never> =>
    Promise.reject(new CountersignError('ERR_USAGE', 'the encrypted response was finished already'))
  return {
    begin,
    seal: (content) => (isFinished ? refuse() : seal(content)),
    finish: (content) => {
      if (isFinished) return refuse()
      isFinished = true
      return finish(content)
    },
  }
}
