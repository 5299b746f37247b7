/** A bucket whose server takes conditions on writes and ignores them holds no history. @module */
import type { IncomingMessage } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { createStore, type ObjectStore } from '../../../src/storage/index.ts'
import { rejectionOf } from '../../kit/rejection-of.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

const octets = new TextEncoder().encode('octets')
let server: StandIn

type Heeds = 'if-none-match' | 'if-match'

/** Keeps names, and refuses what each header that it heeds asks it to. */
async function storeOn(heeds: readonly Heeds[]): Promise<ObjectStore> {
  const names = new Set<string>()
  const isRefused = ({ url = '', headers }: IncomingMessage) =>
    (heeds.includes('if-none-match') && headers['if-none-match'] === '*' && names.has(url)) ||
    (heeds.includes('if-match') && headers['if-match'] !== undefined)
  server = await startStandIn((request, response) => {
    if (request.method !== 'PUT') return response.writeHead(names.has(request.url ?? '') ? 200 : 404).end()
    if (isRefused(request)) return response.writeHead(412).end()
    names.add(request.url ?? '')
    return response.writeHead(200, { etag: '"1"' }).end()
  })
  return createStore({ kind: 's3', ...server.place, prefix: 'store/' }, '')
}

afterEach(() => server.stop())

describe('[L13] a bucket whose server', () => {
  it('heeds both conditions is written to, and asked once', async () => {
    const store = await storeOn(['if-none-match', 'if-match'])
    expect(await store.create('a', octets)).toBe(true)
    const first = server.requests()
    expect(await store.create('b', octets)).toBe(true)
    expect([first, server.requests()]).toEqual([4, 5])
  })

  it.each<[string, readonly Heeds[]]>([
    ['If-None-Match', ['if-match']],
    ['If-Match', ['if-none-match']],
    ['If-None-Match', []],
  ])('ignores %s is refused before anything counts on it', async (header, heeds) => {
    const store = await storeOn(heeds)
    for (const write of [() => store.create('a', octets), () => store.swap('a', undefined, octets)])
      expect(await rejectionOf(write())).toMatchObject({
        code: 'ERR_CONFIG',
        message: expect.stringContaining(`ignores ${header} on a write`),
      })
  })

  it('is only read from is asked nothing', async () => {
    const store = await storeOn([])
    expect(await store.read('a')).toBeUndefined()
    expect(server.requests()).toBe(1)
  })
})
