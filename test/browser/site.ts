/** A web site on this machine, of an origin of its own, under a strict policy on content. */
import { createServer } from 'node:http'
import { originOf } from './serve.ts'

export interface Site {
  readonly origin: string
  close(): void
}

/** Neither text that becomes a program, nor markup out of text, nor anything of another origin but `connect`. */
export function contentPolicy(connect = ''): string {
  const sources = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${connect}`
  return `${sources}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'`
}

const TYPES: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript', json: 'application/json' }

/** @param files by path, for example `/index.html` */
export async function serveSite(files: Readonly<Record<string, string>>, policy: string): Promise<Site> {
  const server = createServer(({ url = '/' }, response) => {
    const path = url === '/' ? '/index.html' : url
    const body = files[path]
    const type = TYPES[path.split('.').at(-1) ?? '']
    if (body === undefined || type === undefined) response.writeHead(404).end()
    else
      response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': policy }).end(body)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    origin: originOf(server, 'localhost'),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
