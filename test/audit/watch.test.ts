/** Looking again and again at the logs of a host: rows L7, L8 and L9. */
import { describe, expect, it } from 'vitest'
import {
  decodeWatchState,
  encodeWatchState,
  type LogReader,
  type Look,
  lookAtLogs,
  type WatchOptions,
  type WatchState,
} from '../../src/audit/index.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { encodeForkProof, type SignedCheckpoint, verifyForkProof } from '../../src/core/log/index.ts'
import { type Files, HOST, previousOf, readerOf, STARTED_AT, simulatedMachine, TestBoot, trustIn } from './history.ts'

const snp = await simulatedMachine()
const at = (seconds: number): Date => new Date((STARTED_AT + seconds) * 1_000)

function look(files: Files, kept: WatchState | 'none', more: Partial<WatchOptions> = {}): Promise<Look> {
  const reader = readerOf(files)
  return lookAtLogs({ reader, kept, now: at(20), maxStalenessSeconds: 60, trust: 'unchecked', ...more })
}

/** One boot with 300 receipts, quoted, and what a first look at it keeps. */
async function seenOnce(): Promise<{ readonly files: Files; readonly boot: TestBoot; readonly kept: WatchState }> {
  const files: Files = new Map()
  const boot = new TestBoot({ snp, files, seed: 0x02 }).receipts(300).quote()
  boot.publish()
  const { ok, state } = await look(files, 'none')
  if (!ok || state === 'none') throw new Error('the first look failed')
  return { files, boot, kept: state }
}

function show(files: Files, { id }: TestBoot, { note }: SignedCheckpoint): void {
  files.set(`log/${id}/checkpoint`, encodeUtf8(note))
}

