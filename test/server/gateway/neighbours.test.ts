/** Two gateways with histories of their own on one store: each serves the logs of both, and finds its receipts after a restart. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeCheckpoint, decodeNote } from '../../../src/core/log/index.ts'
import { beginLineage, createStore, type ObjectStore } from '../../../src/storage/index.ts'
import { createMemoryStore } from '../../kit/memory-store.ts'
import { hasS3Server, type S3Server, startS3Server } from '../../kit/s3-server.ts'
import { decodedReceiptOf, type GatewayFixture, HOST, PLAIN_MODEL, ridOf, startFixture } from './gateway-fixture.ts'
import type { Reply } from './http-client.ts'

const ARCHIVE = { accept: 'application/cmw+json', prefer: 'receipt=quoted, wait=10' }
const QUESTION = { model: PLAIN_MODEL, messages: [{ role: 'user', content: 'hello' }] }

const textOf = ({ octets }: Reply): string => new TextDecoder().decode(octets)
const idOf = (reply: Reply): string => decodedReceiptOf(reply).claims.log.origin.slice(`${HOST}/log/`.length)

async function idsServedBy(gateway: GatewayFixture): Promise<readonly string[]> {
  return JSON.parse(textOf(await gateway.get('/log'))).logs
}

async function checkpointAt(
  gateway: GatewayFixture,
  id: string,
): Promise<{ readonly origin: string; readonly size: number }> {
  return decodeCheckpoint(decodeNote(textOf(await gateway.get(`/log/${id}/checkpoint`))).text)
}

async function archiveStatus(gateway: GatewayFixture, reply: Reply): Promise<number> {
  return (await gateway.get(`/v1/receipts/${ridOf(reply)}`, ARCHIVE)).status
}

/** @param open the same store, as another process would open it */
function describeNeighbours(name: string, open: () => Promise<ObjectStore>): void {
  describe(`two gateways on one ${name}`, () => {
    const started: GatewayFixture[] = []
    /** By how much the clock of looks is ahead. */
    let ahead = 0
    const clock = { now: () => new Date(), monotonicMs: () => performance.now() + ahead }
    const start = async (lineage: string): Promise<GatewayFixture> => {
      const deps = { store: await open(), clock }
      const fixture = await startFixture({ lineage: 'there', operational: { lineage }, deps })
      started.push(fixture)
      return fixture
    }
    beforeAll(async () => {
      for (const lineage of ['one', 'two']) await beginLineage(await open(), { name: lineage, host: HOST })
    })
    afterAll(async () => {
      for (const fixture of started) await fixture.close()
    })

    it('serve each other’s logs as they grow, prove their own receipts, and go on after a restart', async () => {
      const [one, two] = [await start('one'), await start('two')]
      const [first, second] = [await one.chat(QUESTION), await two.chat(QUESTION)]
      const ids = [idOf(first), idOf(second)]
      expect(new Set(ids).size).toBe(2)
      expect(await Promise.all([archiveStatus(one, first), archiveStatus(two, second)])).toEqual([200, 200])
      for (const gateway of [one, two]) {
        expect(await idsServedBy(gateway)).toEqual(expect.arrayContaining(ids))
        for (const id of ids) expect(await checkpointAt(gateway, id)).toMatchObject({ origin: `${HOST}/log/${id}` })
      }
      const [, theirs = ''] = ids
      const { size } = await checkpointAt(one, theirs)
      const third = await two.chat(QUESTION)
      expect(await archiveStatus(two, third)).toBe(200)
      ahead += 5_000
      await idsServedBy(one)
      expect((await checkpointAt(one, theirs)).size).toBeGreaterThan(size)
      await one.stop()
      const next = await start('one')
      expect(await archiveStatus(next, first)).toBe(200)
      expect(await idsServedBy(next)).toHaveLength(3)
      expect((await two.chat(QUESTION)).status).toBe(200)
    })
  })
}

const disk = createMemoryStore()
describeNeighbours('folder', async () => disk)

describe.runIf(hasS3Server)('with a bucket', () => {
  let server: S3Server
  beforeAll(async () => {
    server = await startS3Server()
  })
  afterAll(() => server.stop())
  describeNeighbours('bucket', () => createStore({ kind: 's3', ...server.place, prefix: 'shared/' }, ''))
})
