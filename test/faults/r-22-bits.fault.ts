/** Flipped bits: every bit of octets chosen from all that a log has stored is found by the scrub, named, and never served. @module */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import { encodeTilePath, tilesOf } from '../../src/core/log/index.ts'
import { openStoredLog, scrubLog } from '../../src/server/log/index.ts'
import { createFileStore, type ObjectStore } from '../../src/storage/index.ts'
import { type FaultResult, type FaultRun, runFault } from './fault.ts'
import { LOG_ID, nothingPromised, openLog, publish, request } from './log-morning.ts'

const REQUESTS = 700

interface StoredFile {
  readonly name: string
  readonly octets: Uint8Array
}

async function listFiles(store: ObjectStore, folder: string): Promise<readonly string[]> {
  const names = await store.list(folder)
  const found = await Promise.all(
    names.map((name) =>
      name.endsWith('/') ? listFiles(store, `${folder}/${name.slice(0, -1)}`) : [`${folder}/${name}`],
    ),
  )
  return found.flat()
}

async function writeLog(store: ObjectStore): Promise<void> {
  const log = await openLog(store, { options: { segmentSize: 65_536, reserveStep: 4_096, memtableSize: 128 } })
  const promised = nothingPromised()
  for (let n = 0; n < REQUESTS; n += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, i) => request(log, n + i, promised)))
    if (n === 300) await publish(log, promised)
  }
  await publish(log, promised)
  await log.close()
}

/** Octets that were written: what is only reserved holds zeros, and no promise. */
function writtenLength({ name, octets }: StoredFile): number {
  if (!name.includes('/wal/')) return octets.length
  let end = octets.length
  while (octets[end - 1] === 0) end--
  return end
}

interface Found {
  missed: string[]
  served: string[]
  flips: number
}

async function flipBits(run: FaultRun, folder: string, found: Found): Promise<void> {
  const store = createFileStore(folder)
  const names = [...(await listFiles(store, `log/${LOG_ID}`)), ...(await listFiles(store, `private/${LOG_ID}`))]
  const files = names.map((name) => ({ name, octets: new Uint8Array(readFileSync(join(folder, name))) }))
  const lengths = files.map(writtenLength)
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0))
  const octets = run.short ? 25 : 200
  for (let n = 0; n < octets; n++) {
    const place = run.pick(total)
    const at = starts.findLastIndex((start) => start <= place)
    const { name = '', octets: whole = new Uint8Array(0) } = files[at] ?? {}
    const offset = place - (starts[at] ?? 0)
    for (let bit = 0; bit < 8; bit++) {
      const damaged = whole.slice()
      damaged[offset] = (damaged[offset] ?? 0) ^ (1 << bit)
      writeFileSync(join(folder, name), damaged)
      found.flips++
      const { corrupt } = await scrubLog(store, LOG_ID, { repair: false })
      if (!corrupt.some((object) => object.name === name)) found.missed.push(`${name}@${offset}.${bit}`)
      if (await isServedDamaged(store, { name, octets: whole })) found.served.push(name)
    }
    writeFileSync(join(folder, name), whole)
    run.progress(`${n + 1} of ${octets} octets`)
  }
}

/** Whether a reader gets other octets than were written. */
async function isServedDamaged(store: ObjectStore, { name, octets }: StoredFile): Promise<boolean> {
  const path = name.startsWith(`log/${LOG_ID}/tile/`) ? name.slice(`log/${LOG_ID}/`.length) : undefined
  if (path === undefined) return false
  const log = await openStoredLog(store, LOG_ID).catch(() => undefined)
  const served = await log?.readFile(path).catch(() => undefined)
  return served !== undefined && encodeHex(served) !== encodeHex(octets)
}

async function repairTiles(folder: string): Promise<FaultResult> {
  const store = createFileStore(folder)
  // Partial tiles of smaller trees may lie about: nobody reads them any more.
  const { checkpoint } = (await openStoredLog(store, LOG_ID)) ?? { checkpoint: { size: 0 } }
  const tiles = tilesOf(checkpoint.size).map((tile) => join(folder, 'log', LOG_ID, encodeTilePath(tile)))
  const before = tiles.map((path) => encodeHex(new Uint8Array(readFileSync(path))))
  for (const path of tiles) {
    const octets = readFileSync(path)
    octets[octets.length >> 1] = (octets[octets.length >> 1] ?? 0) ^ 1
    writeFileSync(path, octets)
  }
  const { corrupt } = await scrubLog(store, LOG_ID, { repair: true })
  const restored = tiles.filter((path, i) => encodeHex(new Uint8Array(readFileSync(path))) === before[i]).length
  return {
    figure: `${tiles.length} damaged tiles and bundles, ${corrupt.filter(({ repaired }) => repaired).length} reported as repaired, ${restored} as they were`,
    target: 'all restored from the write-ahead log',
    ok: restored === tiles.length && tiles.length > 0,
  }
}

/** What a scrub reads in a second, scaled to 1 GiB. */
async function measureScrub(run: FaultRun): Promise<FaultResult> {
  const folder = join(run.scratch, 'large')
  const store = createFileStore(folder)
  const log = await openLog(store, { options: {} })
  const promised = nothingPromised()
  const sealed = new Uint8Array(3_000).fill(7)
  const count = run.short ? 10_000 : 200_000
  for (let n = 0; n < count; n += 1_000) {
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => request(log, n + i, promised, sealed)))
    run.progress(`writing ${n} of ${count} receipts`)
  }
  await publish(log, promised)
  await log.close()
  const files = await listFiles(store, `log/${LOG_ID}`).then(async (published) => [
    ...published,
    ...(await listFiles(store, `private/${LOG_ID}`)),
  ])
  const octets = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  const startedMs = performance.now()
  const { corrupt } = await scrubLog(store, LOG_ID, { repair: false })
  const seconds = (performance.now() - startedMs) / 1000
  const perGiB = seconds * (2 ** 30 / octets)
  return {
    figure: `scrubbing ${(octets / 2 ** 20).toFixed(0)} MiB took ${seconds.toFixed(2)} s: ${perGiB.toFixed(1)} s for 1 GiB`,
    target: 'at most 30 s for 1 GiB',
    ok: corrupt.length === 0 && perGiB <= 30,
  }
}

await runFault(async (run) => {
  const folder = join(run.scratch, 'small')
  await writeLog(createFileStore(folder))
  const found: Found = { missed: [], served: [], flips: 0 }
  await flipBits(run, folder, found)
  const example = found.missed[0] ?? found.served[0]
  const flips = {
    figure: `${found.flips} flipped bits: ${found.flips - found.missed.length} found and named, ${found.served.length} served${example === undefined ? '' : ` (${example})`}`,
    target: '100 % named, 0 served',
    ok: found.missed.length === 0 && found.served.length === 0 && found.flips > 0,
  }
  return [flips, await repairTiles(folder), await measureScrub(run)]
})
