/** A bucket whose server stops answering: requests end in time, so that a boot or a shutdown does not wait for ever. @module */
import type { RequestListener } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { Bucket } from '../../../src/storage/s3/bucket.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

const TIMEOUT_MS = 100
let server: StandIn

async function bucketOf(answer: RequestListener): Promise<Bucket> {
  server = await startStandIn(answer)
  return new Bucket(server.place, TIMEOUT_MS)
}

afterEach(() => server.stop())

describe('a bucket that falls silent', () => {
  it.each<[string, (bucket: Bucket) => Promise<unknown>]>([
    ['reading', (bucket) => bucket.get('key', 100)],
    ['writing', (bucket) => bucket.put('key', new Uint8Array(3), { absent: true })],
    ['listing', (bucket) => bucket.list('')],
  ])('before it answers is given up after as many tries as any other failure: %s', async (_, ask) => {
    const bucket = await bucketOf(() => {})
    await expect(ask(bucket)).rejects.toThrow()
    expect(server.requests()).toBe(4)
  })

  it('amid an answer is given up too', async () => {
    const bucket = await bucketOf((_, response) => response.writeHead(200, { 'content-length': '10' }).write('half'))
    await expect(bucket.get('key', 100)).rejects.toThrow()
  })
})
