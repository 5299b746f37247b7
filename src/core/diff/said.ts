/** What an answer says, without what every answer has of its own: ids and times. @module */

import { MalformedError } from '../../errors.ts'
import { digestUri } from '../crypto/index.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import { decodeJson, isJsonObject, type JsonValue } from '../encoding/json.ts'
import { decodeUtf8, encodeUtf8 } from '../encoding/utf8.ts'

/** Members that name an answer or a part of it, and when it was made. Arguments of tools are text, so none of theirs is meant. */
const OWN: ReadonlySet<string> = new Set(['id', 'item_id', 'response_id', 'created', 'created_at', 'completed_at'])

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function withoutOwn(value: JsonValue): JsonValue {
  if (isArray(value)) return value.map(withoutOwn)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => (OWN.has(name) ? [] : [[name, withoutOwn(member)]])),
  )
}

function canonical(octets: Uint8Array): string {
  return decodeUtf8(encodeJcs(withoutOwn(decodeJson(octets, { maxSize: octets.length, maxDepth: 32, numbers: 'any' }))))
}

/** Lines of a stream but comments: keep-alives and the receipt are no part of what was said. */
function canonicalLine(line: string): readonly string[] {
  if (line === '' || line.startsWith(':')) return []
  const [, json] = /^data: (\{.*)$/.exec(line) ?? []
  return [json === undefined ? line : canonical(encodeUtf8(json))]
}

/** Digest of it; undefined for what is no JSON. */
export function saidDigest(octets: Uint8Array, mediaType: string): string | undefined {
  try {
    if (!mediaType.startsWith('text/event-stream')) return digestUri(encodeUtf8(canonical(octets)))
    const lines = decodeUtf8(octets).split(/\r\n|\n|\r/)
    return digestUri(encodeUtf8(lines.flatMap(canonicalLine).join('\n')))
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
