/** What a request asks of collections: the tool `file_search`, as the Responses API has it. @module */
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/encoding/json.ts'
import { textOf } from '../../upstream/request-dependencies.ts'
import { ContextRefusal } from '../refusal.ts'

export interface Search {
  readonly collections: readonly string[]
  /** Text of the newest message of the user. */
  readonly query: string
  /** Chunks of each collection; undefined where the request does not say. */
  readonly limit: number | undefined
  /** Where it stands among the tools. */
  readonly index: number
}

const KNOWN = ['type', 'vector_store_ids', 'max_num_results']
const MAX_COLLECTIONS = 8
/**
 * Chunks of one request, of all collections together. Each is named twice in the receipt, which stays within 8 KiB where names are ordinary
 * and there is no more than a prompt beside them.
 */
export const MAX_RESULTS = 6
/** UTF-16 units: of a longer message its end is looked up, where questions stand. */
const MAX_QUERY = 8192

/** Undefined where the request does not search. @throws ContextRefusal */
export function readSearch(fields: JsonObject): Search | undefined {
  const { tools } = fields
  if (!Array.isArray(tools)) return undefined
  const isSearch = (tool: JsonValue): tool is JsonObject => isJsonObject(tool) && tool['type'] === 'file_search'
  const searches = tools.filter(isSearch)
  const [tool] = searches
  if (tool === undefined) return undefined
  if (searches.length > 1) throw refuse('Give `file_search` once, with all its collections.')
  if (Object.keys(tool).some((name) => !KNOWN.includes(name)))
    throw refuse('`file_search` takes vector_store_ids and max_num_results, and nothing else.')
  const { vector_store_ids: ids, max_num_results: limit = null } = tool
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > MAX_COLLECTIONS || new Set(ids).size !== ids.length)
    throw refuse(`\`vector_store_ids\` must name 1 to ${MAX_COLLECTIONS} collections.`)
  const collections = ids.filter((id) => typeof id === 'string')
  if (collections.length !== ids.length) throw refuse('`vector_store_ids` must be names.')
  if (limit !== null && !(typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= MAX_RESULTS))
    throw refuse(`\`max_num_results\` must be 1 to ${MAX_RESULTS}.`)
  return {
    collections,
    query: newestText(fields).slice(-MAX_QUERY),
    limit: limit ?? undefined,
    index: tools.indexOf(tool),
  }
}

function refuse(message: string): ContextRefusal {
  return new ContextRefusal(message, { param: 'tools' })
}

/** Of chat's `messages` or of responses' `input`. */
function newestText({ messages, input }: JsonObject): string {
  if (typeof input === 'string') return input
  const list = Array.isArray(messages) ? messages : Array.isArray(input) ? input : []
  const newest = list.findLast((message: JsonValue) => isJsonObject(message) && message['role'] === 'user')
  return isJsonObject(newest) ? textOf(newest['content']) : ''
}
