// Freezes the answers of another calculator as vectors: node scripts/differential/tdx-freeze.mjs PROGRAM NAME COMMIT
//
// PROGRAM reads a launch a line, JSON with the paths of its files, and writes {mrTd, rtMr0, rtMr1, rtMr2} for it, a line each.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildLaunch, LAUNCHES } from './tdx-launches.mjs'

const [program, reference, commit] = process.argv.slice(2)
if (program === undefined || reference === undefined || commit === undefined) {
  console.error('usage: node scripts/differential/tdx-freeze.mjs PROGRAM NAME COMMIT')
  process.exit(2)
}
const target = join(dirname(fileURLToPath(import.meta.url)), '../../attestation-fixtures/measurement/tdx/launches.json')
const work = mkdtempSync(join(tmpdir(), 'countersign-tdx-'))
const FILES = ['firmware', 'kernel', 'initrd', 'loader', 'rsdp', 'tables']
const lines = LAUNCHES.map((parameters) => {
  const launch = buildLaunch(parameters)
  const paths = FILES.map((file) => {
    const path = join(work, `${parameters.name}.${file}`)
    writeFileSync(path, launch[file])
    return [file, path]
  })
  return JSON.stringify({ ...launch, ...Object.fromEntries(paths) })
})
const { stdout, status } = spawnSync(program, { input: `${lines.join('\n')}\n`, encoding: 'utf8', maxBuffer: 2 ** 26 })
rmSync(work, { recursive: true })
if (status !== 0) throw new Error(`${program} ended with ${status}`)
const answers = stdout
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
const vectors = LAUNCHES.map((launch, i) => ({ launch, expected: answers[i] }))
const wrong = vectors.filter(({ expected }) => typeof expected?.mrTd !== 'string')
if (wrong.length > 0) throw new Error(`no answer to ${wrong.map(({ launch }) => launch.name).join(', ')}`)
mkdirSync(dirname(target), { recursive: true })
writeFileSync(target, `${JSON.stringify({ reference, commit, vectors }, null, 1)}\n`)
console.log(`${vectors.length} vectors`)
