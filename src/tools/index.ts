/** Tools that the gateway runs: MCP servers and plain HTTP functions. @module */
export { type MeasuredToolServer, measureToolServer, openToolServer } from './open.ts'
export type {
  HttpToolsConfig,
  McpHttpConfig,
  McpStdioConfig,
  ToolDefinition,
  ToolDeps,
  ToolResult,
  ToolServer,
  ToolServerConfig,
} from './types.ts'
