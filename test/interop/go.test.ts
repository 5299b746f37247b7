/** Our log, read by the public Go libraries: sumdb/note, sumdb/tlog, transparency-dev/formats and the formats of Tessera. @module */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeBase64 } from '../../src/core/encoding/base64.ts'
import { proveConsistency, proveInclusion, treeRoot } from '../../src/core/log/index.ts'
import { type PublishedLog, publishLog } from './published-log.ts'

const SOURCES = fileURLToPath(new URL('./go/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'countersign-interop-'))
const COMPILER = 'go'
const program = join(folder, 'interop')
/** Why the program cannot be had; undefined where it was built. */
let missing: string | undefined

function go(...args: readonly string[]): SpawnSyncReturns<string> {
  const env = { ...process.env, GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' }
  return spawnSync(COMPILER, args, { cwd: SOURCES, encoding: 'utf8', timeout: 170_000, env })
}

beforeAll(() => {
  if (go('version').status !== 0) missing = 'go is not on the PATH'
  else if (go('mod', 'download').status !== 0) missing = 'the Go modules cannot be had'
  if (missing !== undefined) return
  // Behind the download a failure is one of the program, and a failed test.
  const built = go('build', '-o', program, '.')
  expect([built.status, built.stderr]).toEqual([0, ''])
}, 180_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Writes the log and what we claim of it; `damage` changes one file. */
async function publish(log: PublishedLog, damage: Readonly<Record<string, number>> = {}): Promise<string> {
  const target = mkdtempSync(join(folder, 'log-'))
  for (const [path, bytes] of log.files) {
    const place = join(target, path)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(
      place,
      bytes.map((octet, i) => (i === damage[path] ? octet ^ 1 : octet)),
    )
  }
  const { size } = log
  const places = [0, 1, 255, 256, 300, size >> 1, size - 1].filter((place) => place < size)
  const inclusion = places.map(async (index) => ({
    index,
    hashes: (await proveInclusion(log, index, size)).map(encodeBase64),
  }))
  const consistency = [...places.map((place) => place + 1), 128, 512].filter((older) => older <= size)
  const claims = {
    origin: log.origin,
    vkey: log.vkey,
    size,
    witnesses: log.witnesses.map(({ vkey }) => vkey),
    times: log.witnesses.map(({ time }) => time),
    inclusion: await Promise.all(inclusion),
    consistency: await Promise.all(
      consistency.map(async (older) => ({
        older,
        root: encodeBase64(await treeRoot(log, older).catch(() => rootOf(older))),
        hashes: (await proveConsistency(log, older, size)).map(encodeBase64),
      })),
    ),
  }
  writeFileSync(join(target, 'claims.json'), JSON.stringify(claims))
  return target
}

/** The root of a size whose partial tiles were never published. */
function rootOf(size: number): Uint8Array {
  return publishLog(size).root
}

describe('the public Go libraries', () => {
  for (const size of [1, 2, 255, 256, 257, 700, 66_000])
    test(`read our log of ${size} leaves`, async ({ skip }) => {
      skip(missing !== undefined, missing)
      const { status, stdout, stderr } = spawnSync(program, [await publish(publishLog(size))], { encoding: 'utf8' })
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(stdout).toMatch(new RegExp(`^ok: ${size} leaves, 2 cosignatures, [1-9]`))
    })

  for (const [path, offset, says] of [
    ['checkpoint', 20, 'invalid signature'],
    ['tile/0/000', 40, 'inconsistent tile'],
    ['tile/0/002.p/188', 40, 'inconsistent tile'],
    ['tile/entries/001', 40, 'entry 257 is not its leaf'],
  ] as const)
    test(`refuse it where ${path} was changed`, async ({ skip }) => {
      skip(missing !== undefined, missing)
      const log = await publish(publishLog(700), { [path]: offset })
      const { status, stderr } = spawnSync(program, [log], { encoding: 'utf8' })
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(says) })
    })
})
