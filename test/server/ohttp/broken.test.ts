/** Answers that break off within, or that nobody reads: seen from a resource whose inside is scripted. */
import { createServer, type IncomingMessage, type Server, type ServerResponse, request as sendRequest } from 'node:http'
import { duplexPair } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { encodeRequest } from '../../../src/core/ohttp/binary-http.ts'
import { readOhttpKeyConfigs } from '../../../src/core/ohttp/key-configs.ts'
import {
  createOhttpKeys,
  type OhttpForm,
  type OhttpKeys,
  type SealedRequest,
  sealRequest,
} from '../../../src/ohttp/index.ts'
import { DecapsulationTurns } from '../../../src/server/ohttp/decapsulation-turns.ts'
import { answerEncrypted, type OhttpParts } from '../../../src/server/ohttp/gateway-resource.ts'
import { createLoopback, type Loopback } from '../../../src/server/ohttp/loopback.ts'
import { OpeningRoom } from '../../../src/server/ohttp/opening-room.ts'
import { ReplayGuard } from '../../../src/server/ohttp/replay-guard.ts'
import { RandomPool } from '../../../src/server/recorder/random-pool.ts'
import { Lifecycle } from '../../../src/server/routes/lifecycle.ts'
import { BootClock } from '../../../src/server/session/boot-clock.ts'
import type { TelemetryLine } from '../../../src/server/telemetry/types.ts'
import { readReply } from '../gateway/http-client.ts'
import { untilSteady } from '../upstream/mock-upstream.ts'
import { dated, GrowingReply, openReply, request } from './encrypted-client.ts'

type Inside = (incoming: IncomingMessage, outgoing: ServerResponse) => void

let keys: OhttpKeys
let server: Server
let loopback: Loopback
let lines: TelemetryLine[]
let lifecycle: Lifecycle
let inside: Inside
beforeEach(async () => {
  keys = await createOhttpKeys()
  lines = []
  lifecycle = new Lifecycle()
  const parts: OhttpParts = {
    clock: new BootClock({ now: () => new Date(), monotonicMs: () => performance.now() }),
    random: new RandomPool((size) => new Uint8Array(size)),
    lifecycle,
    telemetry: { write: (line) => lines.push(line) },
    boot: { channels: { ohttp: keys } },
    config: { measured: { limits: { bodyBytes: 1 << 20, blockBytes: 1 << 16, answerBytes: 100_000 } } },
  }
  loopback = createLoopback({})
  loopback.server.on('request', (incoming, outgoing) => inside(incoming, outgoing))
  const [replays, room, turns] = [new ReplayGuard(), new OpeningRoom(), new DecapsulationTurns()]
  const resource = { parts, loopback, replays, room, turns }
  server = createServer((incoming, outgoing) => void answerEncrypted(resource, { incoming, outgoing }))
})
afterEach(() => loopback.close())

async function seal(form: OhttpForm): Promise<SealedRequest> {
  const [, config] = readOhttpKeyConfigs(encodeBase64Url(keys.configs))
  if (config === undefined) throw new Error('there are two')
  return sealRequest(config, encodeRequest(dated(request('GET', '/inside'))), form)
}

/** Without a network in between, so that nothing but the resource holds octets back. */
function send(octets: Uint8Array, form: OhttpForm): Promise<IncomingMessage> {
  const [near, far] = duplexPair({ highWaterMark: 1_024 })
  far.once('close', () => near.destroy())
  near.once('close', () => far.destroy())
  server.emit('connection', far)
  const headers = { 'content-type': form === 'chunked' ? 'message/ohttp-chunked-req' : 'message/ohttp-req' }
  return new Promise((resolve, reject) => {
    const sent = sendRequest({ createConnection: () => near, method: 'POST', path: '/', headers }, resolve)
    sent.on('error', reject)
    sent.end(octets)
  })
}

async function ask(): Promise<GrowingReply> {
  const sealed = await seal('chunked')
  const incoming = await send(sealed.octets, 'chunked')
  return new GrowingReply({ incoming, abort: () => incoming.destroy() }, sealed)
}

const statuses = (): readonly unknown[] => lines.map((line) => ('status' in line ? line.status : line.event))

describe('an answer that breaks off within', () => {
  it.each([
    ['of any length', {}],
    ['of a length that it does not reach', { 'content-length': '100' }],
  ])('[C7] is cut off outside, without a last chunk (%s)', async (_, headers) => {
    let breakOff: () => void = () => {}
    inside = (_incoming, outgoing) => {
      outgoing.writeHead(200, headers)
      outgoing.write('the first part')
      breakOff = () => outgoing.destroy()
    }
    const reply = await ask()
    await reply.until('the first part')
    breakOff()
    await expect(reply.more()).rejects.toThrow(/aborted/)
    await expect(reply.finish()).rejects.toMatchObject({ failure: 'E2EE_TRUNCATED' })
    await lifecycle.idle()
    expect(statuses()).toEqual([499])
  })

  it('before its head is no answer outside', async () => {
    inside = (incoming) => incoming.socket.destroy()
    const { octets } = await seal('chunked')
    await expect(send(octets, 'chunked')).rejects.toThrow(/hang up/)
    await lifecycle.idle()
    expect(statuses()).toEqual([499])
  })

  it('is no whole answer either', async () => {
    inside = (_incoming, outgoing) => {
      outgoing.write('the first part')
      setImmediate(() => outgoing.destroy())
    }
    const { octets } = await seal('whole')
    await expect(send(octets, 'whole')).rejects.toThrow(/hang up/)
  })
})

describe('an answer that is too long to leave as a whole', () => {
  it('is refused, and broken off within', async () => {
    let isBrokenOff = false
    inside = (_incoming, outgoing) => {
      outgoing.once('close', () => {
        isBrokenOff = !outgoing.writableFinished
      })
      const more = (): void => {
        while (outgoing.write(new Uint8Array(10_000)));
      }
      outgoing.on('drain', more)
      more()
    }
    const sealed = await seal('whole')
    const incoming = await send(sealed.octets, 'whole')
    const reply = await openReply(await readReply({ incoming, abort: () => {} }), sealed)
    expect([reply.status, JSON.parse(reply.text).error.code]).toEqual([502, 'answer_too_large'])
    expect(isBrokenOff).toBe(true)
  })
})

describe('an answer that nobody reads', () => {
  it('is held back where it is made', async () => {
    let made = 0
    let isGone = false
    const chunk = new Uint8Array(1_024)
    inside = (_incoming, outgoing) => {
      outgoing.once('close', () => {
        isGone = true
      })
      const more = (): void => {
        do made += chunk.length
        while (outgoing.write(chunk))
      }
      outgoing.on('drain', more)
      more()
    }
    const reply = await ask()
    await reply.more()
    const held = await untilSteady(() => made)
    expect(held).toBeGreaterThan(0)
    expect(held).toBeLessThan(72 * 1024)
    reply.abort()
    await lifecycle.idle()
    expect(isGone).toBe(true)
  })
})
