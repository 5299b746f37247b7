/**
 * `node scripts/published.mjs --release V --repository URL --commit SHA --image FILE=ROWS …`: `measurements.json` of a release on stdout.
 * ROWS is a file of rows that `countersign measure … --lock-row` printed of FILE. Needs a build.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { decodePublished, encodePublished } from '../dist/core/measurement/published.js'

const { values } = parseArgs({
  options: {
    release: { type: 'string' },
    repository: { type: 'string' },
    commit: { type: 'string' },
    image: { type: 'string', multiple: true, default: [] },
  },
})
const { release, repository, commit } = values

function imagesOf(pair) {
  const [file, rows, ...more] = pair.split('=')
  if (rows === undefined || more.length > 0) throw new Error(`${pair} is not FILE=ROWS`)
  const octets = readFileSync(file)
  const digest = `sha256:${createHash('sha256').update(octets).digest('hex')}`
  const lines = readFileSync(rows, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  // Beside another image nobody would miss it.
  if (lines.length === 0) throw new Error(`${rows} measures nothing of ${file}`)
  return lines
    .map((line) => JSON.parse(line))
    .map(({ platform, measurements, shape }) => ({ platform, measurements, shape, name: basename(file), digest }))
}

const text = encodePublished({
  version: 1,
  release,
  source: { repository, commit },
  images: values.image.flatMap(imagesOf),
})
// As strict as whoever reads it.
decodePublished(text)
process.stdout.write(text)
