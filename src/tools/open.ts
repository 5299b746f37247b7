/** Makes the tool servers of a configuration, each held to what the configuration says of it. @module */
import { CountersignError } from '../errors.ts'
import { HttpToolServer } from './http-server.ts'
import { httpLinks, type OpenLink, stdioLinks } from './mcp-link.ts'
import { McpToolServer } from './mcp-server.ts'
import { measureFiles } from './measured-files.ts'
import { refusalOf } from './refused-server.ts'
import type { McpHttpConfig, McpStdioConfig, ToolDeps, ToolServer, ToolServerConfig } from './types.ts'

/** @throws CountersignError ERR_CONFIG for a server that cannot be reached, or is not the one that was measured */
export async function openToolServer(config: ToolServerConfig, deps: ToolDeps): Promise<ToolServer> {
  const server = await connect(config, deps)
  if (config.kind === 'http' || server.digest === config.tools) return server
  await server.close()
  throw new CountersignError(
    'ERR_CONFIG',
    `measured.tools: the list of tools of ${config.id} has the digest ${server.digest}, and the configuration says ${config.tools}: get the right server, or review what it lists now and write that digest (countersign measure tools prints it)`,
  )
}

/** What a declared server comes to, whatever the configuration says that it comes to. */
export interface MeasuredToolServer {
  readonly server: ToolServer
  /** With the digests that its files have now. */
  readonly config: ToolServerConfig
}

/** For writing a configuration: starts the server as it is now. @throws CountersignError ERR_CONFIG for one that cannot be reached */
export async function measureToolServer(config: ToolServerConfig, deps: ToolDeps): Promise<MeasuredToolServer> {
  const measured = config.kind === 'mcp-stdio' ? { ...config, files: await measureFiles(config) } : config
  return { server: await connect(measured, deps), config: measured }
}

async function connect(config: ToolServerConfig, deps: ToolDeps): Promise<ToolServer> {
  if (config.kind === 'http') return new HttpToolServer(config, deps)
  const options = { id: config.id, limits: config, open: linksOf(config, deps), monotonicMs: deps.monotonicMs }
  try {
    return await McpToolServer.open(options)
  } catch (cause) {
    if (cause instanceof CountersignError) throw cause
    const why = refusalOf(cause) ?? 'it cannot be reached, or does not speak MCP'
    throw new CountersignError('ERR_CONFIG', `measured.tools: ${config.id} cannot be used: ${why}`, { cause })
  }
}

function linksOf(config: McpStdioConfig | McpHttpConfig, deps: ToolDeps): OpenLink {
  return config.kind === 'mcp-stdio' ? stdioLinks(config, deps) : httpLinks(config, deps)
}
