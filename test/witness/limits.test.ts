/** What strangers may cost a witness, and what they learn from it. */
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../src/storage/index.ts'
import { createMemoryStore } from '../kit/memory-store.ts'
import { call, type Reply } from '../server/gateway/http-client.ts'
import { TestLog } from './test-log.ts'
import { startWitness, type WitnessFixture, type WitnessFixtureOptions } from './witness-fixture.ts'

const open: WitnessFixture[] = []
async function started(options?: WitnessFixtureOptions): Promise<WitnessFixture> {
  const witness = await startWitness(options)
  open.push(witness)
  return witness
}
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ close }) => close()))
})

/** Sends octets as they are and resolves with all that comes back until the connection ends. */
function exchange(url: string, octets: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(octets))
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

describe('a witness among strangers', () => {
  it('says what it is and what its key is', async () => {
    const witness = await started()
    const reply = await witness.get('/')
    expect(reply.status).toBe(200)
    expect(reply.text).toMatch(/^A witness of transparency logs/)
    expect(reply.text.endsWith(`\n${witness.vkey}\n`)).toBe(true)
  })

  it.each([
    ['GET', '/add-checkpoint', 405],
    ['POST', '/', 405],
    ['GET', '/origins', 404],
    ['GET', '/../witness.key', 404],
    ['DELETE', '/hosts/gw.example.com', 405],
  ])('answers %s %s with %i', async (method, path, status) => {
    const witness = await started()
    expect((await call(`${witness.url}${path}`, { method })).status).toBe(status)
  })

  it.each([
    ['/add-checkpoint', 64 * 1024],
    ['/add-origin', 1 << 20],
  ])('refuses a body of %s above its limit, announced or not', async (path, limit) => {
    const witness = await started()
    const announced = `POST ${path} HTTP/1.1\r\nHost: w\r\nContent-Type: text/plain\r\nContent-Length: ${limit + 1}\r\n\r\n`
    expect(await exchange(witness.url, announced)).toMatch(/^HTTP\/1.1 413 /)
    const body = 'x'.repeat(limit + 1)
    const head = `POST ${path} HTTP/1.1\r\nHost: w\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n`
    expect(await exchange(witness.url, `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 413 /,
    )
  })

  it('refuses heads above its limit', async () => {
    const witness = await started()
    const reply = await exchange(witness.url, `GET / HTTP/1.1\r\nHost: w\r\nX-Long: ${'x'.repeat(9_000)}\r\n\r\n`)
    expect(reply).toMatch(/^HTTP\/1.1 431 /)
  })

  it('ends connections on which a head or a body does not come to its end', async () => {
    const witness = await started({ listen: { headersMs: 1_000, requestMs: 1_500 } })
    expect(await exchange(witness.url, 'GET / HTTP/1.1\r\nHost:')).toMatch(/^HTTP\/1.1 408 /)
    const slow = 'POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nold 0\n'
    expect(await exchange(witness.url, slow)).toMatch(/^HTTP\/1.1 408 |^$/)
    expect((await witness.get('/')).status).toBe(200)
  })

  it('ends when it is told to, though strangers hold connections on which nothing comes', async () => {
    const witness = await startWitness({ listen: { graceMs: 50 } })
    const { hostname, port } = new URL(witness.url)
    const sockets = await Promise.all(
      ['', 'GET / HTTP/1.1\r\nHost:', 'POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 9\r\n\r\nold'].map(
        (octets) =>
          new Promise<Socket>((resolve) => {
            const socket = connect({ host: hostname, port: Number(port) }, () =>
              socket.write(octets, () => resolve(socket)),
            )
            socket.on('error', () => {})
          }),
      ),
    )
    await witness.get('/')
    await witness.close()
    for (const socket of sockets) socket.destroy()
  })

  it('tells its operator what failed, and the client that something did', async () => {
    const memory = createMemoryStore()
    const secret = new Error('EIO /var/lib/witness/state')
    let works = true
    const store: ObjectStore = new Proxy(memory, {
      get: (target, name) => {
        if (name === 'create' && !works) return () => Promise.reject(secret)
        const member: unknown = Reflect.get(target, name)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
    const witness = await started({ store })
    const log = new TestLog()
    await witness.enrol(log)
    works = false
    const reply = await witness.submit(log.request(0, 3))
    expect([reply.status, reply.text]).toEqual([503, 'the witness could not do this\n'])
    expect(witness.notices.at(-1)).toEqual({ event: 'failed', error: secret })
    works = true
    expect((await witness.submit(log.request(0, 3))).status).toBe(200)
  })

  it('takes at most sixteen checkpoints of one log at once', async () => {
    const memory = createMemoryStore()
    let goOn = (): void => {}
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const store: ObjectStore = new Proxy(memory, {
      get: (target, name) => {
        if (name === 'create')
          return async (...args: Parameters<ObjectStore['create']>) => {
            if (args[0].endsWith('2')) await held
            return target.create(...args)
          }
        const member: unknown = Reflect.get(target, name)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
    const witness = await started({ store })
    const log = new TestLog()
    await witness.enrol(log)
    const replies = Array.from({ length: 20 }, () => witness.submit(log.request(0, 3)))
    const refused: Reply[] = []
    await new Promise<void>((resolve) => {
      for (const reply of replies)
        void reply.then((each) => {
          if (each.status === 503) refused.push(each)
          if (refused.length === 4) resolve()
        })
    })
    expect(refused[0]?.headers['retry-after']).toBe('1')
    goOn()
    const statuses = (await Promise.all(replies)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 409)).toHaveLength(15)
    expect(statuses.filter((status) => status === 503)).toHaveLength(4)
  })
})
