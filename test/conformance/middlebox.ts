/** Whoever stands between client and gateway: passes octets on as they come, and alters the answers to marked questions. @module */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { variantOf } from './question.ts'

/** One whole answer of the gateway on its way to the client. */
export interface Passing {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether the connection breaks where the body ends. */
  readonly cut?: true
}

export type Attack = (passing: Passing) => Passing

export interface Middlebox {
  /** With `/v1`. */
  readonly base: string
  close(): Promise<void>
}

/** @param attackOf undefined lets the answer pass */
export async function startMiddlebox(
  target: string,
  attackOf: (variant: string) => Attack | undefined,
): Promise<Middlebox> {
  const server = createServer((incoming, outgoing) => {
    outgoing.on('error', () => undefined)
    relay(incoming, outgoing, { target, attackOf }).catch(() => outgoing.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    base: `http://127.0.0.1:${port}/v1`,
    close: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

interface Relaying {
  readonly target: string
  readonly attackOf: (variant: string) => Attack | undefined
}

async function relay(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { target, attackOf }: Relaying,
): Promise<void> {
  const asked = await bodyOf(incoming)
  const sent = request(`${target}${incoming.url ?? ''}`, { method: incoming.method, headers: incoming.headers })
  outgoing.on('close', () => sent.destroy())
  sent.end(asked)
  const [answer]: IncomingMessage[] = await once(sent, 'response')
  if (answer === undefined) throw new Error('no answer')
  const attack = attackOf(variantOf(asked))
  if (attack === undefined) {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    outgoing.flushHeaders()
    answer.on('error', () => outgoing.destroy())
    answer.pipe(outgoing)
    await once(answer, 'close')
    return
  }
  const { 'content-length': _, 'transfer-encoding': __, ...headers } = answer.headers
  const changed = attack({
    status: answer.statusCode ?? 502,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body: String(await bodyOf(answer)),
  })
  outgoing.writeHead(changed.status, changed.headers)
  if (changed.cut) outgoing.write(changed.body, () => outgoing.destroy())
  else outgoing.end(changed.body)
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of message) parts.push(part)
  return Buffer.concat(parts)
}
