/** Unified diffs of what was sent, inserted and answered. The one place that imports `diff`. Prompts are private: only on demand. @module */
import { FILE_HEADERS_ONLY, formatPatch, structuredPatch } from 'diff'
import type { DiffSide } from '../../core/diff/index.ts'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import { MalformedError } from '../../errors.ts'
import { printable } from '../output.ts'

/** Content of both sides that differs. */
export interface ContentPair {
  readonly name: string
  readonly before: Uint8Array
  readonly after: Uint8Array
}

/** Lines that may differ: the cost grows with their square, and the octets are the sender's. */
const MAX_EDITS = 4_000

type Inserted = ReadonlyMap<string, readonly string[]>

/** Digests of inserted octets by role, in order. */
function insertedBy({ receipt }: DiffSide): Inserted {
  const roles = new Map<string, string[]>()
  for (const { insert } of receipt?.disclosed.forwarded?.transforms ?? [])
    roles.set(insert.role, [...(roles.get(insert.role) ?? []), insert.digest])
  return roles
}

function insertedPairs(a: DiffSide, b: DiffSide): readonly ContentPair[] {
  const [of, to] = [insertedBy(a), insertedBy(b)]
  return [...of].flatMap(([role, digests]) =>
    digests.flatMap((digest, i) => {
      const other = to.get(role)?.[i]
      const [before, after] = [a.inserts.get(digest), other === undefined ? undefined : b.inserts.get(other)]
      if (digest === other || before === undefined || after === undefined) return []
      return [{ name: digests.length === 1 ? role : `${role}-${i + 1}`, before, after }]
    }),
  )
}

/** What both sides hold and what differs between them. */
export function differingContent(a: DiffSide, b: DiffSide): readonly ContentPair[] {
  const named = (name: 'request' | 'response'): readonly ContentPair[] => {
    const [before, after] = [a[name], b[name]]
    if (before === undefined || after === undefined) return []
    const digests = [a, b].map(({ receipt }) => receipt?.disclosed[name]?.digest)
    return digests[0] === digests[1] ? [] : [{ name, before, after }]
  }
  return [...named('request'), ...insertedPairs(a, b), ...named('response')]
}

function textOf(octets: Uint8Array): string | undefined {
  try {
    return decodeUtf8(octets)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** JSON stands in one line on the wire: a member a line is what people compare. */
function layOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2)
  } catch {
    return text
  }
}

function patch(name: string, before: string, after: string): string | undefined {
  const found = structuredPatch(`A/${name}`, `B/${name}`, before, after, '', '', {
    context: 3,
    maxEditLength: MAX_EDITS,
  })
  return found && formatPatch(found, FILE_HEADERS_ONLY)
}

/** A unified diff for a terminal, or one line that says why there is none. */
export function renderContent({ name, before, after }: ContentPair): string {
  const [of, to] = [textOf(before), textOf(after)]
  const heading = `--- A/${name}\n+++ B/${name}\n`
  if (of === undefined || to === undefined) return `${heading}not text: ${before.length} and ${after.length} octets\n`
  const [laidOut, other] = [layOut(of), layOut(to)]
  // Equal when laid out, unequal as octets: blanks, the order of digits, an escape. Then the octets are shown as they are.
  const found = laidOut === other ? patch(name, of, to) : patch(name, laidOut, other)
  if (found === undefined)
    return `${heading}too different to lay side by side: ${before.length} and ${after.length} octets\n`
  return `${found
    .trimEnd()
    .split('\n')
    .map((line) => printable(line.replaceAll('\t', '    ')))
    .join('\n')}\n`
}
