/** Encapsulating requests, as a client does. RFC 9458 section 4.3; the chunked draft, section 6.1. @module */
import { concatBytes } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { frameChunk, frameFinalChunk, splitContent } from '../core/ohttp/chunks.ts'
import type { OhttpKeyConfig, OhttpSuite } from '../core/ohttp/key-configs.ts'
import { MalformedError } from '../errors.ts'
import { algorithmsOf, type HpkeKeyPair, type SenderContext, SUITES, setupSender } from './hpke.ts'
import { openResponse, type ResponseOpener } from './open-response.ts'
import { encodeRequestHeader, type OhttpForm, requestInfo } from './request-header.ts'
import { exportSecret } from './response-keys.ts'

export interface SealedRequest {
  readonly octets: Uint8Array
  /** For the answer to this request and no other. */
  readonly response: ResponseOpener
}

/** @throws MalformedError E2EE_SUITE where the configuration offers none that is at hand; E2EE_KEY for a key that is none */
export function sealRequest(config: OhttpKeyConfig, content: Uint8Array, form: OhttpForm): Promise<SealedRequest> {
  return sealRequestWith(config, splitContent(content), { form })
}

export interface SealOptions {
  readonly form: OhttpForm
  /** For vectors, whose keys are public. */
  readonly ephemeral?: HpkeKeyPair
}

/** @param chunks the last of them is the final one; of a whole request there is one */
export async function sealRequestWith(
  config: OhttpKeyConfig,
  chunks: readonly Uint8Array[],
  { form, ephemeral }: SealOptions,
): Promise<SealedRequest> {
  const { keyId, kem, publicKey } = config
  const suite = chooseSuite(config)
  const algorithms = algorithmsOf(kem, suite)
  const header = { keyId, kem, suite }
  const info = requestInfo(form, header)
  const context = await setupSender(algorithms, { publicKey, info, ...(ephemeral && { ephemeral }) })
  const enc = new Uint8Array(context.enc)
  const sealed = form === 'chunked' ? await sealChunks(context, chunks) : [await seal(context, concatBytes(...chunks))]
  const exchange = await exportSecret(context, { form, enc, keySize: algorithms.keySize })
  return {
    octets: concatBytes(encodeRequestHeader(header), enc, ...sealed),
    response: openResponse(exchange),
  }
}

/** Whether a configuration offers a suite that is at hand. */
export function offersSuite({ suites }: OhttpKeyConfig): boolean {
  return suites.some(isAtHand)
}

function isAtHand({ kdf, aead }: OhttpSuite): boolean {
  return SUITES.some((own) => own.kdf === kdf && own.aead === aead)
}

/** What the gateway prefers of what is at hand. */
function chooseSuite({ suites }: OhttpKeyConfig): OhttpSuite {
  const chosen = suites.find(isAtHand)
  if (chosen === undefined)
    throw new MalformedError('E2EE_SUITE', 'the key configuration offers no suite that is at hand')
  return chosen
}

const FINAL = encodeUtf8('final')
const NOTHING = new Uint8Array(0)

async function sealChunks(context: SenderContext, chunks: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const framed: Uint8Array[] = []
  for (const chunk of chunks.slice(0, -1)) framed.push(frameChunk(await seal(context, chunk)))
  framed.push(frameFinalChunk(await seal(context, chunks.at(-1) ?? NOTHING, FINAL)))
  return framed
}

async function seal(context: SenderContext, chunk: Uint8Array, aad: Uint8Array = NOTHING): Promise<Uint8Array> {
  return new Uint8Array(await context.seal(chunk, aad))
}
