/** `npm run check`: everything but the tests, cheapest first. */
import { run } from './prepare.mjs'

const STEPS = [
  ['lint', ['npm', 'run', '-s', 'lint']],
  ['typecheck', ['npm', 'run', '-s', 'typecheck']],
  ['deps', ['npm', 'run', '-s', 'deps']],
  ['package', ['npm', 'run', '-s', 'package']],
  ['example:context', ['npm', 'run', '-s', 'example:context']],
]

for (const [name, [command, ...args]] of STEPS) {
  const started = Date.now()
  console.error(`countersign: check ${name}`)
  run(command, args, { stdout: 1 })
  console.error(`countersign: check ${name} passed in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}
