/** The short form of every fault script, as it is run by hand: each target must be met. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const IDS = readdirSync(resolve('test/faults'))
  .map((name) => /^(r-\d+).*\.fault\.ts$/.exec(name)?.[1]?.toUpperCase())
  .filter((id) => id !== undefined)

describe('faults, in their short form', () => {
  it.each(IDS)('%s meets its target', { timeout: 120_000 }, async (id) => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      join('scripts', 'faults.mjs'),
      ...['--short', '--json', '--only', id],
    ]).catch((error: { stdout: string }) => error)
    const { faults }: { faults: readonly { id: string; ok: boolean }[] } = JSON.parse(stdout)
    expect(faults.filter(({ ok }) => !ok)).toEqual([])
    expect(faults.length).toBeGreaterThan(0)
  })
})
