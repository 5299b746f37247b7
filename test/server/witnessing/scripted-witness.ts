/** A witness that answers what a test says: late, never, with lies. @module */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeAddCheckpoint } from '../../../src/core/log/index.ts'
import { witnessSigner } from '../../witness/witness-fixture.ts'

export interface ScriptedRequest {
  readonly path: string
  readonly octets: Uint8Array
  readonly authorization: string | undefined
  /** Of a request to add-checkpoint. */
  readonly note: string
}

export interface ScriptedWitness {
  readonly url: string
  readonly vkey: string
  readonly requests: readonly ScriptedRequest[]
  close(): Promise<void>
}

export async function scriptWitness(
  answer: (request: ScriptedRequest, response: ServerResponse) => void,
  seed = 0x79,
): Promise<ScriptedWitness> {
  const requests: ScriptedRequest[] = []
  const server = createServer((incoming, response) => {
    void readAll(incoming).then((octets) => {
      const path = incoming.url ?? ''
      const note = path === '/add-checkpoint' ? decodeAddCheckpoint(octets).checkpoint : ''
      const request = { path, octets, authorization: incoming.headers.authorization, note }
      requests.push(request)
      answer(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  return {
    url: `http://127.0.0.1:${port}`,
    vkey: witnessSigner(seed).vkey,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function readAll(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}
