/** One entry for the commands of package.json, so that each works on a fresh clone: prepares the checkout, then runs the command. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build, install, root } from './prepare.mjs'

const COMMANDS = {
  demo: ['dist/cli/main.js', 'demo'],
  vectors: ['scripts/vectors.mjs'],
  checks: ['scripts/checks.mjs'],
  bench: ['bench/main.mjs'],
  test: ['scripts/test.mjs'],
  'example:context': ['scripts/example-context.mjs'],
  conformance: ['scripts/conformance.mjs'],
  differential: ['scripts/differential.mjs'],
  faults: ['scripts/faults.mjs'],
  fuzz: ['scripts/fuzz.mjs'],
  steps: ['scripts/steps.mjs'],
  swaps: ['scripts/swaps.mjs'],
  size: ['scripts/size.mjs'],
  check: ['scripts/check.mjs'],
}

const [name = '', ...rest] = process.argv.slice(2)
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
if (command === undefined) {
  console.error(`countersign: unknown command ${name}; one of ${Object.keys(COMMANDS).join(', ')}`)
  process.exit(2)
}
install()
build()
// The folder that the person stands in stays the working folder: relative paths in arguments are theirs.
const [script, ...args] = command
const child = spawn(process.execPath, [join(root, script), ...args, ...rest], {
  stdio: 'inherit',
  cwd: process.env.INIT_CWD ?? process.cwd(),
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
