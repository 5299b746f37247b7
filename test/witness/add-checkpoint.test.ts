/** The protocol of c2sp.org/tlog-witness over loopback: each answer that it names, and what stays on the disk. */
import { afterEach, describe, expect, it } from 'vitest'
import { encodeBase64 } from '../../src/core/encoding/base64.ts'
import { encodeAddCheckpoint, encodeCheckpoint, signNote } from '../../src/core/log/index.ts'
import { testKey } from '../kit/ed25519.ts'
import { createMemoryStore } from '../kit/memory-store.ts'
import { TestLog } from './test-log.ts'
import { cosignedAt, NOW, NOW_SECONDS, startWitness, type WitnessFixture } from './witness-fixture.ts'

const open: WitnessFixture[] = []
const started: typeof startWitness = async (options) => {
  const witness = await startWitness(options)
  open.push(witness)
  return witness
}
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ close }) => close()))
})

/** A witness that cosigned `size` leaves of `log`. */
async function following(log: TestLog, size: number): Promise<WitnessFixture> {
  const witness = await started()
  await witness.enrol(log)
  expect((await witness.submit(log.request(0, size))).status).toBe(200)
  return witness
}

describe('a witness', () => {
  it('cosigns the first checkpoint of a log, and each that only adds to it', async () => {
    const log = new TestLog()
    const witness = await started()
    await witness.enrol(log)
    for (const [from, size] of [
      [0, 3],
      [3, 3],
      [3, 700],
      [700, 1024],
    ] as const) {
      const reply = await witness.submit(log.request(from, size))
      expect(await cosignedAt(reply, log.checkpoint(size).note, witness.key)).toBe(NOW_SECONDS)
    }
  })

  it('cosigns the empty tree, and only the one that there is', async () => {
    const log = new TestLog()
    const witness = await started()
    await witness.enrol(log)
    const wrong = signNote(
      encodeCheckpoint({ origin: log.origin, size: 0, root: new Uint8Array(32) }),
      log.origin,
      log.key,
    )
    expect((await witness.submit(encodeAddCheckpoint({ oldSize: 0, proof: [], checkpoint: wrong }))).status).toBe(409)
    expect((await witness.submit(log.request(0, 0))).status).toBe(200)
    expect((await witness.submit(log.request(0, 5))).status).toBe(200)
  })

  it('answers 404 for a log that it does not follow', async () => {
    const witness = await started()
    expect((await witness.submit(new TestLog().request(0, 3))).status).toBe(404)
  })

  it.each([
    [
      'another key under the name of the log',
      (log: TestLog) => signNote(log.checkpoint(4).body, log.origin, testKey(0x33)),
    ],
    [
      'a signature over another body',
      (log: TestLog) => log.checkpoint(3).note.replace(log.checkpoint(3).body, log.checkpoint(4).body),
    ],
    [
      'a key of another name alone',
      (log: TestLog) => signNote(log.checkpoint(4).body, 'someone.example/else', testKey(0x33)),
    ],
  ])('answers 403 for %s', async (_, checkpointOf) => {
    const log = new TestLog()
    const witness = await following(log, 3)
    const proof = log.to(4).tree.consistencyProof(3, 4)
    const request = encodeAddCheckpoint({ oldSize: 3, proof, checkpoint: checkpointOf(log) })
    expect((await witness.submit(request)).status).toBe(403)
    expect((await witness.submit(log.request(3, 4))).status).toBe(200)
  })

  it('passes over signatures of unknown keys', async () => {
    const log = new TestLog()
    const witness = await following(log, 3)
    const { note, body } = log.checkpoint(4)
    const other = signNote(body, 'someone.example/else', testKey(0x33)).slice(body.length + 1)
    const proof = log.tree.consistencyProof(3, 4)
    const reply = await witness.submit(encodeAddCheckpoint({ oldSize: 3, proof, checkpoint: note + other }))
    expect(await cosignedAt(reply, note, witness.key)).toBe(NOW_SECONDS)
    const kept = JSON.parse((await witness.get('/hosts/gw.example.com')).text).origins[0].checkpoint
    expect(kept).toBe(note + reply.text)
  })

  it.each<readonly [string, (log: TestLog) => string]>([
    [
      'an old size above the size',
      (log) => encodeAddCheckpoint({ oldSize: 5, proof: [], checkpoint: log.checkpoint(4).note }),
    ],
    ['an old size with a leading zero', (log) => log.request(3, 4).replace('old 3', 'old 03')],
    ['no old size', (log) => log.request(3, 4).replace('old 3\n', '')],
    ['a hash that is not one', (log) => log.request(3, 4).replace(/\n.{44}\n/, '\nAAAA\n')],
    [
      'more than 63 hashes',
      (log) => log.request(3, 4).replace('\n', `\n${`${encodeBase64(new Uint8Array(32))}\n`.repeat(64)}`),
    ],
    [
      'extension lines',
      (log) => {
        const { body } = log.checkpoint(4)
        return encodeAddCheckpoint({
          oldSize: 3,
          proof: [],
          checkpoint: signNote(`${body}more\n`, log.origin, log.key),
        })
      },
    ],
    ['carriage returns', (log) => log.request(3, 4).replaceAll('\n', '\r\n')],
    ['nothing', () => ''],
  ])('answers 400 for %s', async (_, requestOf) => {
    const log = new TestLog()
    const witness = await following(log, 3)
    expect((await witness.submit(requestOf(log))).status).toBe(400)
  })

  it('answers 409 with its own size when the old size is another', async () => {
    const log = new TestLog()
    const witness = await following(log, 7)
    for (const request of [log.request(0, 9), log.request(3, 9), log.request(8, 9)]) {
      const reply = await witness.submit(request)
      expect([reply.status, reply.headers['content-type'], reply.text]).toEqual([409, 'text/x.tlog.size', '7\n'])
    }
    const fresh = new TestLog({ seed: 0x05 })
    await witness.enrol(fresh)
    expect((await witness.submit(fresh.request(2, 4))).text).toBe('0\n')
  })

  it('[L7] refuses another tree of the size that it cosigned, and keeps both as evidence', async () => {
    const log = new TestLog()
    const fork = new TestLog({ history: 'other' })
    const witness = await following(log, 7)
    const reply = await witness.submit(fork.request(7, 7))
    expect(reply.status).toBe(409)
    expect(reply.headers['content-type']).toMatch(/^text\/plain/)
    const [notice] = witness.notices.filter(({ event }) => event === 'refused-checkpoint')
    const kept = notice?.event === 'refused-checkpoint' ? await witness.store.read(notice.kept) : undefined
    const record = JSON.parse(Buffer.from(kept ?? []).toString())
    expect(record).toMatchObject({ kind: 'split', origin: log.origin, seen: NOW_SECONDS })
    expect(record.refused).toBe(fork.checkpoint(7).note)
    expect(record.cosigned.startsWith(log.checkpoint(7).note)).toBe(true)
    expect((await witness.submit(log.request(7, 8))).status).toBe(200)
  })

  it('[L8] refuses a smaller checkpoint, and keeps it', async () => {
    const log = new TestLog()
    const witness = await following(log, 7)
    expect((await witness.submit(log.request(0, 4))).status).toBe(409)
    expect((await witness.submit(log.request(4, 4))).status).toBe(409)
    expect(witness.notices.filter(({ event }) => event === 'refused-checkpoint')).toHaveLength(1)
  })

  it.each<readonly [string, (log: TestLog, fork: TestLog) => string]>([
    ['of another tree', (_, fork) => fork.request(7, 9)],
    [
      'with a hash altered',
      (log) => log.request(7, 9).replace(/\n([A-Za-z])/, (_, letter) => `\n${letter === 'A' ? 'B' : 'A'}`),
    ],
    ['with a hash left out', (log) => log.request(7, 9).replace(/\n.{44}\n/, '\n')],
    ['with a hash too many', (log) => log.request(7, 9).replace('\n', `\n${encodeBase64(new Uint8Array(32))}\n`)],
    ['for the size that it has', (log) => log.request(7, 7).replace('\n', `\n${encodeBase64(new Uint8Array(32))}\n`)],
  ])('[L2] answers 422 for a proof %s', async (_, requestOf) => {
    const log = new TestLog()
    const witness = await following(log, 7)
    expect((await witness.submit(requestOf(log, new TestLog({ history: 'other' })))).status).toBe(422)
    expect((await witness.submit(log.request(7, 9))).status).toBe(200)
  })

  it('keeps a bounded number of refused checkpoints, and those that prove a fork beside the others', async () => {
    const log = new TestLog()
    const witness = await following(log, 60)
    for (let size = 1; size < 40; size++) await witness.submit(log.request(0, size))
    const kept = () => witness.notices.filter(({ event }) => event === 'refused-checkpoint').length
    expect(kept()).toBe(16)
    await witness.submit(new TestLog({ history: 'other' }).request(60, 60))
    expect(kept()).toBe(17)
  })

  it('cosigns one of many checkpoints of one size that come at once, and answers all', async () => {
    const log = new TestLog()
    const fork = new TestLog({ history: 'other' })
    const witness = await following(log, 4)
    fork.to(9)
    const mine = Array.from({ length: 6 }, () => witness.submit(log.request(4, 9)))
    const others = Array.from({ length: 6 }, () => witness.submit(fork.request(4, 9)))
    const statuses = (await Promise.all([...mine, ...others])).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(new Set(statuses.slice(6))).not.toContain(200)
  })

  it('never dates a cosignature before an earlier one, whatever its clock does, also after a restart', async () => {
    const [log, other] = [new TestLog(), new TestLog({ seed: 0x05 })]
    const store = createMemoryStore()
    let now = NOW
    const witness = await started({ store, now: () => now })
    await witness.enrol(log)
    await witness.enrol(other)
    const at = async (fixture: WitnessFixture, of: TestLog, [from, size]: readonly [number, number]) =>
      cosignedAt(await fixture.submit(of.request(from, size)), of.checkpoint(size).note, fixture.key)
    expect(await at(witness, log, [0, 3])).toBe(NOW_SECONDS)
    now = new Date(NOW.getTime() - 3_600_000)
    expect(await at(witness, log, [3, 4])).toBe(NOW_SECONDS)
    expect(await at(witness, other, [0, 4])).toBe(NOW_SECONDS)
    const again = await started({ store, now: () => now })
    expect(await at(again, other, [4, 5])).toBe(NOW_SECONDS)
    now = new Date(NOW.getTime() + 5_000)
    expect(await at(again, log, [4, 6])).toBe(NOW_SECONDS + 5)
  })

  it('goes on where it was after a restart', async () => {
    const log = new TestLog()
    const store = createMemoryStore()
    const first = await started({ store })
    await first.enrol(log)
    await first.submit(log.request(0, 5))
    const again = await started({ store })
    expect((await again.submit(log.request(0, 8))).text).toBe('5\n')
    expect((await again.submit(new TestLog({ history: 'other' }).request(5, 8))).status).toBe(422)
    expect((await again.submit(log.request(5, 8))).status).toBe(200)
  })

  it('does not start over a record that is damaged', async () => {
    const log = new TestLog()
    const store = createMemoryStore()
    const first = await started({ store })
    await first.enrol(log)
    await first.submit(log.request(0, 5))
    const [folder = ''] = await store.list('origins')
    const newest = `origins/${folder}${(await store.list(`origins/${folder.slice(0, -1)}`)).at(-1)}`
    const bytes = (await store.read(newest)) ?? new Uint8Array(0)
    await store.write([{ name: newest, bytes: bytes.subarray(0, 100) }])
    await expect(startWitness({ store })).rejects.toThrow()
    expect((await first.submit(log.request(5, 6))).status).toBe(503)
  })
})
