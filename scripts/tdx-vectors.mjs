// Writes the vectors of TDX launches: node scripts/tdx-vectors.mjs [PROGRAM NAME COMMIT]
//
// Without arguments those that are refused. With them also the answers of another calculator: PROGRAM reads a launch a line, JSON with the
// paths of its files, and writes {mrTd, rtMr0, rtMr1, rtMr2} for it, a line each; NAME and COMMIT say what it is made of.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FAILURES } from './differential/tdx-failures.mjs'
import { buildLaunch, LAUNCHES } from './differential/tdx-launches.mjs'
import { root } from './prepare.mjs'

const folder = join(root, 'attestation-fixtures/measurement/tdx')
const FILES = ['firmware', 'kernel', 'initrd', 'loader', 'rsdp', 'tables']

/** A launch as the program reads it. */
function writeLaunch(work, parameters) {
  const launch = buildLaunch(parameters)
  const paths = FILES.map((file) => {
    const path = join(work, `${parameters.name}.${file}`)
    writeFileSync(path, launch[file])
    return [file, path]
  })
  return JSON.stringify({ ...launch, ...Object.fromEntries(paths) })
}

function askProgram(program) {
  const work = mkdtempSync(join(tmpdir(), 'countersign-tdx-'))
  try {
    const input = `${LAUNCHES.map((launch) => writeLaunch(work, launch)).join('\n')}\n`
    const { stdout, status } = spawnSync(program, { input, encoding: 'utf8', maxBuffer: 2 ** 26 })
    if (status !== 0) throw new Error(`${program} ended with ${status}`)
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  } finally {
    rmSync(work, { recursive: true })
  }
}

function write(name, vectors, content) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), `${JSON.stringify(content, null, 1)}\n`)
  console.log(`${name}: ${vectors.length} vectors`)
}

const [program, reference, commit] = process.argv.slice(2)
write('failures.json', FAILURES, FAILURES)
if (program !== undefined && commit !== undefined) {
  const answers = askProgram(program)
  const vectors = LAUNCHES.map((launch, i) => ({ launch, expected: answers[i] }))
  const wrong = vectors.filter(({ expected }) => typeof expected?.mrTd !== 'string')
  if (wrong.length > 0) throw new Error(`no answer to ${wrong.map(({ launch }) => launch.name).join(', ')}`)
  write('launches.json', vectors, { reference, commit, vectors })
}
