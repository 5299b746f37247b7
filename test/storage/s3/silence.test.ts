/** A bucket whose server stops answering: requests end in time, so that a boot or a shutdown does not wait for ever. @module */
import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Bucket } from '../../../src/storage/s3/bucket.ts'

const TIMEOUT_MS = 100
let server: Server
let requests: number

async function bucketOf(answer: RequestListener): Promise<Bucket> {
  requests = 0
  server = createServer((request, response) => {
    requests += 1
    request.resume()
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const place = { endpoint: `http://127.0.0.1:${address.port}`, region: 'us-east-1', bucket: 'history' }
  return new Bucket(place, TIMEOUT_MS)
}

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'example')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example')
})
afterEach(() => {
  vi.unstubAllEnvs()
  server.closeAllConnections()
  server.close()
})

describe('a bucket that falls silent', () => {
  it.each<[string, (bucket: Bucket) => Promise<unknown>]>([
    ['reading', (bucket) => bucket.get('key', 100)],
    ['writing', (bucket) => bucket.put('key', new Uint8Array(3), { absent: true })],
    ['listing', (bucket) => bucket.list('')],
  ])('before it answers is given up after as many tries as any other failure: %s', async (_, ask) => {
    const bucket = await bucketOf(() => {})
    await expect(ask(bucket)).rejects.toThrow()
    expect(requests).toBe(4)
  })

  it('amid an answer is given up too', async () => {
    const bucket = await bucketOf((_, response) => response.writeHead(200, { 'content-length': '10' }).write('half'))
    await expect(bucket.get('key', 100)).rejects.toThrow()
  })
})
