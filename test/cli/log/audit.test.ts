/** `countersign log audit` on folders and addresses: what it prints, and its exit codes. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { subcommand } from '../../../src/cli/log/audit.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { encodeLock } from '../../../src/core/lock.ts'
import { encodeTilePath } from '../../../src/core/log/index.ts'
import { readerOf, STARTED_AT, simulatedMachine, type TwoBoots, trustIn, twoBoots } from '../../audit/history.ts'
import { recordIo, serveLogs, withFolder, writeHistory } from './history-folder.ts'

const snp = await simulatedMachine()
const NOW = new Date((STARTED_AT + 2_000) * 1_000)

interface Run {
  readonly exit: number
  readonly out: string
  readonly err: string
}

async function run(args: readonly string[], progress = false): Promise<Run> {
  const recorded = recordIo(NOW, progress)
  const exit = await subcommand.run(args, recorded.io)
  return { exit, out: recorded.out(), err: recorded.err() }
}

/** Audits files as a folder, under the policy of the machine that made them. */
function auditFolder(boots: TwoBoots, more: readonly string[] = [], progress = false): Promise<Run> {
  return withFolder(async (folder) => {
    await writeHistory(folder, boots)
    const { policy, lock } = trustIn(snp)
    const trust = [join(folder, 'policy.json'), join(folder, 'lock.json')] as const
    await writeFile(trust[0], JSON.stringify(policy))
    if (lock !== undefined) await writeFile(trust[1], encodeLock(lock))
    return run([folder, '--policy', trust[0], '--lock', trust[1], ...more], progress)
  })
}

describe('countersign log audit', () => {
  it('says on one page what of a folder was proven, and what was not', async () => {
    const { exit, out } = await auditFolder(twoBoots(snp))
    expect(out).toMatchInlineSnapshot(`
      "Audit of gw.example.com, oldest log first

        log          leaves  receipts  quotes  epochs  recovered  quoted until          witnessed until
        gTl3Dqh9F1…  310     304       3       1       0          2027-01-15T08:00:30Z  –
        7UkoxijRws…  9       4         2       0       2          2027-01-15T08:17:00Z  –

        ✓ checkpoint
        ✓ leaves
        ✓ root
        ✓ genesis
        ✓ entry-types
        ✓ epochs
        ✓ evidence
        ✓ evidence-log
        ✓ quoted-roots
        ✓ sessions
        ✓ counts
        ✓ statement-order
        ✓ quote-leaves
        ✓ hardware
        – witnessed-roots  7UkoxijRws…: no checkpoint is kept with cosignatures
        – cosignatures     gTl3Dqh9F1…: policy: unchecked
        ✓ previous
        ✓ recovered

      Proven:
        · 2 logs, 319 leaves, 308 receipts
        · 5 quotes held against the tree, 0 dated by witnesses
        · 1 change of epoch, 2 receipts carried over from the boot before

      Not proven:
        · 2 requests open at the newest quotes of their boots: asked, and no receipt below
        · the host shows all its logs: one that it hides, and that no log shown here names, is not seen
        · a copy that somebody else was shown may differ: compare checkpoints, or let witnesses cosign them
        · the set of gateways is not closed: another gateway of the same host may exist with another history
        · nobody tampers with the memory or the buses of the machine
        · AMD's firmware and AMD's keys are honest
        · certificates are not checked for revocation

      SIMULATED TEE: this shows how verification works and proves nothing about hardware
      verified (simulated): every leaf, quote and link
      "
    `)
    expect(exit).toBe(0)
    expect(out.split('\n').length).toBeLessThan(60)
  })

  it('names the first failure with its index, and exits 1', async () => {
    const boots = twoBoots(snp)
    const { files, first } = boots
    const name = `log/${first.id}/${encodeTilePath({ level: 'entries', index: 0, width: 256 })}`
    const bundle = files.get(name)?.slice() ?? new Uint8Array()
    bundle[35 * 44 + 10] = (bundle[35 * 44 + 10] ?? 0) ^ 1
    files.set(name, bundle)
    const { exit, out } = await auditFolder(boots)
    expect(exit).toBe(1)
    expect(out).toContain('NOT VERIFIED: LOG_LEAF_CORRUPT')
    expect(out).toContain(`First: root of log ${first.id} at 44: `)
  })

  it('finds a record of evidence that does not decode', async () => {
    const { exit, out } = await withFolder(async (folder) => {
      const boots = twoBoots(snp)
      await writeHistory(folder, boots)
      await writeFile(join(folder, `log/${boots.first.id}/evidence/302`), encodeUtf8('{}'))
      return run([folder, '--hardware', 'unchecked'])
    })
    expect(exit).toBe(1)
    expect(out).toContain('the record of size 302')
  })

  it('gives the whole of it to machines', async () => {
    const { exit, out } = await auditFolder(twoBoots(snp), ['--json'])
    expect(exit).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ verified: true, simulated: true, logs: [{ size: 310 }, { size: 9 }] })
  })

  it('exits 3 without a policy, and 0 where the hardware is left out on purpose', async () => {
    await withFolder(async (folder) => {
      await writeHistory(folder, twoBoots(snp))
      const judged = await run([folder])
      expect(judged.exit).toBe(3)
      expect(judged.out).toContain('NOT VERIFIED: CHECK_NOT_PERFORMED')
      expect((await run([folder, '--hardware', 'unchecked'])).exit).toBe(0)
    })
  })

  it('reads a gateway by its address', async () => {
    const server = await serveLogs(readerOf(twoBoots(snp).files))
    const { exit, out } = await run([server.url, '--hardware', 'unchecked']).finally(server.close)
    expect(out).toContain('every leaf and link; the quotes were not judged')
    expect(exit).toBe(0)
  })

  it('shows how far it is on a terminal, and nothing of it elsewhere', async () => {
    const boots = twoBoots(snp)
    expect((await auditFolder(boots, [], true)).err).toContain('256 of 310 leaves')
    expect((await auditFolder(boots)).err).toBe('')
  })

  it.each([
    [[], 'one gateway or folder'],
    [['a', 'b'], 'one gateway or folder'],
    [['/nowhere/at/all'], 'is not a folder'],
    [['http://gw.example.com'], 'over https'],
    [['.', '--hardware', 'checked'], 'knows one word'],
    [['.', '--hardware', 'unchecked', '--policy', 'p'], 'a policy judges hardware'],
  ] as const)('refuses %j', async (args, message) => {
    await expect(run(args)).rejects.toThrow(message)
  })

  it('has nothing to say of a folder without logs', async () => {
    const { exit } = await withFolder((folder) => run([folder, '--hardware', 'unchecked']))
    expect(exit).toBe(3)
  })

  it('finds a log whose previous one was removed', async () => {
    const { exit, out } = await withFolder(async (folder) => {
      const boots = twoBoots(snp)
      await writeHistory(folder, boots)
      await rm(join(folder, 'log', boots.first.id), { recursive: true })
      return run([folder, '--hardware', 'unchecked'])
    })
    expect(exit).toBe(3)
    expect(out).toContain('is not there any more')
  })
})
