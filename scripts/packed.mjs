/** Installs the packed tarball into an empty folder, without a lock file and without development dependencies, and uses it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './prepare.mjs'

const folder = mkdtempSync(join(tmpdir(), 'countersign-packed-'))
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

const IMPORTS = `
import { decodeArchive, decodeLock, decodePolicy, holdOctets, verifyAnswer } from 'countersign'
import { readLock, readPolicy } from 'countersign/node'
import { createModel } from 'countersign/engine'
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
  replay: { request: archive.request.octets, inserts: new Map() },
}
const trust = { policy: await readPolicy('demo/countersign.policy.json'), lock: await readLock('demo/countersign.lock.json') }
const verdict = await verifyAnswer(archive, held, trust, { at: new Date(), noncedAt: 'unknown' })
const present = [decodeLock, decodePolicy, createModel, createGateway, createSimulatedSnp].every((value) => typeof value === 'function')
if (!verdict.ok || !present) throw new Error('the packed package does not verify an answer of its own')
`

try {
  run('npm', ['pack', '--silent', '--pack-destination', folder], root)
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
  console.error('countersign: the packed package installs fresh and verifies')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
