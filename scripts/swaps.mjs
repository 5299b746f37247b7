// Plants silent swaps in running gateways, one after the other, and counts which of them are detected: whether the receipt shows it, whether
// a comparison of both answers shows it, and whether lock and policy that pin the answer before refuse it.
//
//   npm run -s swaps [-- --json]
//
// Runs test/swaps. Exit 0 when every swap is detected in all three ways, else 1; 2 on wrong usage.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './prepare.mjs'

const args = process.argv.slice(2)
const unknown = args.find((arg) => arg !== '--json')
if (unknown !== undefined) {
  console.error(`swaps: unknown option ${unknown}\nusage: npm run -s swaps [-- --json]`)
  process.exit(2)
}

const isDetected = ({ inReceipt, inDiff, refused }) => inReceipt && inDiff && refused
const mark = (yes) => (yes ? 'yes' : 'NO')

function printTable(swaps) {
  const lines = [
    ['swap planted', 'in receipt', 'in diff', 'refused', 'by', 'by the pins alone', 'seen in'],
    ...swaps.map(({ name, inReceipt, inDiff, refused, code, pinned, member }) => [
      name,
      mark(inReceipt),
      mark(inDiff),
      mark(refused),
      code,
      pinned === 'none' ? '-' : pinned,
      member,
    ]),
  ]
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  for (const line of lines)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
  console.log(`\nswaps planted: ${swaps.length}, swaps detected: ${swaps.filter(isDetected).length}`)
}

const folder = mkdtempSync(join(tmpdir(), 'countersign-swaps-'))
const file = join(folder, 'swaps.json')
const { status } = spawnSync(
  'npx',
  ['--no-install', 'vitest', 'run', '--project', 'node', 'test/swaps', '--reporter=dot'],
  {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, COUNTERSIGN_SWAPS: file },
  },
)
const { swaps } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { swaps: [] }
rmSync(folder, { recursive: true, force: true })
if (args.includes('--json')) console.log(JSON.stringify({ swaps }))
else printTable(swaps)
process.exit(status === 0 && swaps.length > 0 && swaps.every(isDetected) ? 0 : 1)
