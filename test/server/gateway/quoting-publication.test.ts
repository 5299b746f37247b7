/** Checkpoints are published though no quote comes; cosigned ones reach as far as their quotes do. In a time that the test moves. */
import { describe, expect, it } from 'vitest'
import { type SignedCheckpoint, signCheckpoint } from '../../../src/core/log/index.ts'
import { Publisher } from '../../../src/server/session/publisher.ts'
import { WitnessCover } from '../../../src/server/session/witness-cover.ts'
import { testKey } from '../../kit/ed25519.ts'
import { ManualTime } from './manual-time.ts'

const PROMISE_MS = 60_000
const STEP_MS = 5_000

function createPublisher() {
  const time = new ManualTime(new Date(0))
  const key = testKey(7)
  const offered: number[] = []
  const failures: unknown[] = []
  const log = {
    size: 1,
    failing: false,
    published: [] as number[],
    async checkpoint(): Promise<SignedCheckpoint & { readonly counts: { intents: 0; receipts: 0; open: 0 } }> {
      if (log.failing) throw new Error('full')
      log.published.push(log.size)
      const origin = `gw.example.com/log/${Buffer.from(key.publicKey).toString('base64url')}`
      const signed = signCheckpoint({ origin, size: log.size, root: new Uint8Array(32) }, key)
      return { ...signed, counts: { intents: 0, receipts: 0, open: 0 } }
    },
  }
  const publisher = new Publisher({
    log,
    offer: ({ size }) => offered.push(size),
    onFailure: (error) => failures.push(error),
    timers: time,
  })
  const pass = async (ms: number): Promise<void> => {
    for (let leftMs = ms; leftMs > 0; leftMs -= STEP_MS) {
      time.advance(Math.min(leftMs, STEP_MS))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { publisher, log, offered, failures, pass, time }
}

describe('publication', () => {
  it('happens well within the promise of a receipt while the device hangs, and only when there is something new', async () => {
    const { log, offered, pass } = createPublisher()
    await pass(PROMISE_MS / 2)
    expect(offered).toEqual([1])
    log.size = 9
    await pass(PROMISE_MS / 2)
    expect(offered).toEqual([1, 9])
    await pass(10 * PROMISE_MS)
    expect(log.published).toEqual([1, 9])
  })

  it('is not repeated for what a quote published', async () => {
    const { publisher, log, pass } = createPublisher()
    await publisher.checkpoint()
    await pass(PROMISE_MS)
    expect(log.published).toEqual([1])
    expect(publisher.published).toBe(1)
  })

  it('is tried again after a failure, and ends with the boot', async () => {
    const { publisher, log, offered, failures, pass, time } = createPublisher()
    log.failing = true
    await pass(15_000)
    expect(failures).toHaveLength(1)
    log.failing = false
    await pass(15_000)
    expect(offered).toEqual([1])
    publisher.close()
    expect(time.armed).toBe(0)
  })
})

describe('what is witnessed', () => {
  it('reaches as far as the quotes whose leaves a cosigned checkpoint holds', () => {
    const cover = new WitnessCover()
    cover.quoteAppended({ size: 5, index: 5 })
    cover.quoteAppended({ size: 9, index: 10 })
    cover.witnessed(5)
    expect(cover.size).toBe(0)
    cover.witnessed(6)
    expect(cover.size).toBe(5)
    cover.witnessed(10)
    expect(cover.size).toBe(5)
    cover.witnessed(11)
    expect(cover.size).toBe(9)
  })

  it('stays bounded while the witnesses are silent, and still reaches the newest quote', () => {
    const cover = new WitnessCover()
    for (let i = 1; i <= 50_000; i++) cover.quoteAppended({ size: 2 * i, index: 2 * i + 1 })
    cover.witnessed(100_002)
    expect(cover.size).toBe(100_000)
  })
})
