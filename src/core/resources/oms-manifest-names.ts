/** Names of files in a manifest: relative POSIX paths in one order. Whoever wrote the manifest chose them. @module */
import { MalformedError } from '../../errors.ts'

/** Longer than any path that a kernel opens. */
const MAX_LENGTH = 4_096

/**
 * Refuses a name that could lead out of the folder, or be spelled in two ways. A backslash divides names on some systems and not on others.
 * @throws MalformedError PARSE_INVALID
 */
export function assertRelativeName(name: string): void {
  const segments = name.split('/')
  const plain = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..')
  if (!plain || name.length > MAX_LENGTH || /[\0\\\p{Surrogate}]/u.test(name))
    throw new MalformedError('PARSE_INVALID', `${JSON.stringify(name.slice(0, 64))} is not a relative path of a file`)
}

/**
 * Segment by segment, each by its code units: the order in which the reference implementation lists a model's files, so that `a/b` stands
 * before `a-b`. The subject digest depends on it.
 */
export function compareNames(a: string, b: string): number {
  const left = a.split('/')
  const right = b.split('/')
  for (let i = 0; i < left.length && i < right.length; i++) {
    const x = left[i] ?? ''
    const y = right[i] ?? ''
    if (x !== y) return x < y ? -1 : 1
  }
  return left.length - right.length
}
