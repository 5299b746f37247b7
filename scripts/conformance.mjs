// Asks every client of OpenAI's API everything that a model server, and somebody in between, may answer; prints what each made of it.
//
//   npm run conformance [-- --json]
//
// Three tables: clients as they are, straight to a gateway; clients that verify; clients that verify, with somebody in between who attacks.
// In capitals: the check that refused the answer. Runs test/conformance. Exit 0 when every cell is as documented, else 1; 2 on wrong usage.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeOpenaiPython } from './openai-python.mjs'
import { root } from './prepare.mjs'

const args = process.argv.slice(2)
const unknown = args.find((arg) => arg !== '--json')
if (unknown !== undefined) {
  console.error(`conformance: unknown option ${unknown}\nusage: npm run conformance [-- --json]`)
  process.exit(2)
}

const TITLES = {
  bare: 'Clients as they are, straight to the gateway',
  verified: 'Clients that verify',
  attacked: 'Clients that verify, with somebody in between who attacks',
}

/** Codes of checks are alone in capitals: without the word they make a narrower table. */
const shown = (outcome = '-') => outcome.replace(/^unverified /, '')

function printTable(title, survey) {
  const clients = [...new Set(Object.values(survey).flatMap(Object.keys))]
  const lines = Object.entries(survey).map(([variant, row]) => [
    variant,
    ...clients.map((client) => shown(row[client])),
  ])
  const table = [['', ...clients], ...lines]
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)))
  console.log(`\n${title}\n`)
  for (const line of table)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
}

makeOpenaiPython()
const folder = mkdtempSync(join(tmpdir(), 'countersign-conformance-'))
const file = join(folder, 'surveys.json')
const { status } = spawnSync(
  'npx',
  ['--no-install', 'vitest', 'run', '--project', 'node', 'test/conformance', '--reporter=dot'],
  {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, COUNTERSIGN_CONFORMANCE: file },
  },
)
if (existsSync(file)) {
  const surveys = JSON.parse(readFileSync(file, 'utf8'))
  if (args.includes('--json')) console.log(JSON.stringify(surveys, undefined, 2))
  else for (const [name, title] of Object.entries(TITLES)) printTable(title, surveys[name])
}
rmSync(folder, { recursive: true, force: true })
process.exit(status === 0 ? 0 : 1)
