/** The measured tool servers: which of their tools a request is offered, and where they stand in it. @module */
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import type { ResourceDescriptor } from '../../../core/evidence/resource-descriptor.ts'
import { CountersignError } from '../../../errors.ts'
import { openToolServer, type ToolDeps, type ToolServer } from '../../../tools/index.ts'
import type { MeasuredConfig, ModelConfig, ModelToolsConfig } from '../../config/types.ts'
import { describe } from '../../upstream/dependencies.ts'
import { ContextRefusal } from '../refusal.ts'
import type { AddedDependencies, ContextRequest, OfferedTools } from '../types.ts'
import { type AskedTools, readAskedTools, refuse } from './asked-tools.ts'
import { elementOf, functionsOf, type OfferedFunction } from './functions.ts'
import { Offer } from './offered-tools.ts'

const ROLE = 'tool-definitions'
const SEARCH_ROLE = 'retrieval-index'
const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'
const DEFAULT_CALLS = 4

export interface PreparedTools {
  readonly dependencies: AddedDependencies
  readonly tools?: OfferedTools
}

export interface Tools {
  /** The last of the sources that change `tools`. @throws ContextRefusal */
  prepare(request: ContextRequest): PreparedTools
  /** Ends the servers' processes and connections. */
  close(): Promise<void>
}

/** Starts or contacts every server. @throws CountersignError ERR_CONFIG for one that is not as it was measured */
export async function loadTools(
  { tools, toolCalls = DEFAULT_CALLS, models }: Pick<MeasuredConfig, 'tools' | 'toolCalls' | 'models'>,
  deps: ToolDeps,
): Promise<Tools> {
  const { monotonicMs } = deps
  const opened = await Promise.allSettled((tools ?? []).map((config) => openToolServer(config, deps)))
  const servers = new Map(
    opened.flatMap((result) => (result.status === 'fulfilled' ? [[result.value.id, result.value] as const] : [])),
  )
  const close = async (): Promise<void> => {
    await Promise.all([...servers.values()].map((server) => server.close()))
  }
  const brought = new Map(models.map((model) => [model.id, model.tools ?? []]))
  try {
    for (const result of opened) if (result.status === 'rejected') throw result.reason
    // What an alias names must be there: else it shows with the first request.
    for (const model of models) assertBrought(servers, model)
  } catch (error) {
    await close()
    throw error
  }
  return {
    prepare: (request) => {
      const asked = tools && readAskedTools(request.fields, brought.get(request.modelId) ?? [])
      const prepared = asked !== undefined && asked.servers.length > 0 ? offer(servers, request, asked) : undefined
      const isEmptied = clean(request)
      // What the client asked for is named by what it got: the model is given no tool.
      if (prepared === undefined) return { dependencies: isEmptied ? { [ROLE]: 'none' } : {} }
      const { dependencies, functions } = prepared
      return { dependencies, tools: new Offer(functions, { maxCalls: callsOf(request, toolCalls), monotonicMs }) }
    },
    close,
  }
}

function assertBrought(servers: ReadonlyMap<string, ToolServer>, { id, tools = [] }: ModelConfig): void {
  try {
    for (const one of tools) choose(servers, one)
  } catch (cause) {
    if (!(cause instanceof ContextRefusal)) throw cause
    throw new CountersignError('ERR_CONFIG', `measured.models: ${id} brings tools: ${cause.message}`, { cause })
  }
}

/** A request may ask for fewer, as in the Responses API. */
function callsOf({ fields }: ContextRequest, toolCalls: number): number {
  const { max_tool_calls: asked = null } = fields
  if (asked === null) return toolCalls
  if (typeof asked !== 'number' || !Number.isInteger(asked) || asked < 1)
    throw new ContextRefusal('`max_tool_calls` must be a whole number, 1 or more.', { param: 'max_tool_calls' })
  return Math.min(asked, toolCalls)
}

interface Offered {
  readonly dependencies: AddedDependencies
  readonly functions: readonly OfferedFunction[]
}

