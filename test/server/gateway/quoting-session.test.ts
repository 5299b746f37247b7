/** A quote whose checkpoint comes late, when another session is in force. */
import { expect, it } from 'vitest'
import { Boot } from '../../../src/server/boot/boot.ts'
import type { RunningSession } from '../../../src/server/boot/running-boot.ts'
import { createDefaultConfig } from '../../../src/server/config/index.ts'
import { EvidenceStore } from '../../../src/server/evidence-store/index.ts'
import { createReceiptLog } from '../../../src/server/log/index.ts'
import { Attester } from '../../../src/server/session/attester.ts'
import { BootClock } from '../../../src/server/session/boot-clock.ts'
import { createChannelKeys } from '../../../src/server/session/channel-keys.ts'
import { Publisher } from '../../../src/server/session/publisher.ts'
import { createSession } from '../../../src/server/session/session.ts'
import { createSimulatedTdx } from '../../../src/simulator/index.ts'
import { testKey } from '../../kit/ed25519.ts'
import { createMemoryStore } from '../../kit/memory-store.ts'
import { createGate } from '../upstream/mock-upstream.ts'
import { ManualTime } from './manual-time.ts'

it('is not asked for: the checkpoint may hold the leaf that ends its session', async () => {
  const [store, time] = [createMemoryStore(), new ManualTime()]
  const log = await createReceiptLog({ store, host: 'gw.example.com', signer: testKey(3) }, new Uint8Array(40))
  const config = await createDefaultConfig({ env: {} })
  const channels = await createChannelKeys({ tls: false })
  const sessionAt = (epoch: number): Promise<RunningSession> =>
    createSession({ boot: new Uint8Array(16), epoch, iat: 1, log: log.vkey, config, models: [], channels })
  const earlier = {
    ids: () => [],
    look: async () => [],
    open: async () => undefined,
    own: () => [],
    evidence: (id: string) => EvidenceStore.open(store, id),
    bootOctets: async () => undefined,
    names: async () => false,
    logOfSession: async () => undefined,
  }
  const boot = new Boot({ octets: new Uint8Array(16), log, channels, session: await sessionAt(0), store, earlier })
  const [asked, published] = [createGate(), createGate()]
  const publisher = new Publisher({
    log: {
      size: 1,
      checkpoint: async () => {
        asked.open()
        await published.opened
        return log.checkpoint()
      },
    },
    offer: () => {},
    onFailure: () => {},
    timers: time,
  })
  const { quoter } = createSimulatedTdx({ latencyMs: 0 })
  const failed = createGate()
  const failures: string[] = []
  let quotes = 0
  const attester = new Attester(
    {
      quoter: {
        ...quoter,
        quote: (data) => {
          quotes++
          return quoter.quote(data)
        },
      },
      endorse: () => Promise.reject(new Error('not asked for')),
      telemetry: {
        write: (line) => {
          if (line.event !== 'quote-failed') return
          failures.push(line.detail)
          failed.open()
        },
      },
      timers: time,
    },
    {
      boot,
      clock: new BootClock(time),
      evidence: EvidenceStore.begin(store, log.id),
      publisher,
      quoting: () => ({ intervalMs: 5, deadlineMs: 2_000, statementLifeSeconds: 3_600, batchSize: 1_000 }),
    },
  )
  attester.start()
  time.advance(0)
  await asked.opened
  boot.changeSession(await sessionAt(1))
  published.open()
  await failed.opened
  attester.stop()
  publisher.close()
  await log.close()
  expect(failures).toEqual(['the session has changed meanwhile'])
  expect(quotes).toBe(0)
})
