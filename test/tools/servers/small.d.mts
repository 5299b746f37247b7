import type { McpServer } from '@modelcontextprotocol/server'

export function createSmallServer(options?: { readonly changed?: boolean }): McpServer
