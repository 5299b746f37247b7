/**
 * Responses as binary HTTP, `message/bhttp`, decoded as they come. RFC 9292 section 3.5.
 *
 * ```
 * framing indicator   1: known length; 3: indeterminate length
 * status, fields      of each informational response, if any
 * status
 * fields, content, trailers, padding as in body.ts
 * ```
 * @module
 */
import { MalformedError } from '../../errors.ts'
import { concatBytes } from '../encoding/bytes.ts'
import { INDETERMINATE_LENGTH, KNOWN_LENGTH, takeBody, takeHeaders } from './body.ts'
import { encodeKnownFields, encodeTerminatedFields, type Fields } from './fields.ts'
import { Inflow, type Steps } from './inflow.ts'
import { encodeVarint, takeVarint } from './varint.ts'

export interface ResponseHead {
  /** 200 to 599. */
  readonly status: number
  readonly headers: Fields
}

export interface ResponseParts extends ResponseHead {
  readonly content: Uint8Array
  readonly trailers?: Fields
}

const KNOWN = 1
const INDETERMINATE = 3
const FIRST_STATUS = 100
const FIRST_FINAL_STATUS = 200
const LAST_STATUS = 599
/** A peer could send them without end, and none of them would ever be seen. */
const MAX_INFORMATIONAL = 16

function encodeStatus(status: number): Uint8Array {
  if (!Number.isInteger(status) || status < FIRST_FINAL_STATUS || status > LAST_STATUS)
    throw new MalformedError('E2EE_FORMAT', 'not a status of a final response')
  return encodeVarint(status)
}

/** Of known length. @throws MalformedError E2EE_FORMAT for what HTTP cannot say */
export function encodeResponse({ status, headers, content, trailers = [] }: ResponseParts): Uint8Array {
  return concatBytes(
    encodeVarint(KNOWN),
    encodeStatus(status),
    encodeKnownFields(headers),
    encodeVarint(content.length),
    content,
    encodeKnownFields(trailers),
  )
}

/**
 * The start of a response of indeterminate length; `encodeContentChunk` and {@link encodeResponseEnd} make the rest.
 * @throws MalformedError E2EE_FORMAT for what HTTP cannot say
 */
export function encodeResponseHead(status: number, headers: Fields): Uint8Array {
  return concatBytes(encodeVarint(INDETERMINATE), encodeStatus(status), encodeTerminatedFields(headers))
}

/** Ends the content, and the message. */
export function encodeResponseEnd(trailers: Fields = []): Uint8Array {
  return concatBytes(encodeVarint(0), encodeTerminatedFields(trailers))
}

/** Decodes a response in portions of any size. Informational responses are passed over. */
export class ResponseDecoder {
  readonly #inflow: Inflow = new Inflow('E2EE_TRUNCATED')
  readonly #steps: Steps<Fields>
  #head: ResponseHead | undefined
  #trailers: Fields = []
  #content: Uint8Array[] = []

  constructor() {
    this.#steps = this.#take()
  }

  /** Status and fields, once they came. */
  get head(): ResponseHead | undefined {
    return this.#head
  }

  /** Complete after {@link finish}. */
  get trailers(): Fields {
    return this.#trailers
  }

  /** Returns content that came whole, as views of what was pushed. @throws MalformedError E2EE_FORMAT */
  push(octets: Uint8Array): readonly Uint8Array[] {
    this.#inflow.add(octets)
    return this.#go()
  }

  /**
   * No more octets will come. Whoever calls this knows that nobody cut them off: a message may end early by its own format.
   * @throws MalformedError E2EE_TRUNCATED within a part, E2EE_FORMAT
   */
  finish(): readonly Uint8Array[] {
    this.#inflow.end()
    return this.#go()
  }

  #go(): readonly Uint8Array[] {
    this.#content = []
    const step = this.#steps.next()
    if (step.done && step.value !== undefined) this.#trailers = step.value
    return this.#content
  }

  *#take(): Steps<Fields> {
    const inflow = this.#inflow
    const framing = yield* takeVarint(inflow, 'framing indicator', INDETERMINATE)
    if (framing !== KNOWN && framing !== INDETERMINATE) throw new MalformedError('E2EE_FORMAT', 'not a response')
    const form = framing === KNOWN ? KNOWN_LENGTH : INDETERMINATE_LENGTH
    for (let count = 0; ; count++) {
      const status = yield* takeVarint(inflow, 'status', LAST_STATUS)
      if (status < FIRST_STATUS || count > MAX_INFORMATIONAL)
        throw new MalformedError('E2EE_FORMAT', 'not a status, or too many informational responses')
      if (status >= FIRST_FINAL_STATUS) {
        this.#head = { status, headers: yield* takeHeaders(form, inflow) }
        return yield* takeBody(form, inflow, (portion) => this.#content.push(portion))
      }
      yield* form.takeFields(inflow)
    }
  }
}
