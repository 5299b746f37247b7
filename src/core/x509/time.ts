/** UTCTime and GeneralizedTime in the one form that RFC 5280 (4.1.2.5) allows: seconds, Zulu, no fraction. @module */
import { MalformedError } from '../../errors.ts'
import type { DerElement } from '../encoding/der.ts'

const DER_UTC_TIME = 0x17
const DER_GENERALIZED_TIME = 0x18
const ZULU = 0x5a
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

/** @throws MalformedError X509_MALFORMED */
export function decodeTime({ tag, content }: DerElement): Date {
  if (tag !== DER_UTC_TIME && tag !== DER_GENERALIZED_TIME) throw malformed()
  const yearSize = tag === DER_UTC_TIME ? 2 : 4
  if (content.length !== yearSize + 11 || content[yearSize + 10] !== ZULU) throw malformed()
  const pair = (at: number): number => readPair(content, at)
  // RFC 5280, 4.1.2.5.1: two digits from 50 up are of the last century.
  const year = tag === DER_UTC_TIME ? (pair(0) < 50 ? 2000 : 1900) + pair(0) : 100 * pair(0) + pair(2)
  const month = pair(yearSize)
  const day = pair(yearSize + 2)
  const [hour, minute, second] = [pair(yearSize + 4), pair(yearSize + 6), pair(yearSize + 8)]
  const days = DAYS[month - 1]
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  if (days === undefined || day < 1 || day > (month === 2 && !leap ? 28 : days)) throw malformed()
  if (hour > 23 || minute > 59 || second > 59) throw malformed()
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  // Date.UTC takes the years 0 to 99 for those of the last century.
  if (date.getUTCFullYear() !== year) throw malformed()
  return date
}

function readPair(content: Uint8Array, at: number): number {
  const tens = (content[at] ?? 0) - 0x30
  const units = (content[at + 1] ?? 0) - 0x30
  if (tens < 0 || tens > 9 || units < 0 || units > 9) throw malformed()
  return 10 * tens + units
}

function malformed(): MalformedError {
  return new MalformedError('X509_MALFORMED', 'not a time in the form of RFC 5280')
}
