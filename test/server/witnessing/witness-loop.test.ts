/** Checkpoints that get witnessed: several witnesses, some down, some lying, some late; and what the loop never does. */
import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { cosignCheckpoint, decodeNote, verifyWitnessedCheckpoint } from '../../../src/core/log/index.ts'
import { createMemoryStore } from '../../kit/memory-store.ts'
import { TestLog } from '../../witness/test-log.ts'
import {
  NOW,
  NOW_SECONDS,
  startWitness,
  TOKEN,
  type WitnessFixture,
  type WitnessFixtureOptions,
  witnessSigner,
} from '../../witness/witness-fixture.ts'
import { ManualTime } from '../gateway/manual-time.ts'
import { type LoopFixture, policyOf, startLoop, tokenOf } from './loop-fixture.ts'
import { type ScriptedRequest, type ScriptedWitness, scriptWitness } from './scripted-witness.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  // Loops first: a witness waits for the connections of its clients.
  for (const each of open.splice(0).reverse()) await each.close()
})
async function witness(seed: number, options: WitnessFixtureOptions = {}): Promise<WitnessFixture> {
  const started = await startWitness({ seed, ...options })
  open.push(started)
  return started
}
async function scripted(
  answer: (request: ScriptedRequest, response: ServerResponse) => void,
  seed?: number,
): Promise<ScriptedWitness> {
  const started = await scriptWitness(answer, seed)
  open.push(started)
  return started
}
function loopOf(...args: Parameters<typeof startLoop>): LoopFixture {
  const started = startLoop(...args)
  open.push(started.loop)
  return started
}

const NOWHERE = 'http://127.0.0.1:9'
const cosign = (request: ScriptedRequest, seed = 0x79, time = NOW_SECONDS): string =>
  cosignCheckpoint(decodeNote(request.note).text, witnessSigner(seed), time)

