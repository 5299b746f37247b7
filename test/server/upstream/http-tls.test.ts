import 'reflect-metadata'
import { createHash, webcrypto } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import * as x509 from '@peculiar/x509'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { chatRequest, httpUpstream, readAll, reasonOf } from './http-fixture.ts'

interface Identity {
  readonly cert: string
  readonly key: string
  readonly spki: string
}

async function makeIdentity(): Promise<Identity> {
  x509.cryptoProvider.set(webcrypto)
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=mock',
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 3_600_000),
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey))
  return {
    cert: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----\n`,
    spki: createHash('sha256').update(spki).digest('hex'),
  }
}

let identity: Identity
let server: Server
let origin: string
beforeAll(async () => {
  identity = await makeIdentity()
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
      expect(peer).toEqual({ host: origin.slice('https://'.length), tlsSpkiSha256: identity.spki })
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