function offer(servers: ReadonlyMap<string, ToolServer>, request: ContextRequest, asked: AskedTools): Offered {
  assertRunnable(request)
  const chosen = asked.servers.map((one) => choose(servers, one))
  const functions = chosen.flatMap(({ functions: offered }) => offered)
  if (functions.some(({ name }) => asked.clientFunctions.includes(name)))
    throw refuse('A function of the request has the name of a tool of this gateway: give it another one.')
  const own = asked.hasClientTools ? request.edits.octetsOf('tools') : undefined
  insert(request, asked, functions)
  const described = describe(
    ROLE,
    own === undefined ? [] : [{ name: 'tools', octets: own, scheme: 'raw', source: 'client' }],
  )
  const descriptors = [...(described === 'none' ? [] : described), ...chosen.map(({ server }) => descriptorOf(server))]
  return { functions, dependencies: { [ROLE]: descriptors } }
}

/** The digest is the pinned one: whoever holds the list sees which definitions the model was given. */
function descriptorOf({ id, digest }: ToolServer): ResourceDescriptor {
  return {
    name: id,
    digest: { sha256: digest.slice('sha256:'.length) },
    annotations: { scheme: 'jcs', role: ROLE, source: 'gateway' },
  }
}

/** Calls are run between one request of the client and its one answer. */
function assertRunnable({ path, fields }: ContextRequest): void {
  if (path !== CHAT && path !== RESPONSES) throw refuse('Tools of this gateway are for chat and responses.')
  if (typeof fields['n'] === 'number' && fields['n'] > 1)
    throw new ContextRefusal('With tools of this gateway there is one answer: leave `n` out.', { param: 'n' })
  if (path === RESPONSES && fields['stream'] === true)
    throw new ContextRefusal(
      'With tools of this gateway /v1/responses is not streamed: leave `stream` out, or ask /v1/chat/completions.',
      { param: 'stream' },
    )
}

/** @throws ContextRefusal for a server or a tool that is not there */
function choose(
  servers: ReadonlyMap<string, ToolServer>,
  { server: id, allowed }: ModelToolsConfig,
): { readonly server: ToolServer; readonly functions: readonly OfferedFunction[] } {
  const server = servers.get(id)
  if (server === undefined)
    throw refuse('There is no such tool server in the configuration of this gateway.', 'tool_server_not_found')
  const functions = functionsOf(server)
  if (functions.length === 0) throw refuse('The tool server has no tool that can be offered.', 'tool_not_found')
  if (allowed === undefined) return { server, functions }
  if (allowed.some((name) => !functions.some(({ tool }) => tool === name)))
    throw refuse('There is no such tool on the server, or its name is none for a function.', 'tool_not_found')
  return { server, functions: functions.filter(({ tool }) => allowed.includes(tool)) }
}

function insert(
  { path, fields, edits }: ContextRequest,
  asked: AskedTools,
  functions: readonly OfferedFunction[],
): void {
  const elements = functions.map(({ definition }) => JSON.stringify(elementOf(definition, path === CHAT)))
  const list = { octets: encodeUtf8(`[${elements.join(',')}]`), role: ROLE }
  if (Array.isArray(fields['tools'])) {
    edits.removeElements('tools', asked.indices, ROLE)
    // One splice, as many as they are.
    edits.insertLast('tools', { octets: encodeUtf8(elements.join(',')), role: ROLE })
  } else if (edits.has('tools')) edits.replace('tools', list)
  else edits.add('tools', list)
  // Calls of one answer are all the gateway's or all the client's: half of them cannot be answered.
  if (!asked.hasClientTools || fields['parallel_tool_calls'] === false) return
  const one = { octets: encodeUtf8('false'), role: ROLE }
  if (edits.has('parallel_tool_calls')) edits.replace('parallel_tool_calls', one)
  else edits.add('parallel_tool_calls', one)
}

/** A list that the gateway has emptied goes, and what chooses from it: model servers refuse an empty one. */
function clean({ fields, edits }: ContextRequest): boolean {
  const { tools } = fields
  if (!Array.isArray(tools) || tools.length === 0 || edits.count('tools') !== 0) return false
  // Only a search was taken out: whoever asks for tools of a server gets some.
  edits.remove('tools', SEARCH_ROLE)
  if (edits.has('tool_choice')) edits.remove('tool_choice', SEARCH_ROLE)
  return true
}
