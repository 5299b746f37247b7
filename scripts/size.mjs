// What the verifier costs in a browser: the bundle of `.`, minified, by part. Exit 0 within the limit and with nothing a strict policy on
// content refuses, else 1.
//
//   npm run size [-- --json]
//
// The size of a part is its share of the minified octets, applied to the compressed whole: parts are not compressed by themselves.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bundle } from './bundle.mjs'
import { root } from './prepare.mjs'

/** The one number, for size-limit too. */
const [{ limit }] = JSON.parse(readFileSync(join(root, '.size-limit.json'), 'utf8'))
const MAX_OCTETS = Number.parseFloat(limit) * 1000
/** A strict policy on content refuses these, or a browser has no such module. */
const FORBIDDEN = [
  /\beval\s*\(/,
  /\bnew\s+Function\b/,
  /\bFunction\s*\(\s*["'`]/,
  /["'`]node:/,
  /\brequire\s*\(\s*["'`]/,
  /\bWebAssembly\b/,
]

/** `src/core/<folder>`, `src/<folder>`, or the library. */
function partOf(input) {
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1]
  if (library !== undefined) return library
  const [, core, folder] = /^dist\/(core\/)?(?:([^/]+)\/)?/.exec(input) ?? []
  return `src/${core ?? ''}${folder ?? ''}`.replace(/\/$/, '')
}

const entry = join(root, 'dist', 'index.js')
const { outputFiles, metafile } = await bundle(entry, {
  of: 'build',
  platform: 'browser',
  minify: true,
  metafile: true,
})
const [{ text }] = outputFiles
const [output] = Object.values(metafile.outputs)
const raw = Buffer.byteLength(text)
const gzip = gzipSync(text, { level: 9 }).length
const sizes = new Map()
for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
  const part = partOf(input)
  sizes.set(part, (sizes.get(part) ?? 0) + bytesInOutput)
}
const parts = [...sizes]
  .sort(([, one], [, other]) => other - one)
  .map(([part, octets]) => ({ part, octets, gzip: Math.round((gzip * octets) / raw) }))
const found = FORBIDDEN.map((pattern) => pattern.exec(text)?.[0]).filter((match) => match !== undefined)

if (process.argv.includes('--json'))
  console.log(JSON.stringify({ octets: raw, gzip, limit: MAX_OCTETS, parts, found }, null, 1))
else {
  const kB = (octets) => (octets / 1000).toFixed(1).padStart(9)
  console.log(`${'part'.padEnd(26)}minified kB  gzipped kB`)
  for (const { part, octets, gzip: share } of parts)
    console.log(`${part.padEnd(26)}${kB(octets)}${kB(share).padStart(14)}`)
  console.log(`${'all'.padEnd(26)}${kB(raw)}${kB(gzip).padStart(14)}   of ${limit}`)
}
for (const match of found) console.error(`size: the bundle holds ${match}`)
if (gzip > MAX_OCTETS) console.error(`size: ${gzip} octets gzipped, at most ${MAX_OCTETS}`)
process.exitCode = found.length === 0 && gzip <= MAX_OCTETS ? 0 : 1
