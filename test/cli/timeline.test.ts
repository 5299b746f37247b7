/** `countersign timeline` on folders and addresses: what it prints, and its exit codes. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LogReader } from '../../src/audit/index.ts'
import { command } from '../../src/cli/commands/timeline.ts'
import { readTimeline } from '../../src/cli/diff/read-timeline.ts'
import { digestUri } from '../../src/core/crypto/index.ts'
import { encodeJcs } from '../../src/core/encoding/jcs.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { decodeSession, encodeSession, type Session } from '../../src/core/evidence/session.ts'
import { readerOf, STARTED_AT, simulatedMachine, type TwoBoots, twoBoots } from '../audit/history.ts'
import { recordIo, serveLogs, withFolder, writeHistory } from './log/history-folder.ts'

const snp = await simulatedMachine()
const NOW = new Date((STARTED_AT + 2_000) * 1_000)

interface Run {
  readonly exit: number
  readonly out: string
}

async function run(args: readonly string[]): Promise<Run> {
  const { io, out } = recordIo(NOW)
  return { exit: await command.run(args, io), out: out() }
}

function timelineOf(boots: TwoBoots, change: (folder: string) => Promise<void> = async () => undefined): Promise<Run> {
  return withFolder(async (folder) => {
    await writeHistory(folder, boots)
    await change(folder)
    return run([folder])
  })
}

/** The second boot under another session than the one that it published, its genesis with it. */
function withSession(boots: TwoBoots, change: (session: Session) => Session): TwoBoots {
  const { files, second } = boots
  const genesis = JSON.parse(new TextDecoder().decode(second.read('genesis')))
  const session = decodeSession(second.read(`session/${genesis.session.slice('sha256:'.length)}`))
  const octets = encodeSession(change(session))
  files.set(`log/${second.id}/session/${digestUri(octets).slice('sha256:'.length)}`, octets)
  files.set(`log/${second.id}/genesis`, encodeJcs({ ...genesis, session: digestUri(octets) }))
  return boots
}

const model = {
  name: 'demo',
  digest: { sha256: 'ab'.repeat(32) },
  annotations: { scheme: 'oms-v1', role: 'model', source: 'gateway' },
} as const

