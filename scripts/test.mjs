/** `npm test`: every test, those of the core with its coverage; ends with the line `N passed, N failed`. */
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
const filters = process.argv.slice(2)
const isWhole = filters.length === 0
// The core is covered by its own tests, and counting slows the others. Thresholds speak of the whole: a part cannot meet them.
const runs = isWhole
  ? [
      ['--project', 'core', '--coverage'],
      ['--project', 'node', '--project', 'web'],
    ]
  : [filters]

/** @returns its exit status, and what vitest counted, or undefined where it did not come to an end */
function runTests(args, number) {
  const results = join(folder, `results-${number}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  const { status } = spawnSync('npx', ['--no-install', 'vitest', 'run', ...reporters, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  try {
    return { status, counts: JSON.parse(readFileSync(results, 'utf8')) }
  } catch {
    console.error('countersign: the tests did not come to an end')
    return { status, counts: undefined }
  }
}

makeVersitygw()
makePebble()
makeOpenaiPython()
// Whatever the first says: all that fails is to be seen at once.
const done = runs.map(runTests)
rmSync(folder, { recursive: true, force: true })

const sum = (count) => done.reduce((total, { counts }) => total + count(counts), 0)
const passed = sum((counts) => counts?.numPassedTests ?? 0)
const failed = sum((counts) => counts?.numFailedTests ?? 1)
const skipped = sum((counts) => (counts?.numPendingTests ?? 0) + (counts?.numTodoTests ?? 0))
const isGood = done.every(({ status }) => status === 0)
if (!isGood && failed === 0)
  console.error(
    'countersign: all tests passed, but the run failed: a suite did not load, or coverage of the core is below its threshold',
  )
const ended = done.flatMap(({ counts }) => counts?.testResults ?? [])
if (isWhole && ended.length > 0) printRows(countRows(ended))
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(isGood && failed === 0 && passed > 0 ? 0 : 1)
