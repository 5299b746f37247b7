/**
 * `npm run checks`: which rows of the negative-test table have a passing test. A test covers a row when its title begins with the row
 * in brackets: `[S4] rejects a report whose debug bit is set`. A row with a failing test is not covered.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './prepare.mjs'
import { countRows, printRows } from './rows.mjs'

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-checks-'))
  const results = join(folder, 'results.json')
  try {
    spawnSync(
      'npx',
      [
        '--no-install',
        'vitest',
        'run',
        '--reporter=json',
        `--outputFile.json=${results}`,
        '--testNamePattern',
        '\\[[A-Z][0-9]+\\]',
      ],
      { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
    )
    return JSON.parse(readFileSync(results, 'utf8')).testResults
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const counted = countRows(runTests())
if (process.argv.includes('--json')) console.log(JSON.stringify(counted))
else printRows(counted)
process.exit(counted.failed.length === 0 ? 0 : 1)
