import { createServer, type Server } from 'node:https'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTlsIdentity, type TlsIdentity } from '../../kit/tls-identity.ts'
import { chatRequest, httpUpstream, readAll, reasonOf } from './http-fixture.ts'

let identity: TlsIdentity
let server: Server
let origin: string
beforeAll(async () => {
  identity = await createTlsIdentity('mock')
  server = createServer({ cert: identity.cert, key: identity.key }, (_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  origin = `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
afterEach(() => {
  vi.unstubAllEnvs()
})

describe('an upstream over TLS', () => {
  it('tells which key it met, on a new connection and on one used again', async () => {
    const upstream = httpUpstream(origin, { roots: identity.cert })
    for (let i = 0; i < 3; i++) {
      const { body, peer } = await upstream.send(chatRequest())
      await readAll(body)
      expect(peer).toEqual({
        host: origin.slice('https://'.length),
        tlsSpkiSha256: identity.spki.slice('sha256:'.length),
      })
    }
    await upstream.close()
  })

  it('is refused without a trusted certificate', async () => {
    const upstream = httpUpstream(origin)
    expect(await reasonOf(() => upstream.send(chatRequest()))).toBe('unreachable')
    await upstream.close()
  })

  it('is refused also when the environment asks Node to trust everybody', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const upstream = httpUpstream(origin)
    expect(await reasonOf(() => upstream.send(chatRequest()))).toBe('unreachable')
    await upstream.close()
  })

  it('is refused under another name than its certificate has', async () => {
    const upstream = httpUpstream(origin.replace('127.0.0.1', 'localhost'), { roots: identity.cert })
    expect(await reasonOf(() => upstream.send(chatRequest()))).toBe('unreachable')
    await upstream.close()
  })
})
