/** Event logs: their events in order. In the firmware's area each stands at an offset. @module */
import { encodeHex } from '../../core/encoding/bytes.ts'
import {
  type CcelEvent,
  decodeCcel,
  decodeEventLog,
  type EventLogEvidence,
  type LoggedEvent,
  listEvents,
} from '../../core/event-log/index.ts'
import { MalformedError } from '../../errors.ts'
import { drawDecoded, faultText, type Inspection, type Item } from './item.ts'

/** Letters of an event's text that are shown. */
const MAX_TEXT = 60

/** @param format of the log */
export function inspectEventLog(octets: Uint8Array, format: EventLogEvidence['format']): Inspection {
  if (format === 'ccel') return inspectCcel(octets)
  try {
    const events = listEvents({ format, octets })
    const ccel = format === 'record' ? decodeEventLog(octets).ccel : undefined
    return {
      title: `event log (${format}), ${events.length} events`,
      items: [
        ...(ccel === undefined ? [] : [{ name: 'ccel', value: `${ccel.length} bytes` }]),
        ...events.map((event, at) => ({ name: `event ${at}`, value: describe(event) })),
      ],
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return { title: `event log (${format}), malformed`, items: [], fault: faultText(error) }
  }
}

/** Each event begins with its register's index, the Spec ID event in front of them too. */
function inspectCcel(octets: Uint8Array): Inspection {
  const { items, value, fault } = drawDecoded(octets, () => decodeCcel(octets))
  const starts = items.flatMap((item, at) => (item.name === 'index' && at > 0 ? [at] : []))
  const events = starts.map((start, at): Item => {
    const parts = items.slice(start, starts[at + 1] ?? items.length)
    const offset = parts[0]?.offset ?? 0
    const last = parts.at(-1)
    const event = value?.events[at]
    return {
      name: `event ${at}`,
      offset,
      length: (last?.offset ?? 0) + (last?.length ?? 0) - offset,
      ...(event ? { value: describeCcel(event) } : { items: parts }),
    }
  })
  return {
    title: `event log (CCEL), ${value === undefined ? 'malformed' : `${events.length} events`}`,
    items: [{ name: 'Spec ID event', items: items.slice(0, starts[0] ?? items.length) }, ...events],
    ...(fault && { fault }),
  }
}

function describeCcel({ index, type, digests, data }: CcelEvent): string {
  const register = index === 0 ? 'no register' : `RTMR${index - 1}`
  return `${register} ${typeName(type)} ${encodeHex(digests[0]?.digest ?? new Uint8Array())} ${textOf(data)}`.trimEnd()
}

function describe({ register, type, digest, name, payload }: LoggedEvent): string {
  const said = name === undefined ? textOf(payload) : `${name} ${textOf(payload)}`
  return `RTMR${register} ${typeName(type)} ${encodeHex(digest)} ${said}`.trimEnd()
}

function typeName(type: number): string {
  return `type 0x${type.toString(16)}`
}

/** As text where it is, else as hex. */
function textOf(payload: Uint8Array | undefined): string {
  if (payload === undefined) return ''
  const letters = payload.every((octet) => octet >= 0x20 && octet < 0x7f)
    ? new TextDecoder().decode(payload)
    : encodeHex(payload)
  return letters.length > MAX_TEXT ? `${letters.slice(0, MAX_TEXT)}…` : letters
}
