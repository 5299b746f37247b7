/** What tool servers of the configuration demand of each other, and of the models that bring them. @module */
import { isInsideMachine } from '../../core/receipt/upstream-host.ts'
import type { ConfigIssue, ConfigPath } from './issue.ts'
import type { MeasuredConfig, ModelConfig, ToolServerConfig } from './types.ts'

/** Names of functions have as many letters at most, and begin with the server's id and two underscores. */
const MAX_FUNCTION_NAME = 64

export function checkTools({ tools, toolCalls, models }: MeasuredConfig): readonly ConfigIssue[] {
  const servers = tools ?? []
  const path: ConfigPath = ['measured', 'tools']
  return [
    ...(tools === undefined && toolCalls !== undefined
      ? [{ path: ['measured', 'toolCalls'], message: 'bounds calls of measured.tools, and there are none: remove it' }]
      : []),
    ...servers.flatMap(({ id }, i) =>
      servers.findIndex((other) => other.id === id) < i
        ? [{ path: [...path, i, 'id'], message: 'is the id of an earlier tool server: choose another' }]
        : [],
    ),
    ...servers.flatMap((server, i) => checkServer(server, [...path, i])),
    ...models.flatMap((model, i) => checkBrought(model, servers, ['measured', 'models', i, 'tools'])),
  ]
}

function checkBrought(
  { tools = [] }: ModelConfig,
  servers: readonly ToolServerConfig[],
  path: ConfigPath,
): readonly ConfigIssue[] {
  return tools.flatMap(({ server }, i): ConfigIssue[] => {
    const place = [...path, i, 'server']
    if (!servers.some(({ id }) => id === server)) return [{ path: place, message: 'names no server of measured.tools' }]
    if (tools.findIndex((other) => other.server === server) === i) return []
    return [{ path: place, message: 'is named twice: write its tools into one list' }]
  })
}

function checkServer(server: ToolServerConfig, path: ConfigPath): readonly ConfigIssue[] {
  switch (server.kind) {
    case 'mcp-stdio':
      return server.env.flatMap((name, i) => checkVariable(name, [...path, 'env', i]))
    case 'mcp-http':
      return [
        ...checkUrl(server.url, server.spki, [...path, 'url']),
        ...checkVariable(server.apiKeyEnv, [...path, 'apiKeyEnv']),
      ]
    case 'http':
      return [
        ...checkUrl(server.baseUrl, server.spki, [...path, 'baseUrl']),
        ...checkVariable(server.apiKeyEnv, [...path, 'apiKeyEnv']),
        ...checkFunctions(server, [...path, 'functions']),
      ]
  }
}

function checkFunctions(
  { id, functions }: Extract<ToolServerConfig, { kind: 'http' }>,
  path: ConfigPath,
): readonly ConfigIssue[] {
  return functions.flatMap(({ name, parameters }, i): ConfigIssue[] => [
    ...(functions.findIndex((other) => other.name === name) < i
      ? [{ path: [...path, i, 'name'], message: 'is the name of an earlier function: choose another' }]
      : []),
    ...(`${id}__${name}`.length > MAX_FUNCTION_NAME
      ? [{ path: [...path, i, 'name'], message: `is too long: ${id}__ and the name are at most 64 letters` }]
      : []),
    ...(parameters['type'] === 'object'
      ? []
      : [{ path: [...path, i, 'parameters'], message: 'must be a JSON Schema with type: object' }]),
  ])
}

/** The text never repeats the URL, which may hold a password. */
function checkUrl(text: string, spki: string | undefined, path: ConfigPath): readonly ConfigIssue[] {
  const fault = faultOfUrl(text, spki)
  return fault === undefined ? [] : [{ path, message: fault }]
}

function faultOfUrl(text: string, spki: string | undefined): string | undefined {
  if (!URL.canParse(text)) return 'must be an absolute URL such as https://tools.example.com/mcp'
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://'
  if (url.username !== '' || url.password !== '') return 'must hold no user or password: name a variable in apiKeyEnv'
  if (text.includes('?') || text.includes('#')) return 'must hold no query and no fragment'
  // Only one spelling: what is measured is the text.
  if (text !== `${url.origin}${url.pathname}` && text !== `${url.origin}${url.pathname.replace(/\/$/, '')}`)
    return 'must be written in its normal form: lower case, no default port, no .. in the path'
  if (url.protocol === 'https:') return undefined
  if (spki !== undefined) return 'must begin with https://: there is no key to pin otherwise'
  if (!isInsideMachine(url.hostname)) return 'must begin with https://: arguments would leave this machine in clear'
  return undefined
}

function checkVariable(name: string | undefined, path: ConfigPath): readonly ConfigIssue[] {
  // Those names belong to the table in environment.ts, where an unknown one is refused.
  return name?.startsWith('COUNTERSIGN_') === true
    ? [{ path, message: 'must not begin with COUNTERSIGN_: choose another name' }]
    : []
}
