/** UTCTime and GeneralizedTime in the one form that RFC 5280 (4.1.2.5) allows: seconds, Zulu, no fraction. @module */
import { MalformedError } from '../../errors.ts'
import type { DerElement } from '../encoding/der.ts'
import { decodeAscii } from '../encoding/utf8.ts'

const DER_UTC_TIME = 0x17
const DER_GENERALIZED_TIME = 0x18
const FORM = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/

/** @throws MalformedError X509_MALFORMED, PARSE_INVALID */
export function decodeTime({ tag, content }: DerElement): Date {
  const text = decodeAscii(content)
  if (tag === DER_GENERALIZED_TIME) return parse(text)
  if (tag !== DER_UTC_TIME) throw malformed()
  // RFC 5280, 4.1.2.5.1: two digits from 50 up are of the last century.
  return parse(`${text < '50' ? '20' : '19'}${text}`)
}

function parse(text: string): Date {
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] = FORM.exec(text) ?? []
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const date = new Date(iso)
  // Date rolls 30 February over into March: what does not come back the same was no date.
  if (Number.isNaN(date.getTime()) || date.toISOString() !== iso) throw malformed()
  return date
}

function malformed(): MalformedError {
  return new MalformedError('X509_MALFORMED', 'not a time in the form of RFC 5280')
}
