/** A web site with one page, for a browser on this machine: the bundle, the vectors, and a place to hand the verdicts in. @module */
import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** Nothing but scripts and data of the page's own origin: no text is compiled, no WebAssembly, no inline script. */
const CONTENT_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'"

const PAGE = '<!doctype html><meta charset="utf-8"><title>vectors</title><script type="module" src="/page.js"></script>'
const POLICIES = join('scripts', 'vectors', 'policies.json')
const GENUINE = join('..', 'shared', 'vectors')

/** Every file that the page reads: path as the page names it, and where it lies. */
function listFiles(): readonly (readonly [string, string])[] {
  const folders = ['sev-snp', 'tdx', 'nitro', 'collateral'].map((name) => join(GENUINE, name))
  const genuine = folders.every((folder) => existsSync(folder)) ? folders : []
  const files = ['attestation-fixtures', ...genuine].flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  return [['policies.json', POLICIES], ...files.map((file) => [file, file] as const)]
}

export interface VectorsPage {
  readonly url: string
  /** The text that the page hands in. */
  readonly result: Promise<string>
  close(): void
}

export async function servePage(script: string): Promise<VectorsPage> {
  const files = listFiles()
  const { promise: result, resolve } = settleable()
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { url = '/', method } = request
    const send = (type: string, body: string): void => {
      response.writeHead(200, { 'content-type': type, 'content-security-policy': CONTENT_POLICY }).end(body)
    }
    const path = files[Number(/^\/files\/(\d+)$/.exec(url)?.[1] ?? Number.NaN)]?.[1]
    if (url === '/') send('text/html', PAGE)
    else if (url === '/files.json') send('application/json', JSON.stringify(files.map(([name]) => name)))
    else if (url === '/page.js') send('text/javascript', script)
    else if (path !== undefined) createReadStream(path).pipe(response)
    else if (url === '/result' && method === 'POST')
      text(request).then((body) => {
        send('text/plain', '')
        resolve(body)
      })
    else response.writeHead(404).end()
  }
  const server = createServer(answer)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `${originOf(server)}/`, result, close }
}

/** Of a server that listens on 127.0.0.1, or under another name of this machine. */
export function originOf(server: Server, host = '127.0.0.1'): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no address')
  return `http://${host}:${address.port}`
}

function settleable(): { readonly promise: Promise<string>; readonly resolve: (value: string) => void } {
  let resolve: (value: string) => void = () => undefined
  const promise = new Promise<string>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
