/** An MCP server over the life of the gateway: connected when it is called, held to its pinned list, connected again after it dies. @module */
import { ProtocolError } from '@modelcontextprotocol/client'
import type { JsonObject } from '../core/encoding/json.ts'
import { CountersignError } from '../errors.ts'
import { until } from './deadline.ts'
import type { OpenLink } from './mcp-link.ts'
import { McpSession } from './mcp-session.ts'
import { refusalOf } from './refused-server.ts'
import { limitText, textOfResult } from './result-text.ts'
import type { ToolList } from './tool-list.ts'
import type { ToolDeps, ToolLimits, ToolResult, ToolServer } from './types.ts'

/** A server that dies again and again is not started with every call. */
const MAX_STARTS = 5
const STARTS_WINDOW_MS = 60_000

export interface McpServerOptions {
  readonly id: string
  readonly limits: ToolLimits
  readonly open: OpenLink
  readonly monotonicMs: ToolDeps['monotonicMs']
}

export class McpToolServer implements ToolServer {
  readonly id: string
  readonly digest: string
  readonly definitions: ToolList['definitions']
  readonly #options: McpServerOptions
  #session: Promise<McpSession>
  #identity: string
  #starts: readonly number[] = []
  /** A server that is slow to connect with must not hold up whoever ends. */
  readonly #closing: AbortController

  private constructor(
    options: McpServerOptions,
    {
      closing,
      session,
      list,
    }: { readonly closing: AbortController; readonly session: McpSession; readonly list: ToolList },
  ) {
    this.id = options.id
    this.digest = list.digest
    this.definitions = list.definitions
    this.#options = options
    this.#closing = closing
    this.#session = Promise.resolve(session)
    this.#identity = session.identity
  }

  /** Connects. What its list is now is what it is held to. @throws where the server cannot be reached, or is another one */
  static async open(options: McpServerOptions): Promise<McpToolServer> {
    const closing = new AbortController()
    const session = await McpSession.open(await options.open(), options.limits.timeoutMs, closing.signal)
    return new McpToolServer(options, { closing, session, list: await session.listed() })
  }

  get identity(): string {
    return this.#identity
  }

  async call(name: string, args: JsonObject, { signal }: { readonly signal: AbortSignal }): Promise<ToolResult> {
    const { timeoutMs, resultBytes } = this.#options.limits
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    let session: McpSession | undefined
    const result = (outcome: ToolResult['outcome'], text: string): ToolResult => ({
      content: limitText(text, resultBytes),
      outcome,
      identity: session?.identity ?? this.#identity,
    })
    try {
      session = await until(this.#connected(), deadline)
      const { digest } = await until(session.listed(), deadline)
      if (digest !== this.digest) {
        // The next call reads the list anew, over a connection of its own.
        session.retire()
        return result('refused', 'The tool was not called: its server lists other tools than the configuration says.')
      }
      const answer = await session.call(name, args, deadline)
      return result(answer.isError === true ? 'error' : 'ok', textOfResult(answer))
    } catch (error) {
      signal.throwIfAborted()
      if (deadline.aborted) {
        // It may hang for good; calls that are under way there have their own time.
        session?.retire()
        return result('timeout', 'The tool gave no result in time.')
      }
      // What the server itself says of a call leaves the connection as it is; any other failure may have left it useless.
      if (!(error instanceof ProtocolError)) session?.retire()
      return result(...explain(error))
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const session = await this.#session.catch(() => undefined)
    await session?.close()
  }

  async #connected(): Promise<McpSession> {
    const known = this.#session
    const session = await known.catch(() => undefined)
    if (session?.isOpen === true) return session
    // Whoever came first has begun a new one already.
    if (this.#session === known) this.#session = this.#connect()
    return this.#session
  }

  async #connect(): Promise<McpSession> {
    const { limits, monotonicMs, open } = this.#options
    const { signal } = this.#closing
    const now = monotonicMs()
    this.#starts = this.#starts.filter((at) => now - at < STARTS_WINDOW_MS)
    if (signal.aborted || this.#starts.length >= MAX_STARTS) throw new Error('the server is not started again now')
    this.#starts = [...this.#starts, now]
    const session = await McpSession.open(await open(), limits.timeoutMs, signal)
    this.#identity = session.identity
    if (signal.aborted) await session.close()
    return session
  }
}

/** What the model is told. The words of a server's own error are its own; of others nothing is told that names a place. */
function explain(error: unknown): readonly [ToolResult['outcome'], string] {
  const isOther = error instanceof CountersignError && error.code === 'ERR_CONFIG'
  const refused = isOther ? 'what its server runs is not what the configuration says' : refusalOf(error)
  if (refused !== undefined) return ['refused', `The tool was not called: ${refused}.`]
  if (error instanceof ProtocolError) return ['error', error.message]
  return ['error', 'The tool gave no result: its server failed.']
}