describe('countersign timeline', () => {
  it('shows boots and epochs of a folder in order, and says first that nothing was verified', async () => {
    const { exit, out } = await timelineOf(twoBoots(snp))
    expect(out.split('\n')[0]).toContain('nothing was verified by timeline')
    expect(out).toMatchInlineSnapshot(`
      "nothing was verified by timeline: these are the words of the gateway; countersign log audit holds them against log and hardware

      boot 1  gw.example.com/log/gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q, names no log before it
        2027-01-15T08:00:00.000Z  epoch 0  session sha256:f36949f6b2ecffbf…
            code           countersign 0.1.0
            configuration  measured-config b1712a0a913fed76… (gateway)
            models         none with a digest
        2027-01-15T08:00:10.000Z  epoch 1  session sha256:43be77caca89ee19…
            code           countersign 0.1.0
            configuration  measured-config b1712a0a913fed76… (gateway)
            models         none with a digest
            nothing changed but the keys

      boot 2  gw.example.com/log/7UkoxijRwsbq6QM4kFmVYSlZJzpcY_k2NsFGFKyHN9E, after gw.example.com/log/gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q (as found on disk; 2 receipts carried over, 1 requests left open)
        2027-01-15T08:16:40.000Z  epoch 0  session sha256:87c57a076701da37…
            code           countersign 0.1.0
            configuration  measured-config b1712a0a913fed76… (gateway)
            models         none with a digest
            nothing changed but the keys
      "
    `)
    expect(exit).toBe(0)
  })

  it('shows what changed from one boot to the next', async () => {
    const { exit, out } = await timelineOf(
      withSession(twoBoots(snp), (session) => ({
        ...session,
        swversion: ['0.2.0'],
        dependencies: [...session.dependencies, model],
      })),
    )
    expect(out).toMatch(
      /changed\n +~ code +software +countersign 0\.1\.0 → countersign 0\.2\.0\n +\+ weights +demo +sha256:abab/,
    )
    expect(out).toContain('models         demo abababababababab… (gateway)')
    expect(exit).toBe(0)
  })

  it('gives the same of a gateway by its address, to machines too', async () => {
    const boots = withSession(twoBoots(snp), (session) => ({
      ...session,
      dependencies: [...session.dependencies, model],
    }))
    const server = await serveLogs(readerOf(boots.files))
    const { exit, out } = await run([server.url, '--json']).finally(server.close)
    expect(JSON.parse(out)).toMatchObject({
      note: expect.stringContaining('nothing was verified'),
      boots: [
        {
          log: boots.first.origin,
          sessions: [
            { epoch: 0, changes: 'none' },
            { epoch: 1, iat: expect.any(Number), changes: [] },
          ],
        },
        {
          log: boots.second.origin,
          previous: { source: 'disk', origin: boots.first.origin },
          sessions: [{ epoch: 0, changes: [{ group: 'weights', name: 'demo', state: 'added' }] }],
        },
      ],
    })
    expect(exit).toBe(0)
  })

  it('exits 3 where a session is not there, and compares nothing with it', async () => {
    const boots = twoBoots(snp)
    for (const name of [...boots.files.keys()])
      if (name.startsWith(`log/${boots.first.id}/session/`)) boots.files.delete(name)
    const { exit, out } = await timelineOf(boots)
    expect(exit).toBe(3)
    expect(out).toContain('its session is not there')
    expect(out).toContain('what changed cannot be told')
  })

  it('exits 3 where a log has no genesis, or no log is there', async () => {
    const boots = twoBoots(snp)
    const gone = await timelineOf(boots, (folder) => rm(join(folder, 'log', boots.first.id, 'genesis')))
    expect(gone).toMatchObject({ exit: 3, out: expect.stringContaining('the genesis record is not there') })
    expect(await withFolder((folder) => run([folder]))).toMatchObject({
      exit: 3,
      out: expect.stringContaining('no log is there'),
    })
  })

  it.each([
    ['a session whose octets have another digest', 'session', 'has another digest'],
    ['a genesis record that does not decode', 'genesis', 'the genesis record: '],
    ['an epoch record that does not decode', 'epoch/1', 'behind epoch 0: '],
  ] as const)('exits 1 for %s', async (_name, path, words) => {
    const boots = twoBoots(snp)
    const { session } = JSON.parse(new TextDecoder().decode(boots.first.read('genesis')))
    const file = path === 'session' ? `session/${session.slice('sha256:'.length)}` : path
    const { exit, out } = await timelineOf(boots, (folder) =>
      writeFile(join(folder, 'log', boots.first.id, file), encodeUtf8('{} ')),
    )
    expect(out).toContain(words)
    expect(exit).toBe(1)
  })

  it('exits 1 for an epoch record that does not follow, and for a session of another log or epoch', async () => {
    const skipped = twoBoots(snp, { epoch: (record) => ({ ...record, from: `sha256:${'0'.repeat(64)}` }) })
    expect(await timelineOf(skipped)).toMatchObject({ exit: 1, out: expect.stringContaining('does not follow') })
    const boots = twoBoots(snp)
    const { session } = JSON.parse(new TextDecoder().decode(boots.first.read('genesis')))
    const foreign = decodeSession(boots.first.read(`session/${session.slice('sha256:'.length)}`))
    const borrowed = withSession(boots, () => foreign)
    expect(await timelineOf(borrowed)).toMatchObject({ exit: 1, out: expect.stringContaining('is of another log') })
    const later = withSession(twoBoots(snp), (own) => ({ ...own, epoch: 4 }))
    expect(await timelineOf(later)).toMatchObject({
      exit: 1,
      out: expect.stringContaining('says epoch 4, and 0 is due'),
    })
  })

  it('follows a host that hands out epochs without end no further than ten thousand', async () => {
    const { files, first } = twoBoots(snp)
    const reader = readerOf(files)
    const digestOf = (epoch: number): string => digestUri(encodeUtf8(`session ${epoch}`))
    const { session } = JSON.parse(new TextDecoder().decode(first.read('genesis')))
    const endless: LogReader = {
      ...reader,
      logs: async () => ({ host: undefined, ids: [first.id] }),
      read: async (id, path) => {
        const epoch = Number(/^epoch\/([0-9]+)$/.exec(path)?.[1])
        if (Number.isNaN(epoch)) return reader.read(id, path)
        return encodeJcs({ from: epoch === 1 ? session : digestOf(epoch - 1), to: digestOf(epoch), epoch, size: 1 })
      },
    }
    const [boot] = await readTimeline(endless, () => undefined)
    expect(boot?.faults).toEqual(['behind epoch 10000: more than 10000 epochs'])
  })

  it('obeys no control characters of a session', async () => {
    const { out } = await timelineOf(
      withSession(twoBoots(snp), (session) => ({ ...session, swname: 'a\u001b[31mb\nc' })),
    )
    expect(out).not.toContain('\u001b')
    expect(out).toContain('a?[31mb?c')
  })

  it.each([[[]], [['a', 'b']]])('refuses %j', async (args) => {
    await expect(run(args)).rejects.toThrow('one gateway or folder is due')
  })
})
