/**
 * What both kinds of binary messages have in common: fields, content, trailers, padding, in two forms. RFC 9292 sections 3.1, 3.2, 3.8.
 *
 * ```
 * known length             indeterminate length
 * octets of the fields     fields
 * fields                   zero
 * octets of the content    chunks of content, the octets of each before it
 * content                  zero
 * octets of the trailers   trailers
 * trailers                 zero
 * zeros, any number        zeros, any number
 * ```
 * A message may end where a part would begin: what follows is empty then.
 * @module
 */
import { MalformedError } from '../../errors.ts'
import { concatBytes, isZero } from '../encoding/bytes.ts'
import { type Fields, takeKnownFields, takeTerminatedFields } from './fields.ts'
import type { Inflow, Steps } from './inflow.ts'
import { encodeVarint, takeVarint } from './varint.ts'

export interface Form {
  readonly takeFields: (inflow: Inflow) => Steps<Fields>
  readonly takeContent: (inflow: Inflow, onContent: OnContent) => Steps<void>
}

/** Told of content as it comes, as views of what arrived. */
export type OnContent = (portion: Uint8Array) => void

export const KNOWN_LENGTH: Form = {
  takeFields: takeKnownFields,
  *takeContent(inflow, onContent) {
    const length = yield* takeVarint(inflow, 'length of the content', Number.MAX_SAFE_INTEGER)
    yield* takePortions(inflow, length, onContent)
  },
}

export const INDETERMINATE_LENGTH: Form = {
  takeFields: takeTerminatedFields,
  *takeContent(inflow, onContent) {
    for (;;) {
      const length = yield* takeVarint(inflow, 'length of a chunk of content', Number.MAX_SAFE_INTEGER)
      if (length === 0) return
      yield* takePortions(inflow, length, onContent)
    }
  },
}

function* takePortions(inflow: Inflow, length: number, onContent: OnContent): Steps<void> {
  for (let left = length; left > 0; ) {
    const portion = yield* inflow.takeSome('content', left)
    left -= portion.length
    onContent(portion)
  }
}

export function* takeHeaders(form: Form, inflow: Inflow): Steps<Fields> {
  return (yield* inflow.isAtEnd()) ? [] : yield* form.takeFields(inflow)
}

/** Content, trailers and padding; returns the trailers. */
export function* takeBody(form: Form, inflow: Inflow, onContent: OnContent): Steps<Fields> {
  if (yield* inflow.isAtEnd()) return []
  yield* form.takeContent(inflow, onContent)
  const trailers = yield* takeHeaders(form, inflow)
  while (!(yield* inflow.isAtEnd())) {
    // Section 3.8 lets a receiver look away; octets that nobody reads are a place to hide another message.
    const portion = yield* inflow.takeSome('padding', Number.MAX_SAFE_INTEGER)
    if (!isZero(portion)) throw new MalformedError('E2EE_FORMAT', 'padding is not zero')
  }
  return trailers
}

/** A chunk of content of indeterminate length. Of nothing it is nothing: a length of zero would end the content. */
export function encodeContentChunk(content: Uint8Array): Uint8Array {
  return content.length === 0 ? content : concatBytes(encodeVarint(content.length), content)
}
