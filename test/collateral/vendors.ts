/** AMD's key server and Intel's provisioning service as one local HTTP server with their paths, headers and encodings; and every fault on request. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import { encodePem } from '../../src/core/encoding/pem.ts'
import type { SignedDocument } from '../../src/core/tdx/index.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface Vendors {
  /** Base addresses for the option `mirrors`. */
  readonly mirrors: Readonly<
    Record<'kdsintf.amd.com' | 'api.trustedservices.intel.com' | 'certificates.trustedservices.intel.com', string>
  >
  /** Every request so far: path and query, without the vendor's prefix. */
  readonly requests: readonly string[]
  /** Sets what is answered to a path; the longest prefix wins. */
  on(path: string, handler: Handler): void
  /** Requests so far whose path begins so. */
  count(path: string): number
  close(): Promise<void>
}

/** Starts a server that knows nothing yet: 404 to all. */
export async function startVendors(): Promise<Vendors> {
  const handlers = new Map<string, Handler>()
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/(?:kds|pcs|certificates)(?=\/)/, '')
    requests.push(path)
    const known = [...handlers.keys()].filter((prefix) => path.startsWith(prefix))
    const longest = known.sort((a, b) => b.length - a.length)[0]
    const handler = longest === undefined ? undefined : handlers.get(longest)
    if (handler) handler(request, response)
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('Not Found')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = portOf(server.address())
  const base = `http://127.0.0.1:${port}`
  return {
    mirrors: {
      'kdsintf.amd.com': `${base}/kds`,
      'api.trustedservices.intel.com': `${base}/pcs`,
      'certificates.trustedservices.intel.com': `${base}/certificates/`,
    },
    requests,
    on: (path, handler) => handlers.set(path, handler),
    count: (path) => requests.filter((request) => request.startsWith(path)).length,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function portOf(address: AddressInfo | string | null): AddressInfo {
  if (typeof address !== 'object' || address === null) throw new TypeError('no port')
  return address
}

/** Answers with octets. */
export function serve(
  body: Uint8Array | string,
  headers: Readonly<Record<string, string>> = {},
  status = 200,
): Handler {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/octet-stream', ...headers }).end(body)
  }
}

/** Answers in turn with each, then for ever with the last. */
export function inTurn(...handlers: readonly Handler[]): Handler {
  let next = 0
  return (request, response) => handlers[Math.min(next++, handlers.length - 1)]?.(request, response)
}

export function pemOf(...certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => encodePem(der, 'CERTIFICATE')).join('')
}

/** As Intel serves TCB info and QE identity: compact JSON, and the chain percent-encoded in a header. */
export function serveDocument(member: 'tcbInfo' | 'enclaveIdentity', document: SignedDocument): Handler {
  const { body, signature, issuerChain } = document
  const header = member === 'tcbInfo' ? 'TCB-Info-Issuer-Chain' : 'SGX-Enclave-Identity-Issuer-Chain'
  return serve(answerOf(member, body, signature), {
    'content-type': 'application/json',
    'request-id': '2a1f6e2b',
    [header]: encodeURIComponent(pemOf(...issuerChain)),
  })
}

export function answerOf(member: string, body: Uint8Array, signature: Uint8Array): string {
  return `{"${member}":${new TextDecoder().decode(body)},"signature":"${encodeHex(signature)}"}`
}
