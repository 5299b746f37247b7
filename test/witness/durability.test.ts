/** The disk may stop at any moment, and two processes may share it: no two cosignatures that were given out ever contradict each other. */
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import type { ObjectStore } from '../../src/storage/index.ts'
import { createAddCheckpoint } from '../../src/witness/add-checkpoint.ts'
import type { Answer } from '../../src/witness/answer.ts'
import { resolveDeps } from '../../src/witness/deps.ts'
import { encodeHostEntry } from '../../src/witness/origin-record.ts'
import { Origins } from '../../src/witness/origins.ts'
import { WitnessClock } from '../../src/witness/witness-clock.ts'
import { MemoryFiles } from '../kit/memory-files.ts'
import { createMemoryStore } from '../kit/memory-store.ts'
import { TestLog } from './test-log.ts'
import { NOW, NOW_SECONDS, witnessSigner } from './witness-fixture.ts'

type Submit = (request: string) => Promise<Answer>

/** One process of a witness, without HTTP. */
async function processOn(store: ObjectStore): Promise<{ readonly submit: Submit; readonly origins: Origins }> {
  const origins = new Origins(store)
  const clock = new WitnessClock(() => NOW, await origins.newestTime())
  const deps = resolveDeps({ store, key: witnessSigner(0x71), now: () => NOW })
  const add = createAddCheckpoint({ deps, origins, clock })
  return { origins, submit: (request) => add(encodeUtf8(request)) }
}

const enrolment = (log: TestLog) => ({ origin: log.origin, since: NOW_SECONDS, perDay: 10 })

/** Sizes from 0 to 3 to 7 to 12, with a fork tried in between; returns the sizes that were cosigned. */
async function traffic(store: ObjectStore, cosigned: number[]): Promise<void> {
  const log = new TestLog()
  const { submit, origins } = await processOn(store)
  await origins.enrol(enrolment(log))
  for (const [from, size] of [
    [0, 3],
    [3, 7],
    [7, 12],
  ] as const) {
    if ((await submit(log.request(from, size))).status === 200) cosigned.push(size)
    await submit(new TestLog({ history: 'other' }).request(size, size))
  }
}

async function countSteps(): Promise<number> {
  const files = new MemoryFiles()
  await traffic(createMemoryStore(files), [])
  return files.steps.length
}

/** What a witness says after a restart must be at least what it said before. */
async function expectRemembered(disk: MemoryFiles, cosigned: readonly number[]): Promise<void> {
  const newest = Math.max(0, ...cosigned)
  const { submit, origins } = await processOn(createMemoryStore(disk))
  const log = new TestLog()
  await origins.enrol(enrolment(log))
  if (newest === 0) return
  const fork = new TestLog({ history: 'other' })
  for (const from of [0, 3, 7, 12]) expect((await submit(fork.request(from, 20))).status).not.toBe(200)
  const size = Number((await submit(log.request(1, 20))).body)
  expect(size).toBeGreaterThanOrEqual(newest)
  expect((await submit(log.request(size, 20))).status).toBe(200)
}

describe('a witness on a disk that stops', () => {
  it('remembers what it cosigned, wherever the machine stops', { timeout: 60_000 }, async () => {
    const steps = await countSteps()
    expect(steps).toBeGreaterThan(20)
    for (let last = 1; last <= steps; last++) {
      for (const names of ['synced', 'all'] as const) {
        const files = new MemoryFiles()
        const cosigned: number[] = []
        const stopped = new Promise<void>((resolve) => {
          files.onStep = (_, count) => {
            if (count < last) return undefined
            resolve()
            return new Promise<void>(() => {})
          }
        })
        await Promise.race([traffic(createMemoryStore(files), cosigned), stopped])
        await expectRemembered(
          files.afterCrash(() => false, { names, size: 'synced' }),
          cosigned,
        )
      }
    }
  })

  it('gives nothing out when a step of the disk fails, and goes on when it works again', {
    timeout: 60_000,
  }, async () => {
    const steps = await countSteps()
    for (let bad = 1; bad <= steps; bad++) {
      const files = new MemoryFiles()
      const cosigned: number[] = []
      files.onStep = (_, count) => {
        if (count === bad) throw new Error('the disk fails once')
      }
      await traffic(createMemoryStore(files), cosigned).catch(() => {})
      files.onStep = () => {}
      await expectRemembered(files, cosigned)
    }
  })
})

