/**
 * Puts what runs of this package into a tree: the built code, the embedded model, and the libraries of the lockfile.
 * `node enclave/stage.mjs FOLDER [--with-optional]`; run `npm ci` and `npm run build` before. Used by the images.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [target, option] = process.argv.slice(2)
if (target === undefined) throw new Error('usage: node enclave/stage.mjs FOLDER [--with-optional]')
if (!existsSync(join(root, 'dist/cli/main.js'))) throw new Error('dist is not there: run npm run build first')

const omitted = ['dev', 'peer', ...(option === '--with-optional' ? [] : ['optional'])]
const listed = spawnSync('npm', ['ls', '--all', '--parseable', ...omitted.map((kind) => `--omit=${kind}`)], {
  cwd: root,
  encoding: 'utf8',
})
const libraries = listed.stdout.split('\n').filter((path) => path.includes('/node_modules/'))
if (libraries.length === 0) throw new Error('no libraries are installed: run npm ci first')

/** Types, maps and documentation are for people who write programs. */
const unused = /\.(?:d\.[cm]?ts|[cm]?ts|map|md|markdown|flow)$|\/(?:test|tests|__tests__|\.github|docs)(?:\/|$)/
const runs = (source) => !unused.test(source.slice(root.length - 1))

rmSync(target, { recursive: true, force: true })
mkdirSync(target, { recursive: true })
cpSync(join(root, 'dist'), join(target, 'dist'), { recursive: true, filter: runs })
cpSync(join(root, 'model'), join(target, 'model'), {
  recursive: true,
  filter: (source) => !source.startsWith(join(root, 'model/training')),
})
for (const path of libraries) {
  const nested = join(path, 'node_modules')
  const isOwn = (source) => source !== nested && !source.startsWith(`${nested}/`) && runs(source)
  cpSync(path, join(target, relative(root, path)), { recursive: true, filter: isOwn })
}
// Scripts and development dependencies are no part of what runs.
const {
  name,
  version,
  type,
  imports,
  exports: entries,
  dependencies,
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
writeFileSync(
  join(target, 'package.json'),
  `${JSON.stringify({ name, version, type, imports, exports: entries, dependencies }, undefined, 2)}\n`,
)
