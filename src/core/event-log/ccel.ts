/** The TCG crypto-agile event log in the area that the ACPI table CCEL points to. Layout only: nothing in it is trusted here. @module */
import { Reader } from '../encoding/reader.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { Writer } from '../encoding/writer.ts'
import {
  checkEventCount,
  checkLogSize,
  DIGEST_SIZE,
  decodingLog,
  EV_NO_ACTION,
  type LoggedEvent,
  malformedLog,
  REGISTERS,
} from './logged-event.ts'

/** TPM_ALG_SHA384. */
export const ALG_SHA384 = 0x000c
const SIGNATURE: Uint8Array = encodeUtf8('Spec ID Event03\0')
const SHA1_SIZE = 20
const HEADER_SIZE = 32
/** Of Spec ID event without algorithms and vendor information: 16 + 4 + 4 x 1 + 4 + 1. */
const SPEC_ID_SIZE = 29
const MAX_ALGORITHMS = 8
const MAX_DIGEST_SIZE = 64

/** An algorithm whose digests the log holds, with their size. */
export interface CcelAlgorithm {
  readonly algorithm: number
  readonly size: number
}

/** What the first record says of the rest. */
export interface SpecId {
  /** Register index of the record itself, one-based as all in a CCEL: firmware writes 1. */
  readonly index: number
  readonly platformClass: number
  readonly versionMinor: number
  readonly versionMajor: number
  readonly errata: number
  readonly uintnSize: number
  readonly algorithms: readonly CcelAlgorithm[]
  readonly vendorInfo: Uint8Array
}

export interface CcelEvent {
  /** 0 MRTD, 1 RTMR0, to 4 RTMR3. */
  readonly index: number
  readonly type: number
  readonly digests: readonly { readonly algorithm: number; readonly digest: Uint8Array }[]
  readonly data: Uint8Array
}

export interface Ccel {
  readonly specId: SpecId
  readonly events: readonly CcelEvent[]
}

/**
 * Decodes a log. Integers are little-endian.
 *
 * ```
 * first:  index 4 | type 4 = 3 | 0 x 20 | size 4 | Spec ID event
 *         "Spec ID Event03\0" | class 4 | minor 1 | major 1 | errata 1 | uintn 1 | n 4 | n x (algorithm 2, size 2) | m 1 | m octets
 * others: index 4 | type 4 | n 4 | n x (algorithm 2, digest) | size 4 | event
 * end:    the last octet, or 0xFF or 0x00 from here to the end of the area
 * ```
 * The padding is not kept, so an area and its log without padding decode to the same.
 * @throws MalformedError EVENT_LOG_TOO_LARGE before anything is allocated, EVENT_LOG_MALFORMED
 */
export function decodeCcel(bytes: Uint8Array): Ccel {
  checkLogSize(bytes.length)
  return decodingLog(() => {
    const r = new Reader(bytes)
    const specId = readSpecId(r)
    const sizes = new Map(specId.algorithms.map(({ algorithm, size }) => [algorithm, size]))
    const events: CcelEvent[] = []
    while (!isPadding(bytes.subarray(r.offset))) {
      checkEventCount(events.length + 1)
      events.push(readEvent(r, sizes))
    }
    return { specId, events }
  })
}

/** The log without padding. A digest of another size than its algorithm's does not come back. */
export function encodeCcel({ specId, events }: Ccel): Uint8Array {
  const size = events.reduce((sum, { digests, data }) => sum + 16 + digestsSize(digests) + data.length, 0)
  const eventSize = SPEC_ID_SIZE + 4 * specId.algorithms.length + specId.vendorInfo.length
  const w = new Writer(HEADER_SIZE + eventSize + size)
  w.u32le(specId.index).u32le(EV_NO_ACTION).zero(SHA1_SIZE).u32le(eventSize).bytes(SIGNATURE)
  w.u32le(specId.platformClass).u8(specId.versionMinor).u8(specId.versionMajor).u8(specId.errata).u8(specId.uintnSize)
  w.u32le(specId.algorithms.length)
  for (const { algorithm, size } of specId.algorithms) w.u16le(algorithm).u16le(size)
  w.u8(specId.vendorInfo.length).bytes(specId.vendorInfo)
  for (const { index, type, digests, data } of events) {
    w.u32le(index).u32le(type).u32le(digests.length)
    for (const { algorithm, digest } of digests) w.u16le(algorithm).bytes(digest)
    w.u32le(data.length).bytes(data)
  }
  return w.finish()
}

