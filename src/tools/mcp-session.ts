/** One connection with an MCP server: its list of tools, kept up to date, and calls. @module */
import { type CallToolResult, Client } from '@modelcontextprotocol/client'
import { decodeJson, isJsonObject, type JsonObject } from '../core/encoding/json.ts'
import { until } from './deadline.ts'
import type { McpLink } from './mcp-link.ts'
import { RefusedServer } from './refused-server.ts'
import { type ToolList, toolListOf } from './tool-list.ts'
import type { ToolDefinition } from './types.ts'

const CLIENT = { name: 'countersign', version: '1' }
const LATER_MS = 1_000
/** For a program to start, or a server to be reached: longer than a call may take, which waits for its own time alone. */
const OPEN_MS = 30_000
const MAX_PAGES = 32
const MAX_TOOLS = 512
/** Of the schemas of tools: JSON with fractions, deeper than the project's own documents. */
const SCHEMA_LIMITS = { maxDepth: 64, numbers: 'any' } as const

export class McpSession {
  readonly #client: Client
  readonly #link: McpLink
  readonly #timeoutMs: number
  #list: Promise<ToolList>
  #calls = 0
  #isReading = false
  /** Whether the server has said since then that its list has changed. */
  #isStale = false
  #isRetired = false
  #isClosed = false

  private constructor(client: Client, link: McpLink, timeoutMs: number) {
    this.#client = client
    this.#link = link
    // Behind the time of the call itself, whose end says that it was a timeout.
    this.#timeoutMs = timeoutMs + LATER_MS
    client.onclose = () => {
      this.#isClosed = true
    }
    client.setNotificationHandler('notifications/tools/list_changed', () => this.#relist())
    this.#list = this.#readNewest()
    this.#list.catch(() => undefined)
  }

  /**
   * Connects, and reads the list.
   * @param signal aborts where nobody waits for it any more
   * @throws where the server cannot be reached, or is another one
   */
  static async open(link: McpLink, timeoutMs: number, signal: AbortSignal): Promise<McpSession> {
    // It offers the server nothing: no files, no model, no questions to people. What a server writes about its results is not judged here.
    const client = new Client(CLIENT, { capabilities: {} })
    client.onerror = () => undefined
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(OPEN_MS)])
    let session: McpSession | undefined
    try {
      await until(client.connect(link.transport, { timeout: OPEN_MS + LATER_MS }), deadline)
      session = new McpSession(client, link, timeoutMs)
      await until(session.listed(), deadline)
      return session
    } catch (error) {
      await (session?.close() ?? link.close())
      throw error
    }
  }

  get identity(): string {
    return this.#link.identity()
  }

  /** Whether calls can go to it still. */
  get isOpen(): boolean {
    return !this.#isClosed && !this.#isRetired
  }

  /** The list as the server says that it is now. */
  listed(): Promise<ToolList> {
    return this.#list
  }

  async call(name: string, args: JsonObject, signal: AbortSignal): Promise<CallToolResult> {
    this.#calls++
    try {
      // Not `callTool`, which runs regular expressions of the server's output schema, and may write to the console.
      const request = { method: 'tools/call', params: { name, arguments: { ...args } } } as const
      return await until(this.#client.request(request, { timeout: this.#timeoutMs, signal }), signal)
    } finally {
      this.#calls--
      if (this.#isRetired && this.#calls === 0) void this.close()
    }
  }

  /** Takes no more calls, and closes when the last has ended. */
  retire(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    if (this.#calls === 0) void this.close()
  }

  async close(): Promise<void> {
    this.#isRetired = true
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#link.close()
    await this.#client.close().catch(() => undefined)
  }

  /** A call that comes now waits for the new list. */
  #relist(): void {
    this.#isStale = true
    if (this.#isReading) return
    this.#list = this.#readNewest()
    this.#list.catch(() => undefined)
  }

  /** The server chooses how often it says that its list has changed: it is asked once at a time. */
  async #readNewest(): Promise<ToolList> {
    this.#isReading = true
    try {
      for (;;) {
        this.#isStale = false
        const list = await this.#read()
        if (!this.#isStale) return list
      }
    } finally {
      this.#isReading = false
    }
  }

  async #read(): Promise<ToolList> {
    const tools: ToolDefinition[] = []
    let cursor: string | undefined
    if (this.#client.getServerCapabilities()?.tools === undefined) return toolListOf(tools)
    for (let page = 0; page < MAX_PAGES; page++) {
      const params = cursor === undefined ? {} : { cursor }
      const listed = await this.#client.request({ method: 'tools/list', params }, { timeout: OPEN_MS })
      for (const { name, description = '', inputSchema } of listed.tools)
        tools.push({ name, description, inputSchema: schemaOf(inputSchema) })
      cursor = listed.nextCursor
      if (tools.length > MAX_TOOLS) throw new RefusedServer(`the server lists more than ${MAX_TOOLS} tools`)
      if (cursor === undefined) return toolListOf(tools)
    }
    throw new RefusedServer('the list of tools does not end')
  }
}

function schemaOf(schema: object): JsonObject {
  const value = decodeJson(JSON.stringify(schema), SCHEMA_LIMITS)
  if (!isJsonObject(value)) throw new RefusedServer('the schema of a tool is no object')
  return value
}
