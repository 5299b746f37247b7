/** A public certificate from a real ACME server, which finds the gateway's own listener by its name. */
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectPlain, createServer, type Server } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { attestArchive, type GatewayFixture, HOST, startFixture } from '../gateway/gateway-fixture.ts'
import { hasPebble, type Pebble, startPebble } from './pebble.ts'

async function connectTo(port: number, options: object = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: HOST, ALPNProtocols: ['http/1.1'], ...options })
  await once(socket, 'secureConnect')
  return socket
}

async function spkiAt(port: number): Promise<Buffer | undefined> {
  const socket = await connectTo(port, { rejectUnauthorized: false })
  const spki = socket.getPeerX509Certificate()?.publicKey.export({ format: 'der', type: 'spki' })
  socket.destroy()
  return spki
}

async function readText(socket: TLSSocket, path: string): Promise<Buffer> {
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${HOST}\r\nconnection: close\r\n\r\n`)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  const octets = Buffer.concat(chunks)
  return octets.subarray(octets.indexOf('\r\n\r\n') + 4)
}

/** A port that is known, and held, before there is a gateway behind it: whoever comes earlier waits for it. */
async function startDoor(gateway: Promise<number>): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((outer) => {
    outer.on('error', () => outer.destroy())
    void gateway.then((port) => {
      const inner = connectPlain(port, '127.0.0.1')
      inner.on('error', () => outer.destroy())
      outer.on('close', () => inner.destroy())
      outer.pipe(inner).pipe(outer)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

describe.skipIf(!hasPebble)('a public certificate', () => {
  let pebble: Pebble
  let fixture: GatewayFixture
  let door: Server
  let port = 0
  beforeAll(async () => {
    let open: (port: number) => void = () => {}
    const gateway = new Promise<number>((resolve) => {
      open = resolve
    })
    ;({ server: door, port } = await startDoor(gateway))
    pebble = await startPebble(port)
    const { directoryUrl, directoryRootsFile } = pebble
    fixture = await startFixture({
      operational: {
        tls: { kind: 'acme', directoryUrl, directoryRootsFile, contact: 'mailto:operator@example.com' },
      },
    })
    open(Number(new URL(fixture.url).port))
  })
  afterAll(async () => {
    door.close()
    await fixture.close()
    await pebble.stop()
  })

  it('is issued over the key of the boot, which the session names, and shown from then on', async () => {
    const own = await spkiAt(port)
    const line = await fixture.line(({ event }) => event === 'certificate')
    expect(line).toMatchObject({ detail: expect.stringMatching(/^issued, valid until 20/) })
    // Verified as a browser would: with the root of the issuer, by name.
    const socket = await connectTo(port, { ca: await pebble.issuingRoot() })
    expect(socket.authorized).toBe(true)
    const certificate = socket.getPeerX509Certificate() ?? new X509Certificate('')
    expect(certificate.issuer).toMatch(/Pebble/)
    const spki = certificate.publicKey.export({ format: 'der', type: 'spki' })
    expect(spki).toEqual(own)
    const attestation = await attestArchive(fixture, decodeArchive(await readText(socket, '/v1/attestation')))
    const { createHash } = await import('node:crypto')
    expect(attestation.session.keys.tls_spki_sha256).toEqual([createHash('sha256').update(spki).digest('hex')])
  })

  it('leaves no challenge open behind it', async () => {
    await fixture.line(({ event }) => event === 'certificate')
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: HOST,
      ALPNProtocols: ['acme-tls/1'],
      rejectUnauthorized: false,
    })
    const [error] = await once(socket, 'error')
    expect(String(error)).toMatch(/alert|ECONNRESET/i)
  })
})