describe('a loop with witnesses', () => {
  it('enrols, gets every checkpoint cosigned, and hands each over once with a quorum that verifies', async () => {
    const log = new TestLog()
    const policy = policyOf([await witness(1), await witness(2), await witness(3)], 2)
    const fixture = loopOf(log, policy)
    for (const size of [3, 700, 701]) {
      fixture.loop.offer(log.checkpoint(size))
      await fixture.until(
        () => fixture.outcomes.filter((each) => each.outcome === 'cosigned' && each.size === size).length === 3,
      )
    }
    expect(fixture.witnessed.map(({ size, timeSeconds }) => [size, timeSeconds])).toEqual([
      [3, NOW_SECONDS],
      [700, NOW_SECONDS],
      [701, NOW_SECONDS],
    ])
    for (const { note } of fixture.witnessed) {
      const verdict = await verifyWitnessedCheckpoint({ checkpoint: note, vkey: log.vkey, origin: log.origin }, policy)
      expect(verdict.ok).toBe(true)
    }
    expect(fixture.said().filter((line) => line.endsWith('enrolled'))).toHaveLength(3)
  })

  it('reaches two of three with one down, asks that one ever more rarely, and takes it in when it is back', async () => {
    const log = new TestLog()
    const time = new ManualTime(NOW)
    const now = (): Date => time.now()
    let isDown = true
    const third = await scripted((request, response) => {
      if (isDown) response.destroy()
      else response.end(cosign(request, 0x79, now().getTime() / 1000))
    })
    const policy = policyOf([await witness(1, { now }), await witness(2, { now }), third], 2)
    const fixture = loopOf(log, policy, { clock: time, timers: time })
    fixture.loop.offer(log.checkpoint(3))
    await fixture.until(() => fixture.witnessed.length === 1 && fixture.said().includes('w3 unreachable'))
    const rests: (number | undefined)[] = []
    for (let tries = 2; tries <= 11; tries++) {
      const restMs = time.nextInMs ?? 0
      rests.push(restMs / 1000)
      time.advance(restMs)
      await fixture.until(() => fixture.said().filter((line) => line === 'w3 unreachable').length === tries)
    }
    expect(rests).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300])
    expect(third.requests).toHaveLength(11)
    isDown = false
    fixture.loop.offer(log.checkpoint(4))
    await fixture.until(() => fixture.witnessed.length === 2)
    time.advance(300_000)
    await fixture.until(() => fixture.said().includes('w3 cosigned 4'))
    expect(fixture.witnessed).toHaveLength(2)
    expect(time.armed).toBe(0)
  })

  it.each<readonly [string, (request: ScriptedRequest, response: ServerResponse) => void, string]>([
    [
      'a signature that is altered',
      (request, response) => {
        const line = cosign(request)
        response.end(line.replace(/.{6}\n$/, line.endsWith('AAAA==\n') ? 'BBBB==\n' : 'AAAA==\n'))
      },
      'bad-cosignature',
    ],
    [
      'a signature over another body',
      (_, response) => {
        response.end(cosignCheckpoint(new TestLog().checkpoint(9).body, witnessSigner(0x79), NOW_SECONDS))
      },
      'bad-cosignature',
    ],
    ['a signature of another key', (request, response) => response.end(cosign(request, 0x78)), 'bad-cosignature'],
    ['its signature twice', (request, response) => response.end(cosign(request).repeat(2)), 'bad-cosignature'],
    ['a time to come', (request, response) => response.end(cosign(request, 0x79, NOW_SECONDS + 301)), 'bad-time'],
    ['a time long past', (request, response) => response.end(cosign(request, 0x79, NOW_SECONDS - 301)), 'bad-time'],
    ['no signature', (_, response) => response.end('thank you\n'), 'bad-cosignature'],
    ['octets that are no text', (_, response) => response.end(Buffer.from([0xff, 0xfe])), 'protocol'],
    ['a redirect', (_, response) => response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end(), 'protocol'],
    ['more than it may', (_, response) => response.end('x'.repeat(70_000)), 'too-large'],
    ['an error', (_, response) => response.writeHead(500).end(), 'refused'],
    [
      'a size that nothing has',
      (_, response) => response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('x\n'),
      'split-view',
    ],
    [
      'a size above the log',
      (_, response) => response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('99\n'),
      'ahead',
    ],
    [
      'another root',
      (_, response) => response.writeHead(409, { 'content-type': 'text/plain' }).end('no\n'),
      'split-view',
    ],
    [
      'ever other sizes',
      (request, response) => {
        const old = Buffer.from(request.octets).toString().startsWith('old 1\n') ? 2 : 1
        response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end(`${old}\n`)
      },
      'protocol',
    ],
  ])('[L10] counts a witness for nothing that answers with %s', async (_, answer, reason) => {
    const log = new TestLog()
    const liar = await scripted(answer)
    const fixture = loopOf(log, policyOf([liar, await witness(1), await witness(2)], 2))
    fixture.loop.offer(log.checkpoint(3))
    await fixture.until(() => fixture.witnessed.length === 1 && fixture.said().includes(`w1 ${reason}`))
    expect(fixture.witnessed[0]?.note).not.toContain('witness.example/w121')
    expect(fixture.time.armed).toBe(1)
  })

  it('passes over lines of keys that it does not know', async () => {
    const log = new TestLog()
    const kind = await scripted((request, response) => response.end(cosign(request, 0x78) + cosign(request)))
    const fixture = loopOf(log, policyOf([kind], 1))
    fixture.loop.offer(log.checkpoint(3))
    await fixture.until(() => fixture.witnessed.length === 1)
    expect(fixture.witnessed[0]?.note).not.toContain('witness.example/w120')
  })

  it('gives a witness five seconds', async () => {
    const log = new TestLog()
    let asked = (): void => {}
    const arrived = new Promise<void>((resolve) => {
      asked = resolve
    })
    const silent = await scripted(() => asked())
    const fixture = loopOf(log, policyOf([silent], 1))
    fixture.loop.offer(log.checkpoint(3))
    await arrived
    fixture.wake(4_999)
    expect(fixture.outcomes).toHaveLength(0)
    fixture.wake(1)
    await fixture.until(() => fixture.said().includes('w1 timeout'))
  })

  it('takes up a witness that joins late, from whatever size it is at', async () => {
    const log = new TestLog()
    const late = await witness(2)
    const policy = policyOf([await witness(1), late], 1)
    const fixture = loopOf(log, policy)
    await late.enrol(log)
    await late.submit(log.request(0, 100))
    log.to(300)
    fixture.loop.offer(log.checkpoint(300))
    await fixture.until(() => fixture.outcomes.filter(({ outcome }) => outcome === 'cosigned').length === 2)
    expect(fixture.said()).not.toContain('w2 enrolled')
  })

  it('goes on after a restart of a witness, and after one of its own', async () => {
    const log = new TestLog()
    const store = createMemoryStore()
    const before = await startWitness({ seed: 1, store })
    const first = startLoop(log, policyOf([before], 1))
    first.loop.offer(log.checkpoint(3))
    await first.until(() => first.witnessed.length === 1)
    await first.loop.close()
    await before.close()
    const after = await witness(1, { store })
    const second = loopOf(log, policyOf([after], 1), { enrolment: async () => undefined })
    second.loop.offer(log.checkpoint(5))
    await second.until(() => second.witnessed.length === 1)
    expect(second.said()).toEqual(['w1 cosigned 5'])
  })

  it('[L7] finds no witness that cosigns a history which contradicts what they saw', async () => {
    const log = new TestLog()
    const fork = new TestLog({ history: 'other' })
    const witnesses = [await witness(1), await witness(2), await witness(3)]
    const honest = loopOf(log, policyOf(witnesses, 2))
    honest.loop.offer(log.checkpoint(5))
    await honest.until(() => honest.outcomes.filter(({ outcome }) => outcome === 'cosigned').length === 3)
    const forked = loopOf(fork, policyOf(witnesses, 2))
    forked.loop.offer(fork.checkpoint(5))
    await forked.until(() => forked.outcomes.length === 3)
    expect([...forked.said()].sort()).toEqual(['w1 split-view', 'w2 split-view', 'w3 split-view'])
    forked.loop.offer(fork.checkpoint(9))
    forked.wake(1_000)
    await forked.until(() => forked.outcomes.length === 6)
    expect([...forked.said()].slice(3).sort()).toEqual(['w1 refused', 'w2 refused', 'w3 refused'])
    expect(forked.witnessed).toEqual([])
  })

  it('[L8] learns from a witness that this log is an old copy', async () => {
    const log = new TestLog()
    const follower = await witness(1)
    await follower.enrol(log)
    await follower.submit(log.request(0, 9))
    const fixture = loopOf(log, policyOf([follower], 1))
    fixture.loop.offer(log.checkpoint(5))
    await fixture.until(() => fixture.outcomes.length === 1)
    expect(fixture.said()).toEqual(['w1 ahead'])
  })

  it('lets others submit its checkpoints too', async () => {
    const log = new TestLog()
    const follower = await witness(1)
    await follower.enrol(log)
    await follower.submit(log.request(0, 9))
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = await scripted((request, response) => void held.then(() => response.end(cosign(request))))
    const fixture = loopOf(log, policyOf([follower, slow], 2))
    fixture.loop.offer(log.checkpoint(5))
    fixture.loop.offer(log.checkpoint(9))
    release()
    await fixture.until(() => fixture.witnessed.length === 1)
    expect(fixture.witnessed[0]?.size).toBe(9)
  })

  it('asks all for one checkpoint until the quorum cosigned it, so that witnesses out of step meet', async () => {
    const log = new TestLog()
    const holds: readonly (() => void)[][] = [[], []]
    let look = (): void => {}
    const slow = (place: number) =>
      scripted((request, response) => {
        holds[place]?.push(() => response.end(cosign(request, 0x70 + place)))
        look()
      }, 0x70 + place)
    const fixture = loopOf(log, policyOf([await slow(0), await slow(1)], 2))
    /** Waits until the witness is asked, and lets it answer. */
    const answer = async (place: number): Promise<void> => {
      while (holds[place]?.length === 0)
        await new Promise<void>((resolve) => {
          look = resolve
        })
      holds[place]?.shift()?.()
    }
    let size = 1
    fixture.loop.offer(log.checkpoint(size))
    for (let round = 1; round <= 4; round++) {
      await answer(0)
      await fixture.until(() => fixture.said().filter((line) => line.startsWith('w1 cosigned')).length === round)
      // The log grows between the answers of the two.
      fixture.loop.offer(log.checkpoint(++size))
      await answer(1)
      await fixture.until(() => fixture.witnessed.length === round)
      fixture.loop.offer(log.checkpoint(++size))
    }
    expect(fixture.witnessed.map((each) => each.size)).toEqual([1, 2, 4, 6])
  })

  it('hands a checkpoint over once, though more cosign it than are due', async () => {
    const log = new TestLog()
    const fixture = loopOf(log, policyOf([await witness(1), await witness(2), await witness(3)], 1))
    fixture.loop.offer(log.checkpoint(3))
    await fixture.until(() => fixture.outcomes.filter(({ outcome }) => outcome === 'cosigned').length === 3)
    await fixture.loop.close()
    expect(fixture.witnessed.map((each) => each.size)).toEqual([3])
  })

  it('has one request under way to each witness', async () => {
    const log = new TestLog()
    let underWay = 0
    let most = 0
    const counting = await scripted((request, response) => {
      underWay++
      most = Math.max(most, underWay)
      setImmediate(() => {
        underWay--
        response.end(cosign(request))
      })
    })
    const fixture = loopOf(log, policyOf([counting], 1))
    for (let size = 1; size <= 30; size++) fixture.loop.offer(log.checkpoint(size))
    await fixture.until(() => fixture.witnessed.at(-1)?.size === 30)
    expect(most).toBe(1)
    expect(counting.requests.length).toBeLessThan(5)
  })

  it('shows its evidence once in an attempt to a witness that does not know the log', async () => {
    const log = new TestLog()
    let shown = 0
    const strict = await scripted((request, response) => {
      response.writeHead(request.path === '/add-origin' ? 403 : 404).end()
    })
    const fixture = loopOf(log, policyOf([strict], 1), {
      enrolment: async () => {
        shown++
        return { kind: 'archive', octets: new TextEncoder().encode('{}') }
      },
    })
    fixture.loop.offer(log.checkpoint(3))
    await fixture.until(() => fixture.outcomes.length === 1)
    fixture.wake(1_000)
    await fixture.until(() => fixture.outcomes.length === 2)
    expect(fixture.said()).toEqual(['w1 not-enrolled', 'w1 not-enrolled'])
    expect(shown).toBe(2)
    expect(strict.requests.map(({ path }) => path)).toEqual([
      '/add-checkpoint',
      '/add-origin',
      '/add-checkpoint',
      '/add-origin',
    ])
  })

  it('does not go round in circles with a witness that enrols and forgets', async () => {
    const log = new TestLog()
    const forgetful = await scripted((request, response) => {
      response.writeHead(request.path === '/add-origin' ? 200 : 404).end()
    })
    const fixture = loopOf(log, policyOf([forgetful], 1))
    fixture.loop.offer(log.checkpoint(3))
    await fixture.until(() => fixture.said().includes('w1 unknown-origin'))
    expect(forgetful.requests).toHaveLength(3)
  })

  it('has nothing to show before there is evidence, and tells of no secret', async () => {
    const log = new TestLog()
    const follower = await witness(1)
    let evidence = false
    const fixture = loopOf(log, policyOf([follower], 1), {
      enrolment: async () => (evidence ? tokenOf(log) : undefined),
    })
    fixture.loop.offer(log.checkpoint(3))
    await fixture.until(() => fixture.said().includes('w1 unknown-origin'))
    evidence = true
    fixture.wake(1_000)
    await fixture.until(() => fixture.witnessed.length === 1)
    expect(JSON.stringify([fixture.outcomes, fixture.witnessed])).not.toContain(TOKEN)
  })

  it('rests when the log cannot make a proof', async () => {
    const log = new TestLog()
    const follower = await witness(1)
    await follower.enrol(log)
    await follower.submit(log.request(0, 3))
    const prove = () => Promise.reject(new Error('a tile is damaged'))
    const fixture = loopOf(log, policyOf([follower], 1), { prove })
    fixture.loop.offer(log.checkpoint(5))
    await fixture.until(() => fixture.said().includes('w1 no-proof'))
  })

  it('witnesses nothing under a policy that asks for no quorum, nor without an address', async () => {
    const log = new TestLog()
    const follower = await witness(1)
    const fixture = loopOf(log, { ...policyOf([follower], 1), quorum: 'none' })
    fixture.loop.offer(log.checkpoint(3))
    await fixture.until(() => fixture.said().includes('w1 cosigned 3'))
    expect(fixture.witnessed).toEqual([])
    const policy = policyOf([follower], 1)
    const unaddressed = loopOf(log, { ...policy, witnesses: policy.witnesses.map(({ name, key }) => ({ name, key })) })
    unaddressed.loop.offer(log.checkpoint(5))
    await unaddressed.loop.close()
    expect(unaddressed.outcomes).toEqual([])
  })

  it('ends at once when it is closed, and says no more', async () => {
    const log = new TestLog()
    let asked = (): void => {}
    const arrived = new Promise<void>((resolve) => {
      asked = resolve
    })
    const silent = await scripted(() => asked())
    const fixture = startLoop(log, policyOf([silent, { vkey: witnessSigner(1).vkey, url: NOWHERE }], 1))
    fixture.loop.offer(log.checkpoint(3))
    await arrived
    await fixture.loop.close()
    const said = fixture.outcomes.length
    fixture.loop.offer(log.checkpoint(4))
    fixture.wake(600_000)
    expect(fixture.outcomes).toHaveLength(said)
    expect(silent.requests).toHaveLength(1)
  })

  it.each([
    'http://witness.example',
    'ftp://127.0.0.1',
    'https://user@witness.example',
    'witness.example',
    'http://127.0.0.1.example',
  ])('refuses the address %s', (url) => {
    const policy = policyOf([{ vkey: witnessSigner(1).vkey, url }], 1)
    expect(() => startLoop(new TestLog(), policy)).toThrow(/witness policy/)
  })
})
