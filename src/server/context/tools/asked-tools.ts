/** What a request asks of tool servers: elements of type `mcp` in its `tools`, and the tools that its model brings. @module */
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/encoding/json.ts'
import type { ModelToolsConfig } from '../../config/types.ts'
import { ContextRefusal } from '../refusal.ts'

export interface AskedTools {
  /** In the order in which they are offered: those of the model, then those of the request. */
  readonly servers: readonly ModelToolsConfig[]
  /** Where the elements stand that ask for them. */
  readonly indices: readonly number[]
  /** Names of the client's own functions. */
  readonly clientFunctions: readonly string[]
  /** Whether the client has tools of its own: functions, and what the model server may have. */
  readonly hasClientTools: boolean
}

const KNOWN = ['type', 'server_label', 'allowed_tools', 'require_approval']
const MAX_SERVERS = 8

/** @throws ContextRefusal for an element that asks for what the gateway does not do */
export function readAskedTools(fields: JsonObject, brought: readonly ModelToolsConfig[]): AskedTools {
  const elements = Array.isArray(fields['tools']) ? fields['tools'] : []
  const asked = elements.flatMap((tool: JsonValue, i) => (isMcp(tool) ? [{ i, server: readElement(tool) }] : []))
  const servers = [...brought, ...asked.map(({ server }) => server)]
  if (servers.length > MAX_SERVERS) throw refuse(`A request has tools of at most ${MAX_SERVERS} servers.`)
  if (new Set(servers.map(({ server }) => server)).size !== servers.length)
    throw refuse(
      'A tool server is given twice: give it once, with all its tools; what the model brings need not be given.',
    )
  return {
    servers,
    indices: asked.map(({ i }) => i),
    clientFunctions: elements.flatMap((tool: JsonValue) => nameOf(tool) ?? []),
    // A search is the gateway's own: retrieval takes it out.
    hasClientTools: elements.some((tool: JsonValue) => !isMcp(tool) && !isOfType(tool, 'file_search')),
  }
}

export function refuse(message: string, code?: string): ContextRefusal {
  return new ContextRefusal(message, { param: 'tools', ...(code === undefined ? {} : { code }) })
}

function readElement(tool: JsonObject): ModelToolsConfig {
  // An address of the client's choice, or a token of its own, would have the gateway call what nobody measured.
  if (Object.keys(tool).some((name) => !KNOWN.includes(name)))
    throw refuse('A tool of type `mcp` takes server_label and allowed_tools here: its server is in the configuration.')
  const { server_label: server, allowed_tools: allowed = null, require_approval: approval = null } = tool
  if (typeof server !== 'string') throw refuse('`server_label` must name a tool server of this gateway.')
  if (approval !== null && approval !== 'never') throw refuse('`require_approval` can only be never here.')
  if (allowed === null) return { server }
  const names = Array.isArray(allowed) ? allowed.filter((name) => typeof name === 'string') : []
  if (!Array.isArray(allowed) || allowed.length === 0 || names.length !== allowed.length)
    throw refuse('`allowed_tools` must be a list of names.')
  if (new Set(names).size !== names.length) throw refuse('`allowed_tools` names a tool twice.')
  return { server, allowed: names }
}

function isOfType(tool: JsonValue, type: string): tool is JsonObject {
  return isJsonObject(tool) && tool['type'] === type
}

function isMcp(tool: JsonValue): tool is JsonObject {
  return isOfType(tool, 'mcp')
}

/** Chat has the function in a member of its own, responses has it flat. */
function nameOf(tool: JsonValue): string | undefined {
  if (!isOfType(tool, 'function')) return undefined
  const described = isJsonObject(tool['function']) ? tool['function'] : tool
  return typeof described['name'] === 'string' ? described['name'] : undefined
}