/** What went into registers, in order. EV_NO_ACTION is text for readers of the log: it is not extended, and so never a claim. */
export function listCcelEvents({ events }: Ccel): readonly LoggedEvent[] {
  return events.flatMap(({ index, type, digests, data }) => {
    const register = REGISTERS.find((candidate) => candidate === index - 1)
    const digest = digests.find(({ algorithm }) => algorithm === ALG_SHA384)?.digest
    if (type === EV_NO_ACTION || register === undefined || digest === undefined) return []
    return [{ register, type, digest, payload: data }]
  })
}

function digestsSize(digests: CcelEvent['digests']): number {
  return digests.reduce((sum, { digest }) => sum + 2 + digest.length, 0)
}

function readSpecId(r: Reader): SpecId {
  const index = readIndex(r, EV_NO_ACTION)
  if (r.u32le('type') !== EV_NO_ACTION) throw malformedLog('the log does not begin with a Spec ID event')
  r.zero('digest of the Spec ID event', SHA1_SIZE)
  const event = new Reader(r.bytes('Spec ID event', r.u32le('size of the Spec ID event')))
  const signature = event.bytes('signature', SIGNATURE.length)
  if (!signature.every((octet, at) => octet === SIGNATURE[at]))
    throw malformedLog('the first event is not "Spec ID Event03"')
  const head = {
    platformClass: event.u32le('platformClass'),
    versionMinor: event.u8('specVersionMinor'),
    versionMajor: event.u8('specVersionMajor'),
    errata: event.u8('specErrata'),
    uintnSize: event.u8('uintnSize'),
  }
  const algorithms = readAlgorithms(event)
  const vendorInfo = event.bytes('vendorInfo', event.u8('vendorInfoSize'))
  event.end()
  return { index, ...head, algorithms, vendorInfo }
}

/** The sizes of all digests come from here, so two for one algorithm, or another for SHA-384, would be two readings of one log. */
function readAlgorithms(r: Reader): readonly CcelAlgorithm[] {
  const count = r.u32le('numberOfAlgorithms')
  if (count > MAX_ALGORITHMS) throw malformedLog(`${count} algorithms, at most ${MAX_ALGORITHMS}`)
  const sizes = new Map<number, number>()
  for (let i = 0; i < count; i++) {
    const algorithm = r.u16le('algorithmId')
    const size = r.u16le('digestSize')
    if (sizes.has(algorithm) || size === 0 || size > MAX_DIGEST_SIZE)
      throw malformedLog(`algorithm 0x${algorithm.toString(16)} is listed twice or has digests of ${size} octets`)
    sizes.set(algorithm, size)
  }
  if (sizes.get(ALG_SHA384) !== DIGEST_SIZE) throw malformedLog('SHA-384 with 48 octets is not among the algorithms')
  return [...sizes].map(([algorithm, size]) => ({ algorithm, size }))
}

function readEvent(r: Reader, sizes: ReadonlyMap<number, number>): CcelEvent {
  const start = r.offset
  const rawIndex = r.u32le('index')
  const type = r.u32le('type')
  const index = checkIndex(rawIndex, type)
  const count = r.u32le('number of digests')
  if (count > sizes.size) throw malformedLog(`the event at ${start} has ${count} digests, ${sizes.size} are known`)
  const digests: { algorithm: number; digest: Uint8Array }[] = []
  for (let i = 0; i < count; i++) {
    const algorithm = r.u16le('algorithm')
    const size = sizes.get(algorithm)
    if (size === undefined || digests.some((other) => other.algorithm === algorithm))
      throw malformedLog(`the event at ${start} has a second or unknown digest 0x${algorithm.toString(16)}`)
    digests.push({ algorithm, digest: r.bytes('digest', size) })
  }
  if (!digests.some(({ algorithm }) => algorithm === ALG_SHA384))
    throw malformedLog(`the event at ${start} has no SHA-384 digest`)
  return { index, type, digests, data: r.bytes('event', r.u32le('size of the event')) }
}

function readIndex(r: Reader, type: number): number {
  return checkIndex(r.u32le('index'), type)
}

/** An event of no register would be read by people and replayed by nobody. MRTD is never extended at run time. */
function checkIndex(index: number, type: number): number {
  if (index > REGISTERS.length || (index === 0 && type !== EV_NO_ACTION))
    throw malformedLog(`register index ${index}; 1 to ${REGISTERS.length} are due`)
  return index
}

/** Whether nothing but filler is left. No event begins so: 0 with type 0, and 0xFFFFFFFF, are no register. */
function isPadding(rest: Uint8Array): boolean {
  const [filler] = rest
  return filler === undefined || ((filler === 0 || filler === 0xff) && rest.every((octet) => octet === filler))
}
