/** Audits of histories in memory: an honest one passes, and every single lie is found and named. */
import { describe, expect, it } from 'vitest'
import { type AuditCheck, type AuditReport, auditLogs, type LogReader } from '../../src/audit/index.ts'
import { decodeArchive, encodeArchive } from '../../src/core/archive/index.ts'
import { decodeUtf8, encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import type { FailureCode } from '../../src/core/failure-codes.ts'
import {
  createEntry,
  decodeEntryBundle,
  decodeWitnessPolicy,
  encodeEntryBundle,
  encodeTilePath,
  encodeWitnessVkey,
  signCheckpoint,
  type Tile,
  type WitnessPolicy,
  witnessKey,
} from '../../src/core/log/index.ts'
import { testKey } from '../kit/ed25519.ts'
import {
  type Files,
  HOST,
  previousOf,
  readerOf,
  STARTED_AT,
  type Steps,
  simulatedMachine,
  TestBoot,
  type TwoBoots,
  trustIn,
  twoBoots,
  WITNESS,
} from './history.ts'

/** What a table of lies says of each: how it is told, and where it must be found. */
interface Lie {
  readonly title: string
  readonly steps?: Steps
  readonly edit?: (boots: TwoBoots) => void
  readonly log: 'first' | 'second'
  readonly check: string
  readonly code: FailureCode
  readonly index?: number
}

const snp = await simulatedMachine()
const trust = trustIn(snp)
const vkey = encodeWitnessVkey(witnessKey(WITNESS.name, WITNESS.signer.publicKey))
const witnesses: WitnessPolicy = decodeWitnessPolicy(`witness w ${vkey}\nquorum w\n`)

function audit(files: Files, more: Partial<Parameters<typeof auditLogs>[0]> = {}): Promise<AuditReport> {
  return auditLogs({ reader: readerOf(files), trust, witnesses: 'unchecked', onProgress: () => {}, ...more })
}

/** Entries of a bundle, changed. */
function editBundle(
  { files, first }: TwoBoots,
  tile: Omit<Tile, 'level'>,
  change: (entries: readonly Uint8Array[]) => readonly Uint8Array[],
): void {
  const name = `log/${first.id}/${encodeTilePath({ level: 'entries', ...tile })}`
  const octets = files.get(name)
  if (octets === undefined) throw new Error(`no ${name}`)
  files.set(name, encodeEntryBundle(change(decodeEntryBundle(octets))))
}

function retype(entries: readonly Uint8Array[], at: number, type: number): readonly Uint8Array[] {
  return entries.map((entry, i) => (i === at ? Uint8Array.of(type, ...entry.slice(1)) : entry))
}

function move({ files, first }: TwoBoots, from: string, to: string): void {
  const octets = files.get(`log/${first.id}/${from}`)
  if (octets === undefined) throw new Error(`no ${from}`)
  files.set(`log/${first.id}/${to}`, octets)
}

const FULL = { index: 0, width: 256 }

const LIES: readonly Lie[] = [
  {
    title: '[L14] a leaf that was dropped',
    edit: (boots) => editBundle(boots, FULL, (entries) => entries.filter((_, i) => i !== 9)),
    log: 'first',
    check: 'leaves',
    code: 'LOG_LEAF_CORRUPT',
    index: 9,
  },
  {
    title: '[L14] a leaf of which one octet flipped',
    edit: (boots) =>
      editBundle(boots, FULL, (entries) =>
        entries.map((entry, i) => (i === 77 ? entry.map((octet, at) => (at === 20 ? octet ^ 1 : octet)) : entry)),
      ),
    log: 'first',
    check: 'root',
    code: 'LOG_LEAF_CORRUPT',
    index: 77,
  },
  {
    title: '[L14] a receipt that became a nonce',
    edit: (boots) => editBundle(boots, FULL, (entries) => retype(entries, 5, 4)),
    log: 'first',
    check: 'root',
    code: 'LOG_LEAF_CORRUPT',
    index: 5,
  },
  {
    title: '[L14] a bundle that is gone',
    edit: ({ files, first }) => files.delete(`log/${first.id}/${encodeTilePath({ level: 'entries', ...FULL })}`),
    log: 'first',
    check: 'leaves',
    code: 'LOG_LEAF_CORRUPT',
    index: 0,
  },
  {
    title: 'a leaf of an unknown type',
    steps: { extra: new Uint8Array(33).fill(9) },
    log: 'first',
    check: 'entry-types',
    code: 'PARSE_INVALID',
    index: 302,
  },
  {
    title: 'a leaf of another length',
    steps: { extra: new Uint8Array(34).fill(1) },
    log: 'first',
    check: 'entry-types',
    code: 'PARSE_TRAILING',
    index: 302,
  },
  {
    title: 'a second genesis',
    steps: { extra: createEntry('genesis', encodeUtf8('another')) },
    log: 'first',
    check: 'entry-types',
    code: 'PARSE_INVALID',
    index: 302,
  },
  {
    title: 'a log that does not begin with genesis',
    steps: { entry: createEntry('receipt', encodeUtf8('first')) },
    log: 'first',
    check: 'entry-types',
    code: 'PARSE_INVALID',
    index: 0,
  },
  {
    title: 'a genesis record that is not the one of the leaf',
    edit: ({ files, first, second }) => {
      const other = files.get(`log/${second.id}/genesis`)
      if (other !== undefined) files.set(`log/${first.id}/genesis`, other)
    },
    log: 'first',
    check: 'genesis',
    code: 'LOG_LEAF_CORRUPT',
    index: 0,
  },
  {
    title: 'an epoch record that is not the one of the leaf',
    edit: ({ files, first }) => files.set(`log/${first.id}/epoch/1`, encodeUtf8('{}')),
    log: 'first',
    check: 'epochs',
    code: 'LOG_LEAF_CORRUPT',
    index: 303,
  },
  {
    title: 'an epoch that skips a number',
    steps: { epoch: (record) => ({ ...record, epoch: 2 }) },
    log: 'first',
    check: 'epochs',
    code: 'PARSE_INVALID',
    index: 303,
  },
  {
    title: 'an epoch that ends another session than the one in force',
    steps: { epoch: (record) => ({ ...record, from: `sha256:${'0'.repeat(64)}` }) },
    log: 'first',
    check: 'epochs',
    code: 'PARSE_INVALID',
    index: 303,
  },
  {
    title: 'a session that no epoch leaf began',
    steps: { epoch: (record) => ({ ...record, to: `sha256:${'0'.repeat(64)}` }) },
    log: 'first',
    check: 'sessions',
    code: 'EVIDENCE_DIGEST_MISMATCH',
    index: 306,
  },
  {
    title: '[L7] another root under the hardware at a size than the log shows',
    steps: { firstQuote: { checkpoint: ({ origin, size }) => signFork(origin, size) } },
    log: 'first',
    check: 'quoted-roots',
    code: 'LOG_SPLIT_VIEW',
    index: 302,
  },
  {
    title: 'a statement of another log',
    steps: {
      firstQuote: {
        checkpoint: ({ origin, ...rest }) => ({ ...rest, origin, body: rest.body.replace(HOST, 'gw.example.net') }),
      },
    },
    log: 'first',
    check: 'evidence-log',
    code: 'LOG_ORIGIN',
    index: 302,
  },
  {
    title: 'counts that leave a receipt out',
    steps: {
      firstQuote: {
        statement: (honest) => ({ ...honest, counts: { intents: 300, receipts: 299, open: 1 } }),
      },
    },
    log: 'first',
    check: 'counts',
    code: 'CHECKPOINT_NOT_QUOTED',
    index: 302,
  },
  {
    title: 'a statement that is dated before the one before it',
    steps: { lastQuote: { statement: (honest) => ({ ...honest, iat: STARTED_AT + 5 }) } },
    log: 'first',
    check: 'statement-order',
    code: 'STATEMENT_TIME',
    index: 307,
  },
  {
    title: 'a quote that is no leaf',
    steps: { firstQuote: { withoutLeaf: true } },
    log: 'first',
    check: 'quote-leaves',
    code: 'LOG_INCLUSION',
    index: 302,
  },
  {
    title: 'a record that is listed under another size',
    edit: (boots) => move(boots, 'evidence/302', 'evidence/303'),
    log: 'first',
    check: 'evidence-log',
    code: 'LOG_ORIGIN',
    index: 303,
  },
  {
    title: 'a record that does not decode',
    edit: ({ files, first }) => files.set(`log/${first.id}/evidence/302`, encodeUtf8('{}')),
    log: 'first',
    check: 'evidence',
    code: 'PARSE_INVALID',
    index: 302,
  },
  {
    title: 'a checkpoint that somebody else signed',
    edit: ({ files, first }) => {
      const forged = signCheckpoint(first.sign(), { ...testKey(0x66), publicKey: first.key.publicKey })
      files.set(`log/${first.id}/checkpoint`, encodeUtf8(forged.note))
    },
    log: 'first',
    check: 'checkpoint',
    code: 'CHECKPOINT_SIGNATURE',
  },
  {
    title: 'the checkpoint of another log',
    edit: ({ files, first, second }) => files.set(`log/${first.id}/checkpoint`, encodeUtf8(second.sign().note)),
    log: 'first',
    check: 'checkpoint',
    code: 'LOG_ORIGIN',
  },
  {
    title: '[L7] a forked checkpoint of the same size',
    edit: ({ files, first }) =>
      files.set(`log/${first.id}/checkpoint`, encodeUtf8(first.sign(310, new Uint8Array(32)).note)),
    log: 'first',
    check: 'root',
    code: 'LOG_LEAF_CORRUPT',
  },
  {
    title: '[L8] a checkpoint that is smaller than the quoted ones',
    edit: ({ files, first }) => files.set(`log/${first.id}/checkpoint`, encodeUtf8(first.sign(200).note)),
    log: 'first',
    check: 'quoted-roots',
    code: 'LOG_ROLLBACK',
    index: 302,
  },
  {
    title: '[L8] a log that is smaller than the next one names it',
    edit: ({ files, first }) => files.set(`log/${first.id}/checkpoint`, encodeUtf8(first.sign(308).note)),
    log: 'second',
    check: 'previous',
    code: 'STATE_ROLLBACK',
    index: 310,
  },
  {
    title: '[L7] a cosigned tree that the log does not show',
    edit: ({ first }) => first.witness(STARTED_AT + 60, first.sign(308, new Uint8Array(32))),
    log: 'first',
    check: 'witnessed-roots',
    code: 'LOG_SPLIT_VIEW',
    index: 308,
  },
  {
    title: '[L8] a cosigned checkpoint beyond the newest one',
    edit: ({ files, first }) => {
      first.witness()
      files.set(`log/${first.id}/checkpoint`, encodeUtf8(first.sign(308).note))
    },
    log: 'first',
    check: 'witnessed-roots',
    code: 'LOG_ROLLBACK',
    index: 310,
  },
  {
    title: 'a boot that names the checkpoint of another log as that of its previous one',
    steps: {
      previous: (honest) => ({
        ...honest,
        checkpoint: new TestBoot({ snp, files: new Map(), seed: 0x09 }).sign().note,
      }),
    },
    log: 'second',
    check: 'previous',
    code: 'CHECKPOINT_SIGNATURE',
  },
  {
    title: '[L7] a boot that names another tree of the log before',
    steps: { previous: (honest, first) => ({ ...honest, checkpoint: first.sign(310, new Uint8Array(32)).note }) },
    log: 'second',
    check: 'previous',
    code: 'LOG_SPLIT_VIEW',
    index: 310,
  },
  {
    title: 'a boot that began from an older copy of the log before',
    steps: { previous: (honest, first) => ({ ...honest, checkpoint: first.sign(305).note }) },
    log: 'second',
    check: 'previous',
    code: 'STATE_ROLLBACK',
    index: 305,
  },
  {
    title: 'a receipt that the log before had quoted, recovered again',
    steps: { recovered: ['a', 'b'], quotedAgain: 7 },
    log: 'second',
    check: 'recovered',
    code: 'EVIDENCE_REPLAY',
    index: 1,
  },
  {
    title: 'fewer recovered leaves than genesis says',
    steps: { previous: (honest) => ({ ...honest, recovered: 3 }) },
    log: 'second',
    check: 'recovered',
    code: 'LOG_INCLUSION',
  },
  {
    title: 'a receipt that is recovered twice',
    steps: { recovered: ['one', 'one'] },
    log: 'second',
    check: 'recovered',
    code: 'EVIDENCE_REPLAY',
    index: 2,
  },
]

/** A checkpoint over another tree, by the key of the first boot. */
function signFork(origin: string, size: number): ReturnType<typeof signCheckpoint> {
  return signCheckpoint({ origin, size, root: new Uint8Array(32) }, testKey(0x02))
}

describe('an audit of two boots', () => {
  it('passes, and counts what it proved', async () => {
    const { files, first, second } = twoBoots(snp)
    const report = await audit(files)
    expect(report.first).toBeUndefined()
    expect(report).toMatchObject({ ok: true, simulated: true, host: HOST, gaps: [] })
    expect(report.logs).toMatchObject([
      { id: first.id, size: 310, receipts: 304, recovered: 0, quotes: 3, records: 3, epochs: 1 },
      { id: second.id, size: 9, receipts: 4, recovered: 2, quotes: 2, records: 2, epochs: 0 },
    ])
  })
})

describe('a single lie', () => {
  for (const { title, steps, edit, log, check, code, index } of LIES)
    it(`${title} is ${code}`, async () => {
      const boots = twoBoots(snp, steps)
      edit?.(boots)
      const report = await audit(boots.files)
      expect(report.ok).toBe(false)
      const found = report.logs.find(({ id }) => id === boots[log].id)?.checks.find(({ name }) => name === check)
      expect(found).toMatchObject({ status: 'fail', code, ...(index !== undefined && { index }) })
      expect(found?.detail).not.toBe('')
    })

  it('[L14] does not pass for a fork where a disk is damaged', async () => {
    const boots = twoBoots(snp)
    editBundle(boots, FULL, (entries) => retype(entries, 5, 4))
    const { logs } = await audit(boots.files)
    const failed = logs.flatMap(({ checks }) => checks.filter(({ status }) => status === 'fail'))
    expect(failed.map(({ name }) => name)).toEqual(['root'])
  })
})

function checkOf({ logs }: AuditReport, log: number, name: string): AuditCheck | undefined {
  return logs[log]?.checks.find((check) => check.name === name)
}

describe('the hardware in an audit', () => {
  it('is not judged without a policy, and that is no pass', async () => {
    const report = await audit(twoBoots(snp).files, { trust: 'missing' })
    expect(report).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED', first: { name: 'hardware' } })
  })

  it('is left out where the auditor says so', async () => {
    const report = await audit(twoBoots(snp).files, { trust: 'unchecked' })
    expect(report.ok).toBe(true)
    expect(checkOf(report, 0, 'hardware')).toMatchObject({ status: 'not-performed', required: false })
  })

  it('fails where a simulated root is not named by the policy', async () => {
    const policy = { ...trust.policy, dangerouslyTrustSimulatedRoots: [] }
    const report = await audit(twoBoots(snp).files, { trust: { ...trust, policy } })
    expect(checkOf(report, 0, 'hardware')).toMatchObject({ status: 'fail', index: 302, failures: 3 })
  })

  it('fails for a quote over another statement', async () => {
    const { files, first } = twoBoots(snp)
    const name = `log/${first.id}/evidence/302`
    const archive = decodeArchive(files.get(name) ?? new Uint8Array())
    const statement = decodeUtf8(archive.statement).replace('"exp":18000036', '"exp":18000037')
    files.set(name, encodeArchive({ ...archive, statement: encodeUtf8(statement) }))
    const report = await audit(files)
    expect(checkOf(report, 0, 'hardware')).toMatchObject({ code: 'REPORT_DATA_MISMATCH', index: 302 })
    expect(report.first?.name).toBe('hardware')
  })

  it('is judged on the record that was held against the tree, not on one that is handed out after it', async () => {
    const { files, first } = twoBoots(snp)
    const other = twoBoots(snp, { firstQuote: { statement: (honest) => ({ ...honest, exp: honest.exp + 1 }) } })
    const name = `log/${first.id}/evidence/302`
    const reader = readerOf(files)
    let readings = 0
    const changing: LogReader = {
      ...reader,
      read: async (id, path) => {
        if (id !== first.id || path !== 'evidence/302' || readings++ === 0) return reader.read(id, path)
        return other.files.get(name)
      },
    }
    const report = await audit(files, { reader: changing })
    expect(checkOf(report, 0, 'hardware')).toMatchObject({ code: 'EVIDENCE_DIGEST_MISMATCH', index: 302 })
  })
})

describe('a policy that asks for witnessed times, in an audit', () => {
  const asking = { ...trust, policy: { ...trust.policy, audit: { ...trust.policy.audit, time: 'witnessed' } } } as const

  function oneBoot(change: (boot: TestBoot) => void): Files {
    const files: Files = new Map()
    const boot = new TestBoot({ snp, files, seed: 0x02 }).receipts(2).quote()
    change(boot)
    boot.publish()
    return files
  }

  it('takes those that witnesses saw, and waits for the newest', async () => {
    const report = await audit(
      oneBoot((boot) => boot.witness().receipts(1).quote()),
      { trust: asking, witnesses },
    )
    expect(report).toMatchObject({ ok: true, logs: [{ dated: 1 }] })
  })

  it.each<readonly [string, WitnessPolicy | 'unchecked', (boot: TestBoot) => void]>([
    ['nobody is named', 'unchecked', (boot) => boot.witness()],
    ['they saw it when its statement had ended', witnesses, (boot) => boot.witness(STARTED_AT + 4_000)],
    [
      'one of two was seen too late',
      witnesses,
      (boot) =>
        boot
          .witness(STARTED_AT + 12)
          .quote()
          .witness(STARTED_AT + 4_000),
    ],
  ])('does not take the word of the host where %s', async (_, named, change) => {
    const report = await audit(oneBoot(change), { trust: asking, witnesses: named })
    expect(report).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED', first: { name: 'hardware' } })
    expect(report.first?.detail).toContain('witnessed time')
  })
})

describe('witnesses in an audit', () => {
  it('date the quotes whose leaves they cosigned', async () => {
    const report = await audit(twoBoots(snp).files, { witnesses })
    expect(report.logs[0]).toMatchObject({ dated: 3, witnessed: { size: 308, time: STARTED_AT + 35 } })
    expect(checkOf(report, 0, 'cosignatures')?.status).toBe('pass')
    expect(checkOf(report, 1, 'cosignatures')).toMatchObject({ status: 'not-performed', required: true })
  })

  it('[L10] are asked for the quorum of the policy', async () => {
    const key = encodeWitnessVkey(witnessKey('other.example.org', testKey(0x71).publicKey))
    const report = await audit(twoBoots(snp).files, { witnesses: decodeWitnessPolicy(`witness o ${key}\nquorum o\n`) })
    expect(checkOf(report, 0, 'cosignatures')).toMatchObject({ code: 'WITNESS_QUORUM', index: 308 })
  })

  it('[L9] find a statement that is dated after they saw its quote', async () => {
    const { files, first } = twoBoots(snp)
    first.witness(STARTED_AT - 1_000, first.sign(308))
    const report = await audit(files, { witnesses })
    expect(checkOf(report, 0, 'statement-order')).toMatchObject({ code: 'LOG_TIME', index: 302 })
  })
})

describe('the chain of boots', () => {
  it('has a gap where the log before is gone, and that is no pass', async () => {
    const { files, first } = twoBoots(snp)
    for (const name of [...files.keys()]) if (name.startsWith(`log/${first.id}/`)) files.delete(name)
    const report = await audit(files)
    expect(report).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED', first: { name: 'previous' } })
    expect(report.gaps).toHaveLength(1)
  })

  it('does not branch', async () => {
    const { files, first } = twoBoots(snp)
    const third = new TestBoot({ snp, files, seed: 0x04 }, previousOf(first, first.sign()))
    third.receipts(1).quote().publish()
    const report = await audit(files)
    const failed = report.logs.flatMap(({ checks }) => checks.filter(({ status }) => status === 'fail'))
    expect(failed).toMatchObject([{ name: 'previous', code: 'STATE_ROLLBACK' }])
  })

  it('passes over a log that never signed anything', async () => {
    const { files, second } = twoBoots(snp)
    const size = second.size
    new TestBoot({ snp, files, seed: 0x05 }, previousOf(second, second.sign(size)))
    const report = await audit(files)
    expect(report.ok).toBe(true)
    expect(report.logs).toHaveLength(3)
  })

  it('reads no more beginnings of logs than fit into memory', async () => {
    const ids = Array.from({ length: 300 }, (_, i) => `${i}`.padStart(42, 'A').concat('A'))
    let read = 0
    const endless: LogReader = {
      ...readerOf(new Map()),
      logs: async () => ({ host: HOST, ids }),
      read: async () => {
        read++
        return new Uint8Array(262_144)
      },
    }
    const run = auditLogs({ reader: endless, trust, witnesses, onProgress: () => {} })
    await expect(run).rejects.toMatchObject({ failure: 'EVIDENCE_TOO_LARGE' })
    expect(read).toBeLessThan(150)
  })

  it('proves nothing where no log shows a checkpoint', async () => {
    const files: Files = new Map()
    new TestBoot({ snp, files, seed: 0x02 })
    expect(await audit(files)).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
  })

  it.each(['evidence', 'witnessed'])(
    '[L8] does not take a log whose checkpoint is held back for one that never signed: %s',
    async (kept) => {
      const { files, second } = twoBoots(snp)
      const hidden = new TestBoot({ snp, files, seed: 0x05 }, previousOf(second, second.sign()))
      hidden.receipts(1).quote().witness()
      for (const name of [...files.keys()])
        if (
          name.startsWith(`log/${hidden.id}/`) &&
          !/\/(?:genesis|session\/.*)$/.test(name) &&
          !name.includes(`/${kept}/`)
        )
          files.delete(name)
      expect(checkOf(await audit(files), 2, 'checkpoint')).toMatchObject({ status: 'fail', code: 'LOG_ROLLBACK' })
    },
  )

  it('goes over a log that never signed anything, and says that its link is not proven', async () => {
    const { files, second } = twoBoots(snp)
    const silent = new TestBoot({ snp, files, seed: 0x05 }, previousOf(second, second.sign()))
    const unsigned = { source: 'disk', origin: silent.origin, checkpoint: '', recovered: 1, open: 0 }
    const last = new TestBoot({ snp, files, seed: 0x06, now: STARTED_AT + 2_000 }, unsigned)
    last.leaf('recovered', 'unquoted').quote().publish()
    const report = await audit(files)
    expect(report.first).toBeUndefined()
    expect(report.logs.map(({ id }) => id).slice(2)).toEqual([silent.id, last.id])
    expect(report.gaps).toEqual([expect.stringContaining(`${silent.origin} never signed a checkpoint`)])
  })

  it('finds a receipt that is recovered over a log that never signed anything, and was quoted before it', async () => {
    const { files, second } = twoBoots(snp)
    const silent = new TestBoot({ snp, files, seed: 0x05 }, previousOf(second, second.sign()))
    const unsigned = { source: 'disk', origin: silent.origin, checkpoint: '', recovered: 1, open: 0 }
    const last = new TestBoot({ snp, files, seed: 0x06, now: STARTED_AT + 2_000 }, unsigned)
    last.leaf('recovered', `${second.id} receipt 0`).quote().publish()
    expect(checkOf(await audit(files), 3, 'recovered')).toMatchObject({ code: 'EVIDENCE_REPLAY', index: 1 })
  })

  it('does not pass for a boot that names a log as never signed which was', async () => {
    const { files, second } = twoBoots(snp)
    const unsigned = { source: 'disk', origin: second.origin, checkpoint: '', recovered: 0, open: 0 }
    new TestBoot({ snp, files, seed: 0x06, now: STARTED_AT + 2_000 }, unsigned).quote().publish()
    expect(checkOf(await audit(files), 2, 'previous')).toMatchObject({ code: 'STATE_ROLLBACK' })
  })

  it('is not proven where witnesses knew a log that is not there', async () => {
    const { files } = twoBoots(snp, { previous: (honest) => ({ ...honest, missing: [`${HOST}/log/gone`] }) })
    const report = await audit(files)
    expect(report).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED', first: { name: 'previous' } })
    expect(report.gaps).toEqual([expect.stringContaining('log/gone')])
  })

  it('is followed by what each genesis says, in whatever order the host lists it', async () => {
    const { files, first, second } = twoBoots(snp)
    const reader = readerOf(files)
    const reversed: LogReader = { ...reader, logs: async () => ({ host: HOST, ids: [first.id, second.id] }) }
    const report = await audit(files, { reader: reversed })
    expect(report.ok).toBe(true)
    expect(report.logs.map(({ id }) => id)).toEqual([first.id, second.id])
  })

  it('is not proven by a host that shows no log', async () => {
    const reader: LogReader = { ...readerOf(new Map()), logs: async () => ({ host: HOST, ids: [] }) }
    expect(await audit(new Map(), { reader })).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
  })

  it('is of the host that is asked', async () => {
    const reader = readerOf(twoBoots(snp).files)
    const other: LogReader = { ...reader, logs: async () => ({ ...(await reader.logs()), host: 'gw.example.net' }) }
    const report = await audit(new Map(), { reader: other })
    expect(checkOf(report, 0, 'checkpoint')).toMatchObject({ code: 'LOG_ORIGIN' })
  })
})
