/** From what arrives to a request that is decrypted, or to why it is not. @module */
import type { IncomingMessage } from 'node:http'
import { KEM_X_WING } from '../../core/ohttp/key-configs.ts'
import { MalformedError } from '../../errors.ts'
import { type OhttpForm, type OhttpKeys, type OpenedRequest, openRequest } from '../../ohttp/index.ts'
import { channelOf } from '../middleware/channel-of.ts'
import { announcesMoreThan } from '../routes/read-body.ts'
import type { DecapsulationTurns } from './decapsulation-turns.ts'
import type { Place } from './opening-room.ts'
import { NESTED, NO_ROOM, type Problem, TOO_LARGE, UNSUPPORTED_TYPE, unopened } from './refusals.ts'

export type Opening =
  | { readonly kind: 'opened'; readonly form: OhttpForm; readonly opened: OpenedRequest }
  | { readonly kind: 'refused'; readonly problem: Problem }
  /** Whoever sent it went away, or was too slow. */
  | { readonly kind: 'gone' }

export interface OpeningOptions {
  readonly keys: OhttpKeys
  /** Most octets of content of the request within. */
  readonly bodyBytes: number
  readonly place: Place
  readonly turns: DecapsulationTurns
  /** Told of octets as they come. */
  readonly onArrival: (size: number) => void
}

const FORMS: ReadonlyMap<string, OhttpForm> = new Map([
  ['message/ohttp-chunked-req', 'chunked'],
  ['message/ohttp-req', 'whole'],
])
/** Beside the content: fields, encapsulated key, padding; and what frames and authenticates each chunk. */
const OVERHEAD_BYTES: number = 128 * 1024
const CHUNK_OVERHEAD = 1 / 32

function formOf({ headers }: IncomingMessage): OhttpForm | undefined {
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') return undefined
  const [type = ''] = (headers['content-type'] ?? '').split(';')
  return FORMS.get(type.trim().toLowerCase())
}

/** Everything of it may come from anybody. What is refused is not read on. */
export async function openArrived(
  incoming: IncomingMessage,
  { keys, bodyBytes, place, turns, onArrival }: OpeningOptions,
): Promise<Opening> {
  // Within each other they would cost a decryption each, and a connection.
  if (channelOf(incoming.socket) === 'ohttp') return { kind: 'refused', problem: NESTED }
  const form = formOf(incoming)
  if (form === undefined) return { kind: 'refused', problem: UNSUPPORTED_TYPE }
  const maxSize = OVERHEAD_BYTES + Math.ceil(bodyBytes * (1 + CHUNK_OVERHEAD))
  if (announcesMoreThan(incoming, maxSize)) return { kind: 'refused', problem: TOO_LARGE }
  let [size, fits] = [0, true]
  const arrival = octetsOf(incoming, (added) => {
    size += added
    onArrival(size)
    fits = place.grow(size)
    // Thrown, not ended: what came so far must not be taken for all of it.
    if (!fits) throw new RangeError('no room')
  })
  const inTurn: OhttpKeys['select'] = (header) => {
    const key = keys.select(header)
    if (header.kem !== KEM_X_WING) return key
    fits = !turns.isFull
    if (!fits) throw new RangeError('too many wait')
    return { ...key, receive: (enc, form) => turns.take(() => key.receive(enc, form)) }
  }
  try {
    return { kind: 'opened', form, opened: await openRequest({ ...keys, select: inTurn }, arrival, form, { maxSize }) }
  } catch (error) {
    if (!fits) return { kind: 'refused', problem: NO_ROOM }
    if (error instanceof MalformedError)
      return { kind: 'refused', problem: size > maxSize ? TOO_LARGE : unopened(error.failure) }
    if (!incoming.complete) return { kind: 'gone' }
    throw error
  }
}

/** Whoever lets go of it early leaves the connection open, for the refusal. */
async function* octetsOf(incoming: IncomingMessage, onOctets: (size: number) => void): AsyncGenerator<Uint8Array> {
  for await (const octets of incoming.iterator({ destroyOnReturn: false })) {
    if (!(octets instanceof Uint8Array)) continue
    onOctets(octets.length)
    yield octets
  }
}
