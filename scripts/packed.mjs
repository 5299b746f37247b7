/** Installs the packed tarball into an empty folder, without a lock file and without development dependencies, and uses it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './prepare.mjs'

const folder = mkdtempSync(join(tmpdir(), 'countersign-packed-'))
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

const IMPORTS = `
import { decodeArchive, decodeLock, decodePolicy, holdOctets, verifyEquivocation } from 'countersign'
import { verifyArchive } from 'countersign/archive'
import { encodeEar, readLock, readPolicy } from 'countersign/node'
import { createTlsChannel } from 'countersign/node'
import { defineBadge } from 'countersign/badge'
import { createModel } from 'countersign/engine'
import { createOhttpChannel } from 'countersign/ohttp'
import { receiptOption } from 'countersign/openai'
import { createMemoryStore } from 'countersign/receipts'
import { FAILURE_CODES } from 'countersign/failure-codes'
import { decodeForkProof } from 'countersign/log'
import { openRevocations } from 'countersign/revocations'
import { createGateway } from 'countersign/server'
import { createSimulatedSnp } from 'countersign/simulator'
import { readFile } from 'node:fs/promises'

const archive = decodeArchive(new Uint8Array(await readFile('demo/answer.cmw.json')))
const held = {
  nonce: 'unchecked',
  request: holdOctets(archive.request.octets),
  response: holdOctets(archive.response.octets),
  outcome: 'complete',
  seen: new Set(),
  channel: 'not-observed',
  prev: 'unchecked',
  replay: { request: archive.request.octets, inserts: new Map() },
}
const trust = { policy: await readPolicy('demo/countersign.policy.json'), lock: await readLock('demo/countersign.lock.json') }
const now = new Date(Date.now() + 365 * 86_400_000)
const verdicts = await verifyArchive(archive, held, trust, { now })
const result = encodeEar(verdicts, { archive, trust, now, build: 'packed' })
const channels = [createOhttpChannel(), createTlsChannel({ binding: 'tls-exporter' })].map(({ binding }) => binding)
if (channels.join() !== 'ohttp,tls-exporter' || (await createMemoryStore().list()).length !== 0)
  throw new Error('a channel or a store of the packed package does not come up')
const present = [defineBadge, receiptOption, decodeLock, decodePolicy, createModel, createGateway, createSimulatedSnp, decodeForkProof, verifyEquivocation, openRevocations]
if (!verdicts.asOf.ok || !verdicts.now.ok || !present.every((value) => typeof value === 'function'))
  throw new Error('the packed package does not verify an answer of its own a year later')
if (typeof result.ear_status !== 'string' || FAILURE_CODES.LOG_SPLIT_VIEW.length !== 2) throw new Error('an entry point lacks something')
`

/** The example at the top of a file, run as it stands there. */
function exampleOf(file) {
  const [, example] =
    /^ \* @example\n((?: \*(?: .*)?\n)+?) \* @module$/m.exec(readFileSync(join(root, file), 'utf8')) ?? []
  if (example === undefined) throw new Error(`${file} begins with no example`)
  return example.replace(/^ \* ?/gm, '')
}

/** What is packed is what git tracks, and what the build makes of it: `scripts/rebuilt.mjs` compares the bytes of two builds. */
function refuseStrays(files) {
  const tracked = new Set(run('git', ['ls-files', '-z'], root).split('\0'))
  const sourceOf = (path) => path.replace(/^dist\//, 'src/').replace(/(?:\.d)?\.([mc]?)[jt]s$/, '.$1ts')
  const stray = files.filter(
    (path) => path !== 'dist/.countersign-sources' && !tracked.has(path) && !existsSync(join(root, sourceOf(path))),
  )
  if (stray.length > 0) throw new Error(`packed, and neither tracked nor built from a source: ${stray.slice(0, 5)}`)
}

try {
  const [{ files }] = JSON.parse(run('npm', ['pack', '--silent', '--json', '--pack-destination', folder], root))
  refuseStrays(files.map(({ path }) => path))
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module","private":true}\n')
  run(
    'npm',
    ['install', '--silent', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', `./${tarball}`],
    folder,
  )
  const demo = JSON.parse(run('npx', ['--no-install', 'countersign', 'demo', '--json', '--out', 'demo'], folder))
  if (demo.verified !== true || demo.grade !== 'quoted')
    throw new Error('the demo of the packed package did not verify')
  writeFileSync(join(folder, 'use.mjs'), IMPORTS)
  run(process.execPath, ['use.mjs'], folder)
  writeFileSync(join(folder, 'log.mjs'), exampleOf('src/core/log/index.ts'))
  if (run(process.execPath, ['log.mjs'], folder) !== 'true\n')
    throw new Error('the example of countersign/log does not do as it says')
  console.error('countersign: the packed package installs fresh and verifies')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
