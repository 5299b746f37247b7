/** Hybrid decapsulations that anybody can ask for do not stop what else the gateway does. */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { decodeOhttpKeyConfigs, KEM_X_WING, KEM_X25519 } from '../../../src/core/ohttp/key-configs.ts'
import { createOhttpKeys, sealRequest } from '../../../src/ohttp/index.ts'
import { DecapsulationTurns } from '../../../src/server/ohttp/decapsulation-turns.ts'
import { openArrived } from '../../../src/server/ohttp/open-arrived.ts'
import { OpeningRoom } from '../../../src/server/ohttp/opening-room.ts'

describe('turns', () => {
  it('are taken one after the other, with a turn of everything else before each', async () => {
    const turns = new DecapsulationTurns()
    const seen: string[] = []
    let isOver = false
    const count = (): void => {
      if (isOver) return
      seen.push('other')
      setImmediate(count)
    }
    setImmediate(count)
    await Promise.all([1, 2, 3].map((i) => turns.take(async () => void seen.push(`task ${i}`))))
    isOver = true
    for (const i of [1, 2, 3]) expect(seen[seen.indexOf(`task ${i}`) - 1]).toBe('other')
    expect(seen.filter((each) => each !== 'other')).toEqual(['task 1', 'task 2', 'task 3'])
  })

  it('go on after a task that fails, and are full when as many wait as may', async () => {
    const turns = new DecapsulationTurns({ most: 2 })
    const failing = turns.take(() => Promise.reject(new Error('no key')))
    expect(turns.isFull).toBe(false)
    const next = turns.take(async () => 'done')
    expect(turns.isFull).toBe(true)
    await expect(failing).rejects.toThrow('no key')
    expect(await next).toBe('done')
    expect(turns.isFull).toBe(false)
  })
})

describe('an encrypted request that arrives', () => {
  it.each([
    [KEM_X_WING, 503],
    [KEM_X25519, 400],
  ])('[C7] waits for its turn where its key is hybrid, and is refused where too many do (%i)', async (kem, status) => {
    const keys = await createOhttpKeys()
    const config = decodeOhttpKeyConfigs(keys.configs).find((each) => each.kem === kem)
    if (config === undefined) throw new Error('there is such a key')
    const { octets } = await sealRequest(config, encodeUtf8('no request at all'), 'whole')
    const incoming = new IncomingMessage(new Socket())
    incoming.headers['content-type'] = 'message/ohttp-req'
    incoming.push(octets.fill(0, -16))
    incoming.push(null)
    const opening = await openArrived(incoming, {
      keys,
      bodyBytes: 1024,
      place: new OpeningRoom().enter(),
      turns: new DecapsulationTurns({ most: 0 }),
      onArrival: () => {},
    })
    expect(opening).toMatchObject({ kind: 'refused', problem: { status } })
  })
})
