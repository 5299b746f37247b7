/** Answers in clear: of relays, of gateways that cannot decrypt, of anybody. None of them is ever an answer. @module */
import { readBody } from '../client/http.ts'
import { decodeJson, isJsonObject, type JsonObject } from '../core/encoding/json.ts'
import { CountersignError } from '../errors.ts'
import { refused } from './refused.ts'

export const REQUEST_TYPE = 'message/ohttp-chunked-req'
const RESPONSE_TYPE = 'message/ohttp-chunked-res'
const PROBLEM_TYPE = 'application/problem+json'
/** RFC 9458 sections 5.3 and 6.5.2. */
const KEY_PROBLEM = 'https://iana.org/assignments/http-problem-types#ohttp-key'
export const DATE_PROBLEM = 'https://iana.org/assignments/http-problem-types#date'
export const MAX_PROBLEM_SIZE = 16_384

/**
 * The octets of an encrypted answer.
 * @throws NotVerifiedError E2EE_KEY, E2EE_STALE as the problem says; CHANNEL_CHANGED for an answer in clear
 * @throws CountersignError ERR_NETWORK for other refusals, which may be a relay's
 */
export async function encryptedBody(response: Response): Promise<ReadableStream<Uint8Array>> {
  if (response.status === 200 && mediaType(response.headers) === RESPONSE_TYPE && response.body !== null)
    return response.body
  const problem = isProblem(response.headers) ? await readProblem(response) : 'none'
  response.body?.cancel().catch(() => undefined)
  // Anybody can say these: they end the exchange, and that is all they do.
  if (problem === KEY_PROBLEM) throw refused('E2EE_KEY', 'the gateway does not hold the key that was encrypted to')
  if (problem === DATE_PROBLEM) throw refused('E2EE_STALE', 'the request is said to be dated too far from now')
  if (response.ok) throw refused('CHANNEL_CHANGED', 'the answer came in clear')
  throw new CountersignError('ERR_NETWORK', `no encrypted answer came, but status ${response.status}`)
}

export function isProblem(headers: Headers): boolean {
  return mediaType(headers) === PROBLEM_TYPE
}

/** The type of a problem (RFC 9457); `none` where it names none. */
export function problemType(octets: Uint8Array): string {
  const { type } = readObject(octets)
  return typeof type === 'string' ? type : 'none'
}

/** The code of an error as the gateway's API writes it; `none` where it names none. */
export function errorCode(octets: Uint8Array): string {
  const { error } = readObject(octets)
  return isJsonObject(error) && typeof error.code === 'string' ? error.code : 'none'
}

/** Without members where the octets are of no object. */
function readObject(octets: Uint8Array): JsonObject {
  try {
    const value = decodeJson(octets)
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}

async function readProblem(response: Response): Promise<string> {
  try {
    return problemType(await readBody(response, MAX_PROBLEM_SIZE))
  } catch {
    return 'none'
  }
}

function mediaType(headers: Headers): string {
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  return type.trim().toLowerCase()
}