describe('a watcher', () => {
  it('keeps the first checkpoint that it sees, and the next one of a log that goes on', async () => {
    const { files, boot, kept } = await seenOnce()
    expect(kept).toEqual({ host: HOST, logs: [{ origin: boot.origin, checkpoint: boot.sign().note }] })
    const { note } = boot.receipts(700).publish()
    const next = await look(files, kept, { trust: trustIn(snp) })
    expect(next).toMatchObject({ ok: true, origin: boot.origin, size: 1_002, provenTime: at(10) })
    expect(next.checks.every(({ status }) => status === 'pass')).toBe(true)
    expect(next.state).toEqual({ host: HOST, logs: [{ origin: boot.origin, checkpoint: note }] })
  })

  it('[L9] goes by what the checkpoint that is shown covers: a newer quote does not freshen an old one', async () => {
    const { files, boot, kept } = await seenOnce()
    const old = boot.sign()
    for (let i = 0; i < 20; i++) boot.quote()
    show(files, boot, old)
    const now = at(205)
    expect(await look(files, kept, { now })).toMatchObject({ ok: false, code: 'LOG_STALE' })
    expect(await look(files, kept, { now, trust: trustIn(snp) })).toMatchObject({ ok: false, code: 'LOG_STALE' })
    boot.publish()
    expect(await look(files, kept, { now })).toMatchObject({ ok: true, provenTime: at(210) })
  })

  it('[L7] remembers what it saw of a log that stands still, so that no other tree can follow', async () => {
    const { files, boot, kept } = await seenOnce()
    const other = new TestBoot({ snp, files, seed: 0x02 }).receipts(300).quote().receipts(5, 'others')
    const seen = boot.receipts(5).publish()
    const stale = await look(files, kept, { now: at(3_000) })
    expect(stale).toMatchObject({ ok: false, code: 'LOG_STALE', state: { logs: [{ checkpoint: seen.note }] } })
    other.publish()
    const { code, fork } = await look(files, stale.state)
    expect(code).toBe('LOG_SPLIT_VIEW')
    expect(fork?.first).toBe(seen.note)
  })

  it('remembers a first look at a log that stands still', async () => {
    const { files, boot } = await seenOnce()
    const { code, state } = await look(files, 'none', { now: at(3_000) })
    expect(code).toBe('LOG_STALE')
    expect(state).toEqual({ host: HOST, logs: [{ origin: boot.origin, checkpoint: boot.sign().note }] })
  })

  it('takes no log that anybody could have begun for the next boot where a policy asks for hardware', async () => {
    const { files, boot, kept } = await seenOnce()
    const made = new TestBoot({ snp, files, seed: 0x03 }, previousOf(boot, boot.sign()))
    made.publish()
    const refused = await look(files, kept, { trust: trustIn(snp), maxStalenessSeconds: 'unchecked' })
    expect(refused).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED', origin: made.origin, state: kept })
  })

  it('refuses a boot that names a log without a leaf', async () => {
    const { files, boot, kept } = await seenOnce()
    const empty = new TestBoot({ snp, files, seed: 0x03 }, previousOf(boot, boot.sign()))
    new TestBoot({ snp, files, seed: 0x04 }, previousOf(empty, empty.sign(0))).publish()
    expect(await look(files, kept)).toMatchObject({ ok: false, code: 'STATE_ROLLBACK', state: kept })
  })

  it('refuses a record of another size than its name says', async () => {
    const { files, boot, kept } = await seenOnce()
    boot.write('evidence/302', boot.read('evidence/301'))
    expect(await look(files, kept)).toMatchObject({ ok: false, code: 'CHECKPOINT_NOT_QUOTED' })
  })

  it('does not take the log of another host for that of the host that it asked', async () => {
    const { files } = await seenOnce()
    const reader = {
      ...readerOf(files),
      logs: async () => ({ ...(await readerOf(files).logs()), host: 'other.example' }),
    }
    expect(await look(files, 'none', { reader })).toMatchObject({ ok: false, code: 'LOG_ORIGIN', state: 'none' })
  })

  it('follows boots, each named by the next, that it did not see in between', async () => {
    const { files, boot, kept } = await seenOnce()
    const ended = boot.receipts(5).publish()
    const second = new TestBoot({ snp, files, seed: 0x03 }, previousOf(boot, ended))
    const middle = second.receipts(1).publish()
    const third = new TestBoot({ snp, files, seed: 0x04 }, previousOf(second, middle)).quote()
    const newest = third.publish()
    const next = await look(files, kept)
    expect(next).toMatchObject({ ok: true, origin: third.origin })
    expect(next.state).toEqual({
      host: HOST,
      logs: [
        { origin: boot.origin, checkpoint: ended.note },
        { origin: second.origin, checkpoint: middle.note },
        { origin: third.origin, checkpoint: newest.note },
      ],
    })
  })

  it('waits for a boot that has signed nothing yet', async () => {
    const { files, boot, kept } = await seenOnce()
    new TestBoot({ snp, files, seed: 0x03 }, previousOf(boot, boot.sign()))
    expect(await look(files, kept)).toMatchObject({ ok: true, origin: boot.origin })
  })

  it('goes over a boot that never signed anything, and holds what it names against what was seen', async () => {
    const { files, boot, kept } = await seenOnce()
    const unsigned = ({ origin }: TestBoot) => ({ source: 'disk', origin, checkpoint: '', recovered: 0, open: 0 })
    const silent = new TestBoot({ snp, files, seed: 0x03 }, previousOf(boot, boot.sign()))
    const third = new TestBoot({ snp, files, seed: 0x04 }, unsigned(silent)).quote()
    third.publish()
    expect(await look(files, kept)).toMatchObject({ ok: true, origin: third.origin })
    const forked = previousOf(boot, boot.sign(302, new Uint8Array(32)))
    new TestBoot({ snp, files, seed: 0x03 }, forked)
    expect(await look(files, kept)).toMatchObject({ ok: false, code: 'LOG_SPLIT_VIEW' })
    new TestBoot({ snp, files, seed: 0x04 }, unsigned(boot)).publish()
    expect(await look(files, kept)).toMatchObject({ ok: false, code: 'STATE_ROLLBACK' })
  })

  it('[L7] refuses another tree of the same size, and proves the fork by both checkpoints', async () => {
    const { files, boot, kept } = await seenOnce()
    show(files, boot, boot.sign(302, new Uint8Array(32)))
    const { ok, code, fork, state } = await look(files, kept)
    expect({ ok, code }).toEqual({ ok: false, code: 'LOG_SPLIT_VIEW' })
    expect(state).toBe(kept)
    if (fork === undefined) throw new Error('no proof')
    expect((await verifyForkProof(encodeForkProof(fork), boot.origin)).ok).toBe(true)
  })

  it('[L7] refuses a larger tree that does not contain the one it saw', async () => {
    const { files, kept } = await seenOnce()
    const forked = new TestBoot({ snp, files, seed: 0x02 }).receipts(400, 'others').quote()
    const shown = forked.publish()
    const { code, fork, state } = await look(files, kept)
    expect(code).toBe('LOG_CONSISTENCY')
    expect(fork).toEqual({ first: kept.logs[0]?.checkpoint, second: shown.note })
    expect(state).toBe(kept)
  })

  it('[L7] refuses a log whose hardware quoted another tree than it shows', async () => {
    const { files, boot, kept } = await seenOnce()
    boot.receipts(3).quote({ checkpoint: ({ size }) => boot.sign(size, new Uint8Array(32)) })
    expect(await look(files, kept)).toMatchObject({ ok: false, code: 'LOG_SPLIT_VIEW' })
  })

  it('[L8] refuses a tree that is smaller than the one it saw, and keeps both checkpoints', async () => {
    const { files, boot, kept } = await seenOnce()
    const smaller = boot.sign(200)
    show(files, boot, smaller)
    const { code, fork, state } = await look(files, kept)
    expect(code).toBe('LOG_ROLLBACK')
    expect(fork).toEqual({ first: kept.logs[0]?.checkpoint, second: smaller.note })
    expect(state).toBe(kept)
  })

  it('[L8] refuses a boot that names an older tree of the log before than it saw', async () => {
    const { files, boot, kept } = await seenOnce()
    new TestBoot({ snp, files, seed: 0x03 }, previousOf(boot, boot.sign(200))).publish()
    expect(await look(files, kept)).toMatchObject({ ok: false, code: 'LOG_ROLLBACK' })
  })

  it('[L7] refuses a boot that names another tree of the log before than it saw', async () => {
    const { files, boot, kept } = await seenOnce()
    const second = new TestBoot({ snp, files, seed: 0x03 }, previousOf(boot, boot.sign(302, new Uint8Array(32))))
    second.publish()
    const { code, fork, origin } = await look(files, kept)
    expect(code).toBe('LOG_SPLIT_VIEW')
    if (fork === undefined) throw new Error('a split view without its proof')
    expect((await verifyForkProof(encodeForkProof(fork), boot.origin)).ok).toBe(true)
    // The proof is named by it: one fork must not keep the next from being written.
    expect(origin).toBe(second.origin)
  })

  it('refuses a boot that names no log before, or one that it never saw', async () => {
    const { files, kept } = await seenOnce()
    new TestBoot({ snp, files, seed: 0x03 }).publish()
    expect(await look(files, kept)).toMatchObject({ ok: false, code: 'STATE_ROLLBACK' })
    const stranger = new TestBoot({ snp, files: new Map(), seed: 0x09 })
    new TestBoot({ snp, files, seed: 0x04 }, previousOf(stranger, stranger.sign())).publish()
    expect((await look(files, kept)).ok).toBe(false)
  })

  it('refuses a genesis that is not the first leaf of its log', async () => {
    const { files, boot, kept } = await seenOnce()
    const second = new TestBoot({ snp, files, seed: 0x03 })
    second.publish()
    const honest = new TestBoot({ snp, files: new Map(), seed: 0x03 }, previousOf(boot, boot.sign()))
    second.write('genesis', honest.read('genesis'))
    expect(await look(files, kept)).toMatchObject({ ok: false, code: 'LOG_INCLUSION' })
  })

  it('[L9] refuses a log whose newest proven time is too old', async () => {
    const { files, kept } = await seenOnce()
    expect(await look(files, kept, { now: at(70) })).toMatchObject({ ok: true })
    expect(await look(files, kept, { now: at(71) })).toMatchObject({ ok: false, code: 'LOG_STALE' })
    expect(await look(files, kept, { now: at(71), maxStalenessSeconds: 'unchecked' })).toMatchObject({ ok: true })
  })

  it('[L9] refuses a log whose newest statement is dated in the future', async () => {
    const { files, kept } = await seenOnce()
    expect(await look(files, kept, { now: at(-290) })).toMatchObject({ ok: true })
    const future = await look(files, kept, { now: at(-291), maxStalenessSeconds: 'unchecked' })
    expect(future).toMatchObject({ ok: false, code: 'LOG_TIME' })
  })

  it('[L9] does not call a log fresh that proves no time', async () => {
    const files: Files = new Map()
    new TestBoot({ snp, files, seed: 0x02 }).publish()
    expect(await look(files, 'none')).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
    expect(await look(files, 'none', { maxStalenessSeconds: 'unchecked' })).toMatchObject({ ok: true })
  })

  it('does not believe the time of a quote that the policy refuses', async () => {
    const { files, kept } = await seenOnce()
    const trust = trustIn(snp)
    const policy = { ...trust.policy, dangerouslyTrustSimulatedRoots: [] }
    expect((await look(files, kept, { trust: { ...trust, policy } })).ok).toBe(false)
  })

  it('refuses another host', async () => {
    const { files, kept } = await seenOnce()
    const reader: LogReader = { ...readerOf(files), logs: async () => ({ host: 'gw.example.net', ids: [] }) }
    expect(await look(files, kept, { reader })).toMatchObject({ ok: false, code: 'LOG_ORIGIN' })
  })
})

describe('what a watcher keeps', () => {
  it('comes back as it was written', async () => {
    const { kept } = await seenOnce()
    expect(decodeWatchState(encodeUtf8(encodeWatchState(kept)))).toEqual(kept)
  })

  it.each([
    ['another version', (text: string) => text.replace('"version": 1', '"version": 2')],
    ['a member that is not known', (text: string) => text.replace('"host"', '"hosts": 1, "host"')],
    ['an origin of another form', (text: string) => text.replace('/log/', '/logs/')],
    ['no log', (text: string) => text.replace(/"logs": \[[^\]]*\]/, '"logs": []')],
    ['half of it', (text: string) => text.slice(0, 100)],
  ])('is refused with %s', async (_, change) => {
    const { kept } = await seenOnce()
    expect(() => decodeWatchState(encodeUtf8(change(encodeWatchState(kept))))).toThrow()
  })
})
