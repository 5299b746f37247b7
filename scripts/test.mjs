/** `npm test`: every test with coverage of the core; ends with the line `N passed, N failed`. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeOpenaiPython } from './openai-python.mjs'
import { makePebble } from './pebble.mjs'
import { root } from './prepare.mjs'
import { countRows, printRows } from './rows.mjs'
import { makeVersitygw } from './versitygw.mjs'

const folder = mkdtempSync(join(tmpdir(), 'countersign-test-'))
const results = join(folder, 'results.json')
const filters = process.argv.slice(2)
makeVersitygw()
makePebble()
makeOpenaiPython()
// Thresholds speak of the whole; a part of the tests cannot meet them.
const coverage = filters.length === 0 ? ['--coverage'] : []
const { status } = spawnSync(
  'npx',
  [
    '--no-install',
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${results}`,
    ...coverage,
    ...filters,
  ],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  },
)

let counts
try {
  counts = JSON.parse(readFileSync(results, 'utf8'))
} catch {
  console.error('countersign: the tests did not come to an end')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const passed = counts?.numPassedTests ?? 0
const failed = counts?.numFailedTests ?? 1
const skipped = (counts?.numPendingTests ?? 0) + (counts?.numTodoTests ?? 0)
if (status !== 0 && failed === 0)
  console.error(
    'countersign: all tests passed, but the run failed: a suite did not load, or coverage of the core is below its threshold',
  )
if (counts !== undefined && filters.length === 0) printRows(countRows(counts.testResults))
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(status === 0 && failed === 0 && passed > 0 ? 0 : 1)
