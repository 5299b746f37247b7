/** An answer's octets as its archive holds them: whoever has only the archive compares what is in it with its receipt. @module */
import type { Archive } from '../core/archive/index.ts'
import { EventStreamDigest } from '../core/receipt/event-stream.ts'
import { decodeReceipt } from '../core/receipt/receipt.ts'
import { type HeldExchange, type HeldOctets, holdOctets } from '../core/receipt/verify.ts'

function holdAnswer(octets: Uint8Array, mediaType: string): HeldOctets {
  if (!mediaType.startsWith('text/event-stream')) return holdOctets(octets)
  const stream = new EventStreamDigest()
  stream.update(octets)
  return stream.finish()
}

/** @throws MalformedError for a receipt that does not decode */
export function holdArchived({ receipt, request, response, inserts }: Archive): HeldExchange {
  const mediaType = receipt === undefined ? '' : (decodeReceipt(receipt).disclosed.response?.media_type ?? '')
  return {
    nonce: 'unchecked',
    request: request === undefined ? 'not-held' : holdOctets(request.octets),
    response: response === undefined ? 'not-held' : holdAnswer(response.octets, mediaType),
    outcome: 'any',
    seen: new Set(),
    channel: 'not-observed',
    prev: 'unchecked',
    replay: request === undefined ? 'not-held' : { request: request.octets, inserts: inserts ?? new Map() },
  }
}
