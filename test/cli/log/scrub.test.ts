/** `countersign log scrub`: row L14 on a folder, as the command shows it. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { subcommand } from '../../../src/cli/log/scrub.ts'
import { encodeTilePath } from '../../../src/core/log/index.ts'
import { createReceiptLog } from '../../../src/server/log/index.ts'
import { createFileStore } from '../../../src/storage/index.ts'
import { answer, GENESIS, HOST, SIGNER } from '../../server/log/log-traffic.ts'
import { recordIo, withFolder } from './history-folder.ts'

const BUNDLE = encodeTilePath({ level: 'entries', index: 0, width: 6 })
const TILE = encodeTilePath({ level: 0, index: 0, width: 6 })

interface Stored {
  readonly folder: string
  readonly id: string
  /** Flips one bit of a file below the folder. */
  flip(name: string, at: number): Promise<void>
  scrub(...more: readonly string[]): Promise<{ readonly exit: number; readonly out: string; readonly err: string }>
}

/** A log of a genesis and five receipts, written and closed. */
function stored(use: (log: Stored) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const log = await createReceiptLog({ store: createFileStore(folder), host: HOST, signer: SIGNER }, GENESIS)
    for (let n = 0; n < 5; n++) await answer(log, n)
    await log.checkpoint()
    await log.close()
    await use({
      folder,
      id: log.id,
      flip: async (name, at) => {
        const octets = await readFile(join(folder, name))
        octets[at] = (octets[at] ?? 0) ^ 1
        await writeFile(join(folder, name), octets)
      },
      scrub: async (...more) => {
        const { io, out, err } = recordIo(new Date(0), true)
        const exit = await subcommand.run([folder, ...more], io)
        return { exit, out: out(), err: err() }
      },
    })
  })
}

describe('countersign log scrub', () => {
  it('finds nothing bad in a log as it was written', () =>
    stored(async ({ id, scrub }) => {
      const { exit, out, err } = await scrub()
      expect(out).toContain(`${id}  6 leaves`)
      expect(out).toContain('nothing is bad (1 read)')
      expect(err).toContain('6 leaves')
      expect(exit).toBe(0)
    }))

  it('[L14] names the index of a leaf whose octets are not those of the tree, and repairs it when told to', () =>
    stored(async ({ id, flip, scrub }) => {
      await flip(`log/${id}/${BUNDLE}`, 35 * 3 + 20)
      const found = await scrub()
      expect(found.exit).toBe(1)
      expect(found.out).toMatch(new RegExp(`BAD +entry +3 +log/${id}/${BUNDLE}`))
      expect(found.out).toContain('LOG_LEAF_CORRUPT: 1 stay bad, 0 repaired; run it again with --repair')
      const repaired = await scrub('--repair')
      expect(repaired.exit).toBe(0)
      expect(repaired.out).toMatch(new RegExp(`repaired +entry +3 +log/${id}/${BUNDLE}`))
      expect((await scrub()).exit).toBe(0)
    }))

  it('[L14] repairs a tile that is gone', () =>
    stored(async ({ folder, id, scrub }) => {
      await rm(join(folder, 'log', id, TILE))
      const { exit, out } = await scrub('--repair', '--json')
      expect(exit).toBe(0)
      expect(JSON.parse(out)).toMatchObject({ ok: true, logs: [{ id, corrupt: [{ what: 'tile', repaired: true }] }] })
    }))

  it('[L14] exits 1 where something stays bad', () =>
    stored(async ({ id, flip, scrub }) => {
      await flip(`log/${id}/genesis`, 3)
      const { exit, out } = await scrub('--repair')
      expect(exit).toBe(1)
      expect(out).toContain('take it from a mirror or a backup')
    }))

  it.each([
    [[], 'which store?'],
    [['a', 'b'], 'one folder'],
    [['/nowhere/at/all'], 'is not a folder'],
  ] as const)('refuses %j', async (args, message) => {
    await expect(subcommand.run(args, recordIo(new Date(0)).io)).rejects.toThrow(message)
  })

  it('refuses a folder that holds no logs', () =>
    withFolder(async (folder) => {
      await expect(subcommand.run([folder], recordIo(new Date(0)).io)).rejects.toThrow('holds no logs')
    }))
})
