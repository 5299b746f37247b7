/**
 * Part 9: measuring weights, beside `sha256sum` and one thread of OpenSSL over the same files. SHA-256 of one file has no parallel parts: one
 * large file shows what a single thread reaches, several files what all cores do.
 */
import { spawnSync } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { measureFolder } from '../dist/measure/index.js'
import { interleave, median, ratio } from './statistics.mjs'

const MIB = 1024 * 1024

function makeFiles(folder, { count, mebibytes }) {
  mkdirSync(folder)
  const names = Array.from({ length: count }, (_, i) => `part-${String(i).padStart(2, '0')}.bin`)
  const octets = Buffer.alloc(MIB)
  for (const name of names) {
    const file = openSync(join(folder, name), 'wx')
    for (let i = 0; i < mebibytes; i++) writeSync(file, randomFillSync(octets))
    closeSync(file)
  }
  return names.map((name) => join(folder, name))
}

/** As whoever checks a download does: all files, one after the other. */
function sumByTool(paths) {
  const { status, stdout, error } = spawnSync('sha256sum', paths, { encoding: 'utf8' })
  if (error || status !== 0) throw new Error('sha256sum is due to compare with: install coreutils', { cause: error })
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(0, 64))
}

/** What one thread reaches: reading and hashing in turn. */
function sumOnOneThread(paths) {
  const portion = new Uint8Array(MIB)
  return paths.map((path) => {
    const file = openSync(path)
    const hash = createHash('sha256')
    for (;;) {
      const count = readSync(file, portion)
      if (count === 0) break
      hash.update(portion.subarray(0, count))
    }
    closeSync(file)
    return hash.digest('hex')
  })
}

async function sumByMeasuring(folder) {
  const { files } = await measureFolder(folder)
  return files.map(({ digest }) => digest.slice('sha256:'.length))
}

async function measureShape(bench, { name, ...shape }) {
  const folder = join(bench.scratch, 'weights')
  bench.progress(`measuring: making ${name}`)
  const paths = makeFiles(folder, shape)
  const variants = {
    sha256sum: () => sumByTool(paths),
    'one thread': () => sumOnOneThread(paths),
    countersign: () => sumByMeasuring(folder),
  }
  const digests = new Set()
  const time = async (variant, variantName) => {
    bench.progress(`measuring: ${name}, ${variantName}`)
    const from = performance.now()
    digests.add((await variant()).join())
    return performance.now() - from
  }
  try {
    const times = await interleave(variants, bench.plan.measuring.rounds, time)
    if (digests.size !== 1) throw new Error('the digests of one folder differ')
    return Object.keys(variants).map((variant) => ({
      name: variant,
      files: name,
      ms: median(times[variant]),
      mebibytesPerSecond: (shape.count * shape.mebibytes * 1000) / median(times[variant]),
      toSum: ratio(times.sha256sum, times[variant]),
    }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export async function benchMeasuring(bench) {
  const { several, large } = bench.plan.measuring
  return {
    several: await measureShape(bench, { name: `${several.count} files of ${several.mebibytes} MiB`, ...several }),
    large: await measureShape(bench, { name: `one file of ${large.mebibytes} MiB`, ...large }),
    totalMebibytes: several.count * several.mebibytes,
  }
}
