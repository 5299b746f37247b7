/** Two builds of one source: the same files with the same octets, or the first that differs. @module */
import type { ImageFinding } from './finding.ts'

/** One output of a build, or one file within it. */
export interface BuiltFile {
  readonly path: string
  readonly kind: string
  readonly mode: number
  /** `sha256:…`; of a link its target. */
  readonly content: string
}

/** Names the first file, in the order of paths, that is in one build only or differs. */
export function compareBuilds(first: readonly BuiltFile[], second: readonly BuiltFile[]): readonly ImageFinding[] {
  if (first.length === 0 || second.length === 0) return [differs('/', 'a build without files shows nothing')]
  const left = byPath(first)
  const right = byPath(second)
  if (left.size !== first.length || right.size !== second.length) return [differs('/', 'a path is listed twice')]
  const paths = [...new Set([...left.keys(), ...right.keys()])].sort()
  for (const path of paths) {
    const detail = difference(left.get(path), right.get(path))
    if (detail !== undefined) return [differs(path, detail)]
  }
  return []
}

function byPath(files: readonly BuiltFile[]): ReadonlyMap<string, BuiltFile> {
  return new Map(files.map((file) => [file.path, file]))
}

function difference(left: BuiltFile | undefined, right: BuiltFile | undefined): string | undefined {
  if (left === undefined) return 'is in the second build only'
  if (right === undefined) return 'is in the first build only'
  if (left.kind !== right.kind) return `is a ${left.kind} in the first build and a ${right.kind} in the second`
  if (left.mode !== right.mode) return `has mode ${left.mode.toString(8)} and ${right.mode.toString(8)}`
  return left.content === right.content ? undefined : `is ${left.content} and ${right.content}`
}

function differs(where: string, detail: string): ImageFinding {
  return { code: 'BUILD_NOT_REPRODUCIBLE', where, detail }
}
