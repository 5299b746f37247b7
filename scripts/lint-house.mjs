/** House rules that no linter knows: no inexact mathematics in the engine, no file beyond 400 lines, nothing of a machine in the tree. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './prepare.mjs'

const tracked = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .stdout.split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))
const faults = []

/** Their results differ between JavaScript engines (ECMA-262 leaves them implementation-approximated), so logits would differ too. */
const INEXACT =
  /\bMath\.(?:a?(?:sin|cos|tan)h?|atan2|exp|expm1|pow|log|log2|log10|log1p|cbrt|hypot|random|fround16)\b|\*\*/
const MAX_LINES = 400
/** In code. */
const LOOSE = /\bas unknown as\b|: any\b|\bas any\b/
/** Anywhere. */
const UNFINISHED = /@ts-(?:ignore|expect-error)|\bTODO\b|\bFIXME\b/

for (const file of tracked) {
  if (!/\.(ts|mjs)$/.test(file)) continue
  const lines = readFileSync(join(root, file), 'utf8').split('\n')
  const isSource = file.startsWith('src/')
  if (isSource && lines.length > MAX_LINES && file !== 'src/core/failure-codes.ts')
    faults.push(`${file}: ${lines.length} lines; split at ${MAX_LINES}`)
  if (isSource && !lines.slice(0, 30).some((line) => line.includes('@module')))
    faults.push(`${file}: no @module line on top that says what it is`)
  lines.forEach((line, i) => {
    const code = line.replace(/\/\/.*$/, '')
    const isComment = /^\s*(\/?\*|\/\/)/.test(line)
    if (file.startsWith('src/engine/') && !isComment && INEXACT.test(code))
      faults.push(`${file}:${i + 1}: not exact in every JavaScript engine`)
    if (isSource && ((!isComment && LOOSE.test(code)) || UNFINISHED.test(line)))
      faults.push(`${file}:${i + 1}: loose end`)
  })
}

for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exit(1)
