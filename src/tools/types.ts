/** Tools that the gateway runs for the model: how their servers are declared, and what a call comes to. @module */
import type { JsonObject } from '../core/encoding/json.ts'
import type { ToolOutcome } from '../core/receipt/run.ts'

/** Bounds of one call. */
export interface ToolLimits {
  /** From the call to its result, a new connection included. */
  readonly timeoutMs: number
  /** UTF-8 octets of a result; a longer one is cut, and says so in its last line. */
  readonly resultBytes: number
}

/** A program on this machine that speaks MCP over its standard input and output. */
export interface McpStdioConfig extends ToolLimits {
  readonly id: string
  readonly kind: 'mcp-stdio'
  /** An absolute path: where a search would look is not measured. */
  readonly command: string
  readonly args: readonly string[]
  /** Names of the variables that the program gets, and of no others; values are never in the configuration. */
  readonly env: readonly string[]
  /** What the command runs. Each is measured before every start, and another digest is refused. */
  readonly files: readonly MeasuredFile[]
  /** Digest of its list of tools: `countersign measure tools` prints it. */
  readonly tools: string
}

export interface MeasuredFile {
  readonly path: string
  /** `sha256:…` */
  readonly digest: string
}

/** MCP over streamable HTTP. */
export interface McpHttpConfig extends ToolLimits {
  readonly id: string
  readonly kind: 'mcp-http'
  readonly url: string
  /** `sha256:…` of the key that the server must have. Absent: receipts name the key that was seen. */
  readonly spki?: string
  /** Name of the environment variable that holds the bearer token; never the token. */
  readonly apiKeyEnv?: string
  readonly tools: string
}

/** Functions behind plain HTTP. */
export interface HttpToolsConfig extends ToolLimits {
  readonly id: string
  readonly kind: 'http'
  readonly baseUrl: string
  readonly spki?: string
  readonly apiKeyEnv?: string
  readonly functions: readonly HttpFunction[]
}

export interface HttpFunction {
  readonly name: string
  readonly description: string
  /** JSON Schema of the arguments. */
  readonly parameters: JsonObject
  /** With GET arguments are in the query, with POST in a JSON body. */
  readonly method: 'GET' | 'POST'
  /** Behind `baseUrl`, begins with a slash. */
  readonly path: string
}

export type ToolServerConfig = McpStdioConfig | McpHttpConfig | HttpToolsConfig

/** One tool as its server describes it. Of an MCP server every octet is the server's choice, which the pinned digest holds it to. */
export interface ToolDefinition {
  readonly name: string
  readonly description: string
  readonly inputSchema: JsonObject
}

/** What a call came to. */
export interface ToolResult {
  /** What the model is given. Every octet is the server's choice. */
  readonly content: string
  readonly outcome: ToolOutcome
  /** Of the server that the call went to. */
  readonly identity: string
}

export interface ToolServer {
  readonly id: string
  /** `sha256:…` of the measured command, or of the TLS key last seen; `none` over plain HTTP, and where no server was reached. */
  readonly identity: string
  /** Digest of the list of tools. */
  readonly digest: string
  /** In the order of their names. */
  readonly definitions: readonly ToolDefinition[]
  /** Rejects only when the signal aborts: a server that fails gives a result that says so. */
  call(name: string, args: JsonObject, options: { readonly signal: AbortSignal }): Promise<ToolResult>
  /** Ends its process and its connections. */
  close(): Promise<void>
}

export interface ToolDeps {
  /** For bearer tokens and the variables of programs; read once. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly monotonicMs: () => number
  /** Certificates (PEM) that https servers must chain to, in place of the runtime's. */
  readonly roots?: string
}
