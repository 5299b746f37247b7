/** Functions behind plain HTTP: one request for each call. @module */
import { digestUri } from '../core/crypto/index.ts'
import { encodeJcs } from '../core/encoding/jcs.ts'
import type { JsonObject, JsonValue } from '../core/encoding/json.ts'
import { decodeUtf8 } from '../core/encoding/utf8.ts'
import { createOrigin, type Origin, type OriginAnswer } from './connections.ts'
import { readBearer } from './environment.ts'
import { refusalOf } from './refused-server.ts'
import { limitText } from './result-text.ts'
import { toolListOf } from './tool-list.ts'
import type { HttpFunction, HttpToolsConfig, ToolDefinition, ToolDeps, ToolResult, ToolServer } from './types.ts'

/** Nothing lists such functions but the configuration: the digest is over where they are and what is said of them there. */
export function httpToolsDigest({ baseUrl, functions }: Pick<HttpToolsConfig, 'baseUrl' | 'functions'>): string {
  const said = functions.map(({ name, description, parameters, method, path }) => ({
    name,
    description,
    parameters,
    method,
    path,
  }))
  return digestUri(encodeJcs({ baseUrl, functions: said }))
}

export class HttpToolServer implements ToolServer {
  readonly id: string
  readonly digest: string
  readonly definitions: readonly ToolDefinition[]
  readonly #config: HttpToolsConfig
  readonly #origin: Origin
  readonly #bearer: string | undefined
  #identity = 'none'

  /** @throws CountersignError ERR_CONFIG for a variable that is not set, or two functions of one name */
  constructor(config: HttpToolsConfig, { env, roots }: ToolDeps) {
    this.id = config.id
    this.digest = httpToolsDigest(config)
    const described = config.functions.map(({ name, description, parameters }) => ({
      name,
      description,
      inputSchema: parameters,
    }))
    this.definitions = toolListOf(described).definitions
    this.#config = config
    this.#bearer = readBearer(config.id, config.apiKeyEnv, env)
    const { origin } = new URL(config.baseUrl)
    this.#origin = createOrigin({ origin, connectMs: config.timeoutMs, spki: config.spki, roots })
  }

  get identity(): string {
    return this.#identity
  }

  async call(name: string, args: JsonObject, { signal }: { readonly signal: AbortSignal }): Promise<ToolResult> {
    const { timeoutMs, resultBytes, functions } = this.#config
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    // Until this call has reached a server, there is none to name.
    let identity = 'none'
    const result = (outcome: ToolResult['outcome'], text: string): ToolResult => ({
      content: limitText(text, resultBytes),
      outcome,
      identity,
    })
    try {
      const called = functions.find((candidate) => candidate.name === name)
      if (called === undefined) return result('refused', 'There is no such function.')
      const answer = await this.#send(called, args, deadline)
      identity = answer.identity
      this.#identity = identity
      const text = await textOfAnswer(answer)
      const isOk = answer.status >= 200 && answer.status < 300
      return isOk ? result('ok', text) : result('error', `HTTP ${answer.status}\n${text}`)
    } catch (error) {
      signal.throwIfAborted()
      if (deadline.aborted) return result('timeout', 'The tool gave no result in time.')
      const refused = refusalOf(error)
      if (refused !== undefined) return result('refused', `The call was refused: ${refused}.`)
      return result('error', 'The tool gave no result: its server failed.')
    }
  }

  close(): Promise<void> {
    return this.#origin.close()
  }

  #send({ method, path }: HttpFunction, args: JsonObject, signal: AbortSignal): Promise<OriginAnswer> {
    const base = new URL(this.#config.baseUrl).pathname.replace(/\/$/, '')
    const target = `${base}${path}`
    const headers = {
      accept: 'application/json, text/*',
      ...(this.#bearer === undefined ? {} : { authorization: `Bearer ${this.#bearer}` }),
    }
    if (method === 'GET') {
      const query = new URLSearchParams(
        Object.entries(args).map(([key, value]): [string, string] => [key, queryText(value)]),
      ).toString()
      return this.#origin.send({ method, path: query === '' ? target : `${target}?${query}`, headers, signal })
    }
    const body = JSON.stringify(args)
    return this.#origin.send({
      method,
      path: target,
      headers: { ...headers, 'content-type': 'application/json' },
      body,
      signal,
    })
  }
}

function queryText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const TEXT = /^(?:text\/|application\/(?:[a-z0-9.+-]*\+)?(?:json|xml)(?:;|$))/i

/** Text as it is; of what is no text, what it is said to be. Every octet is the server's choice. */
async function textOfAnswer({ headers, body }: OriginAnswer): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(Buffer.from(chunk))
  const octets = Buffer.concat(chunks)
  const type = headers['content-type'] ?? ''
  if (octets.length === 0) return ''
  if (TEXT.test(type)) return decodeUtf8(octets)
  return `[${type === '' ? 'content of an unnamed type' : type}, ${octets.length} octets]`
}
