/** A client that sees exact octets: node:http, nothing decoded. @module */
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly octets: Uint8Array
  readonly text: string
}

export interface Call {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

export interface OpenReply {
  readonly incoming: IncomingMessage
  /** Breaks the connection off. */
  abort(): void
}

const agent = new Agent({ keepAlive: false })

/** Sends a request and resolves at the head of its answer. */
export function open(url: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<OpenReply> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent }, (incoming) =>
      resolve({ incoming, abort: () => sent.destroy() }),
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Sends a request and breaks it off when `when` resolves. */
export async function abortWhen(url: string, call: Call, when: Promise<unknown>): Promise<void> {
  const sent = request(url, { method: call.method ?? 'POST', headers: call.headers ?? {}, agent })
  sent.on('error', () => {})
  sent.end(call.body)
  await when
  sent.destroy()
}

export async function readReply({ incoming }: OpenReply): Promise<Reply> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const octets = new Uint8Array(Buffer.concat(chunks))
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, octets, text: Buffer.from(octets).toString() }
}

export async function call(url: string, options: Call = {}): Promise<Reply> {
  return readReply(await open(url, options))
}
