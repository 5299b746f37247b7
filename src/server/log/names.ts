/** Names of the objects of one log below the root of its store. @module */

export const LOG_ID: RegExp = /^[A-Za-z0-9_-]{43}$/

/** What anyone may read: C2SP tlog-tiles below this. */
export function publishedName(id: string, path: string): string {
  return `log/${id}/${path}`
}

export function segmentFolder(id: string): string {
  return `private/${id}/wal`
}

export function segmentName(id: string, segment: number): string {
  return `${segmentFolder(id)}/${segment}`
}

export function runFolder(id: string): string {
  return `private/${id}/index`
}

export function runName(id: string, run: number): string {
  return `${runFolder(id)}/${run}`
}

/** The erased jtis, 16 octets each. */
export function erasedName(id: string): string {
  return `private/${id}/erased`
}

/** Numbers among names, ascending: anything else in the folder is not ours. */
export function numbersOf(names: readonly string[]): readonly number[] {
  return names
    .filter((name) => /^(?:0|[1-9][0-9]{0,15})$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}
