/** A fault in the configuration: where it stands and what to do about it. Never holds a value from the file. @module */

/** Keys and indexes from the document's root to the place. */
export type ConfigPath = readonly (string | number)[]

export interface ConfigIssue {
  readonly path: ConfigPath
  /** What is wrong and what to do; for people. */
  readonly message: string
  /** Set when the fault is the key at this place itself, as with an unknown field. */
  readonly key?: string
}

/** `measured.models[0].id`; the root is `the document`. */
export function formatPath(path: ConfigPath): string {
  if (path.length === 0) return 'the document'
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('')
}
