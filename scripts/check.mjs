/** `npm run check`: everything but the tests. What is cheap comes first, what takes long side by side: each uses one core. */
import { spawn } from 'node:child_process'
import { root } from './prepare.mjs'

const STAGES = [[['lint']], [['typecheck'], ['deps', 'package']], [['example:context']]]

/** @throws Error when it fails */
function runCheck(name) {
  const started = Date.now()
  console.error(`countersign: check ${name}`)
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['run', '-s', name], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    child.once('error', reject)
    child.once('exit', (status) => {
      if (status !== 0) return reject(new Error(`check ${name} failed`))
      console.error(`countersign: check ${name} passed in ${((Date.now() - started) / 1000).toFixed(1)} s`)
      return resolve()
    })
  })
}

async function runInOrder(names) {
  for (const name of names) await runCheck(name)
}

for (const lanes of STAGES) {
  // Whatever one says: all that fails is to be seen at once.
  const failed = (await Promise.allSettled(lanes.map(runInOrder))).filter(({ status }) => status === 'rejected')
  for (const { reason } of failed) console.error(`countersign: ${reason.message}`)
  if (failed.length > 0) process.exit(1)
}
