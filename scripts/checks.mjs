/**
 * `npm run checks`: which rows of the negative-test table have a passing test. A test covers a row when its title begins with the row
 * in brackets: `[S4] rejects a report whose debug bit is set`. A row with a failing test is not covered.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './prepare.mjs'

/** Rows of each section of the table: framing, paths, SNP, TDX, event logs, Nitro, GPU, channel, receipts, log, policy, image, build. */
const SECTIONS = {
  F: 11,
  X: 20,
  S: 19,
  T: 26,
  E: 5,
  N: 14,
  G: 9,
  C: 12,
  R: 17,
  L: 14,
  P: 11,
  M: 6,
  B: ['B1', 'B2', 'B3', 'B6'],
}

const rowsOf = (section, rows) =>
  Array.isArray(rows) ? rows : Array.from({ length: rows }, (_, i) => `${section}${i + 1}`)

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-checks-'))
  const results = join(folder, 'results.json')
  try {
    spawnSync(
      'npx',
      ['vitest', 'run', '--reporter=json', `--outputFile.json=${results}`, '--testNamePattern', '\\[[A-Z][0-9]+\\]'],
      { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
    )
    return JSON.parse(readFileSync(results, 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const passed = new Set()
const failed = new Set()
for (const file of runTests().testResults) {
  for (const { title, status } of file.assertionResults) {
    const row = /^\[([A-Z][0-9]+)\]/.exec(title)?.[1]
    if (row && status === 'passed') passed.add(row)
    if (row && status === 'failed') failed.add(row)
  }
}

const sections = {}
const open = []
for (const [section, count] of Object.entries(SECTIONS)) {
  const rows = rowsOf(section, count)
  const covered = rows.filter((row) => passed.has(row) && !failed.has(row))
  open.push(...rows.filter((row) => !covered.includes(row)))
  sections[section] = { rows: rows.length, covered: covered.length, list: covered }
}
const total = Object.values(sections).reduce((sum, { rows }) => sum + rows, 0)
const covered = Object.values(sections).reduce((sum, section) => sum + section.covered, 0)

if (process.argv.includes('--json'))
  console.log(JSON.stringify({ rows: total, covered, sections, failed: [...failed] }))
else {
  for (const [section, { rows, covered: count, list }] of Object.entries(sections))
    console.log(`${section}  ${String(count).padStart(2)} of ${String(rows).padStart(2)}  ${list.join(' ')}`)
  console.log(`${covered} of ${total} rows covered`)
}
process.exit(failed.size === 0 ? 0 : 1)
