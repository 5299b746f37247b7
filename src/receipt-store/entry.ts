/**
 * An answer as octets: a line of JSON, then request, response and archive as they are. wire.md section 2 says what a receipt covers; here
 * nothing is judged. @module
 */
import type { KeptAnswer } from '../client/store.ts'
import type { CmwMessage } from '../core/archive/index.ts'
import { concatBytes } from '../core/encoding/bytes.ts'
import { decodeJson } from '../core/encoding/json.ts'
import { ObjectReader } from '../core/encoding/shape.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { GRADES } from '../core/policy.ts'
import { MalformedError } from '../errors.ts'
import { seal, unseal } from './sealed.ts'

const FORMAT = 'countersign-answer-1'
const LF = 0x0a
/** A receipt is at most 64 KiB. */
const MAX_HEAD = 1 << 18
const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const
const NOTHING = new Uint8Array(0)
/** The size of what is not there. */
const NONE = -1

export function encodeAnswer(answer: KeptAnswer): Uint8Array {
  const { request, response, archive, askedAt, receivedAt, ...texts } = answer
  const head = {
    ...texts,
    askedAt: askedAt.getTime(),
    receivedAt: receivedAt.getTime(),
    requestType: request.mediaType,
    requestSize: request.octets.length,
    responseType: response?.mediaType ?? '',
    responseSize: response?.octets.length ?? NONE,
    archiveSize: archive?.length ?? NONE,
  }
  const line = encodeUtf8(`${JSON.stringify(head)}\n`)
  return seal(FORMAT, concatBytes(line, request.octets, response?.octets ?? NOTHING, archive ?? NOTHING))
}

/** Undefined for what is garbled: it is a miss, and its next writing replaces it. */
export function decodeAnswer(octets: Uint8Array): KeptAnswer | undefined {
  const content = unseal(FORMAT, octets)
  const end = content?.indexOf(LF) ?? NONE
  if (content === undefined || end < 0) return undefined
  try {
    const reader = new ObjectReader(decodeJson(content.subarray(0, end), { maxSize: MAX_HEAD }), 'answer', CODES)
    const answer = readAnswer(reader, content.subarray(end + 1))
    reader.end()
    return answer
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

function readAnswer(reader: ObjectReader, body: Uint8Array): KeptAnswer {
  let at = 0
  const take = (name: string): Uint8Array | undefined => {
    const size = reader.integer(name, { min: NONE, max: body.length - at })
    if (size === NONE) return undefined
    at += size
    return body.slice(at - size, at)
  }
  const message = (type: string, size: string): CmwMessage | undefined => {
    const mediaType = reader.string(type)
    const octets = take(size)
    return octets && { mediaType, octets }
  }
  return {
    jti: reader.string('jti'),
    origin: reader.string('origin'),
    session: reader.string('session'),
    grade: reader.oneOf('grade', GRADES),
    token: reader.string('token'),
    askedAt: new Date(reader.integer('askedAt')),
    receivedAt: new Date(reader.integer('receivedAt')),
    request: message('requestType', 'requestSize') ?? { mediaType: '', octets: NOTHING },
    response: message('responseType', 'responseSize'),
    archive: take('archiveSize'),
  }
}