describe('two processes of one witness on one folder', () => {
  it('never cosign two trees, in whatever order their steps fall', { timeout: 60_000 }, async () => {
    let stoodStill = 0
    for (let held = 1; held <= 20; held++) {
      const files = new MemoryFiles()
      const log = new TestLog()
      const first = await processOn(createMemoryStore(files))
      const second = await processOn(createMemoryStore(files))
      await first.origins.enrol(enrolment(log))
      expect((await first.submit(log.request(0, 4))).status).toBe(200)
      // The first process stands still at one of its steps until the second is through.
      const before = files.steps.length
      let goOn = (): void => {}
      const resumed = new Promise<void>((resolve) => {
        goOn = resolve
      })
      const reached = new Promise<void>((resolve) => {
        files.onStep = (_, count) => {
          if (count !== before + held) return undefined
          stoodStill++
          resolve()
          return resumed
        }
      })
      const one = first.submit(log.request(4, 9))
      await Promise.race([reached, one])
      files.onStep = () => {}
      // Both trees continue the four leaves, and contradict each other from there.
      const two = await second.submit(branchRequest(new TestLog(), 4, 9))
      goOn()
      const statuses = [(await one).status, two.status]
      expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(1)
      expect((await second.submit(log.request(0, 10))).body).toBe('9\n')
    }
    expect(stoodStill).toBeGreaterThan(4)
  })

  it('count a late record as none, when others moved on and cleared away behind it', async () => {
    const files = new MemoryFiles()
    const log = new TestLog()
    const first = await processOn(createMemoryStore(files))
    const second = await processOn(createMemoryStore(files))
    await first.origins.enrol(enrolment(log))
    expect((await first.submit(log.request(0, 1))).status).toBe(200)
    const stale = await first.origins.read(log.origin)
    for (let size = 2; size <= 30; size++) expect((await second.submit(log.request(size - 1, size))).status).toBe(200)
    const { note, body: _, ...checkpoint } = log.checkpoint(2)
    expect(stale && (await first.origins.advance(stale, { ...checkpoint, note, time: NOW_SECONDS }))).toBe(false)
    expect((await first.submit(log.request(1, 2))).body).toBe('30\n')
  })

  it('pass over a place in the list that a crash or a race left without its log', async () => {
    const store = createMemoryStore()
    const origins = new Origins(store)
    const [log, lost] = [new TestLog(), new TestLog({ seed: 0x05 })]
    await origins.enrol(enrolment(log))
    const [folder = ''] = await store.list('hosts')
    for (const [place, { origin }] of [log, lost].entries())
      await store.create(`hosts/${folder}0000000${place + 1}`, encodeHostEntry({ origin, since: NOW_SECONDS }))
    const page = await origins.page('gw.example.com', 0)
    expect([page.count, page.origins.map(({ origin }) => origin)]).toEqual([3, [log.origin]])
    expect(await origins.enrol(enrolment(lost))).toBe('enrolled')
    expect((await origins.page('gw.example.com', 0)).origins.map(({ place }) => place)).toEqual([0, 3])
  })

  it('keep the bound on new logs and the order of the list', async () => {
    const files = new MemoryFiles()
    const stores = [createMemoryStore(files), createMemoryStore(files)]
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, i) => {
        const origins = new Origins(stores[i % 2] ?? createMemoryStore(files))
        return origins.enrol({ ...enrolment(new TestLog({ seed: i + 1 })), perDay: 5 })
      }),
    )
    expect(outcomes.filter((outcome) => outcome === 'enrolled')).toHaveLength(5)
    const page = await new Origins(createMemoryStore(files)).page('gw.example.com', 0)
    expect(page.origins.map(({ place }) => place)).toEqual([0, 1, 2, 3, 4])
  })
})

/** From the same first leaves to others. */
function branchRequest(branch: TestLog, from: number, size: number): string {
  const other = new TestLog({ history: 'branch' })
  branch.to(from)
  for (let i = from; i < size; i++) branch.tree.append(other.to(i + 1).tree.leafHash(i))
  return branch.request(from, size)
}
