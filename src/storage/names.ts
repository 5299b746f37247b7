/** Names of objects: the one place that decides which are allowed. They may come from URLs, and a driver makes paths of them. @module */
import { CountersignError } from '../errors.ts'

const SEGMENTS = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/
/** A segment is a file name on a disk (255 octets), a name a key of an object store (1,024 octets); both leave room for ours. */
const MAX_SEGMENT = 200
const MAX_NAME = 800

/** True for what may stand between two slashes. */
export function isSegment(text: string): boolean {
  return text.length <= MAX_SEGMENT && !text.includes('/') && isName(text)
}

/** True for a whole name: relative, no empty segment, no `.` or `..`, nothing but `[A-Za-z0-9._-]` between slashes. */
export function isName(name: string): boolean {
  return (
    name.length <= MAX_NAME &&
    SEGMENTS.test(name) &&
    name.split('/').every((segment) => segment !== '.' && segment !== '..' && segment.length <= MAX_SEGMENT)
  )
}

/** @throws CountersignError ERR_USAGE for any other */
export function requireName(name: string): string {
  if (!isName(name)) throw new CountersignError('ERR_USAGE', `${JSON.stringify(name.slice(0, 80))} names no object`)
  return name
}

/** As {@link requireName}; the empty name is the root. */
export function requireFolder(folder: string): string {
  return folder === '' ? '' : requireName(folder)
}
