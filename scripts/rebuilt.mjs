/** `node scripts/rebuilt.mjs`: builds and packs twice, here and in another folder from what git tracks, and compares the bytes. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from './prepare.mjs'

const work = mkdtempSync(join(tmpdir(), 'countersign-rebuilt-'))
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'inherit'] })

/** Nothing that lies about in this checkout can get into the other one. */
function copyTracked(to) {
  for (const file of run('git', ['ls-files', '-z'], root).split('\0')) {
    if (file === '' || !existsSync(join(root, file))) continue
    mkdirSync(dirname(join(to, file)), { recursive: true })
    cpSync(join(root, file), join(to, file))
  }
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'))
}

function pack(folder, name) {
  run(process.execPath, ['scripts/build.mjs'], folder)
  const out = join(work, name)
  mkdirSync(out)
  run('npm', ['pack', '--silent', '--pack-destination', out], folder)
  const [tarball] = readdirSync(out)
  return createHash('sha256')
    .update(readFileSync(join(out, tarball)))
    .digest('hex')
}

try {
  const other = join(work, 'a folder of another name')
  mkdirSync(other)
  copyTracked(other)
  const [here, there] = [pack(root, 'here'), pack(other, 'there')]
  if (here !== there) throw new Error(`the package is not reproducible: ${here} here, ${there} in another folder`)
  console.log(`sha256:${here}`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
