/** Stands between page and gateway, as a load balancer does: forwards, records what it sees, and alters what it is told to. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { originOf } from './serve.ts'

/** One exchange, with everything that whoever stands in between can read of it. */
export interface SeenExchange {
  readonly method: string
  readonly path: string
  readonly status: number
  /** Both directions: headers and bodies, octet by octet as latin1 text. */
  readonly text: string
}

/** What becomes of each part of an answer's body; one that says its length passes as a whole. */
export type Meddle = (part: Buffer, path: string) => Buffer | 'cut' | Promise<Buffer | 'cut'>

export interface Middlebox {
  readonly origin: string
  readonly seen: readonly SeenExchange[]
  meddle: Meddle
  close(): void
}

export async function startMiddlebox(gateway: string): Promise<Middlebox> {
  const seen: SeenExchange[] = []
  const box = { origin: '', seen, meddle: passOn, close: (): void => undefined }
  const server = createServer((incoming, outgoing) => {
    forward(gateway, { incoming, outgoing, meddle: (part, path) => box.meddle(part, path) }).then(
      (exchange) => seen.push(exchange),
      () => outgoing.destroy(),
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  box.origin = originOf(server)
  box.close = () => {
    server.closeAllConnections()
    server.close()
  }
  return box
}

export const passOn: Meddle = (part) => part

interface Between {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly meddle: Meddle
}

async function forward(gateway: string, { incoming, outgoing, meddle }: Between): Promise<SeenExchange> {
  const { method = '', url: path = '' } = incoming
  const parts: Buffer[] = [Buffer.from(`${path} ${incoming.rawHeaders.join(' ')} `)]
  const onward = request(`${gateway}${path}`, { method, headers: incoming.headers })
  outgoing.on('close', () => onward.destroy())
  const answered = new Promise<IncomingMessage>((resolve, reject) => onward.on('response', resolve).on('error', reject))
  for await (const part of incoming) {
    parts.push(part)
    onward.write(part)
  }
  onward.end()
  const response = await answered
  const { statusCode: status = 0 } = response
  parts.push(Buffer.from(response.rawHeaders.join(' ')))
  outgoing.writeHead(status, response.headers)
  outgoing.flushHeaders()
  for await (const part of partsOf(response)) {
    parts.push(part)
    const passed = await meddle(part, path)
    if (passed === 'cut') {
      outgoing.destroy()
      break
    }
    outgoing.write(passed)
  }
  outgoing.end()
  return { method, path, status, text: Buffer.concat(parts).toString('latin1') }
}

async function* partsOf(response: IncomingMessage): AsyncIterable<Buffer> {
  if (response.headers['content-length'] === undefined) yield* response
  else yield await buffer(response)
}
