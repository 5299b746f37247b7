/** Encrypted requests that nobody has authenticated yet hold a bounded part of memory. */
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OpeningRoom } from '../../../src/server/ohttp/opening-room.ts'
import { type GatewayFixture, startFixture } from '../gateway/gateway-fixture.ts'
import { chatRequest, dated, openReply, RESOURCE, seal, sendOctets } from './encrypted-client.ts'

const KIB = 1024
const MIB = 1024 * KIB

describe('room for encrypted requests', () => {
  it('is counted of all together, and given back', () => {
    const room = new OpeningRoom({ limit: MIB })
    const [one, other, small] = [room.enter(), room.enter(), room.enter()]
    expect(one.grow(MIB)).toBe(true)
    expect(other.grow(200 * KIB)).toBe(false)
    // What is small comes in all the same.
    expect(small.grow(64 * KIB)).toBe(true)
    one.leave()
    one.leave()
    expect(other.grow(201 * KIB)).toBe(true)
    other.leave()
    expect(room.held).toBe(0)
  })

  it('is there for a request that is larger, when it is alone', () => {
    const room = new OpeningRoom({ limit: KIB })
    const [large, next] = [room.enter(), room.enter()]
    expect(large.grow(MIB)).toBe(true)
    expect(next.grow(65 * KIB)).toBe(false)
  })
})

describe('a gateway', () => {
  let fixture: GatewayFixture
  const sockets: Socket[] = []
  beforeAll(async () => {
    fixture = await startFixture({ limits: { bodyBytes: 8 * MIB } })
  })
  afterAll(async () => {
    for (const socket of sockets) socket.destroy()
    await fixture.close()
  })

  /** Sends all of a large request but its end. Resolves with the first line of an answer. */
  function begin(octets: Uint8Array): Promise<string> {
    const { hostname, port } = new URL(fixture.url)
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    socket.on('error', () => {})
    const size = octets.length + 1
    socket.write(
      `POST ${RESOURCE} HTTP/1.1\r\nhost: a\r\ncontent-type: message/ohttp-req\r\ncontent-length: ${size}\r\n\r\n`,
    )
    socket.write(octets)
    return new Promise((resolve) => {
      socket.once('data', (reply) => resolve(reply.toString('latin1').split('\r\n')[0] ?? ''))
    })
  }

  it('[C7] refuses large requests when those that wait hold enough, and still takes small ones', async () => {
    const { octets } = await seal(fixture, dated({ ...chatRequest(), content: new Uint8Array(8 * MIB) }), 'whole')
    // 128 MiB hold no more than 16 of them. Nobody else is answered: their ends do not come.
    const first = await Promise.race(Array.from({ length: 20 }, () => begin(octets)))
    expect(first).toBe('HTTP/1.1 503 Service Unavailable')
    const sealed = await seal(fixture, dated(chatRequest()))
    expect((await openReply(await sendOctets(fixture, sealed.octets), sealed)).status).toBe(200)
  })
})
