// Records answers of a real gateway with the embedded model and runs each again: how many come out to the octet. Every other one relies on
// more than the model: prompts, documents, tools over HTTP and MCP, memory; the steps in which it asked for tools are run again too.
//
//   node scripts/replays.mjs [COUNT]      1000 unless told; some 15 minutes on an idle core
//
// Runs test/replay/series.test.ts. Exit 0 when all are identical, else 1; 2 on wrong usage.
import { spawnSync } from 'node:child_process'
import { root } from './prepare.mjs'

const [count = '1000', ...more] = process.argv.slice(2)
if (more.length > 0 || !/^[1-9]\d{0,5}$/.test(count)) {
  console.error('usage: node scripts/replays.mjs [COUNT]')
  process.exit(2)
}
const args = ['--no-install', 'vitest', 'run', '--project', 'node', 'test/replay/series.test.ts']
const { status } = spawnSync('npx', args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, COUNTERSIGN_REPLAYS: count },
})
process.exit(status === 0 ? 0 : 1)
