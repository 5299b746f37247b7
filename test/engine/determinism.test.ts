/** One digest of all logits on every JavaScript engine: compiled, interpreted, and in a browser. @module */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundle } from './bundle.ts'
import { modelFiles } from './embedded-model.ts'
import frozen from './frozen.json' with { type: 'json' }

const run = promisify(execFile)
const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--dump-dom',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--virtual-time-budget=1',
]
const folder = mkdtempSync(join(tmpdir(), 'countersign-digest-'))
const script = join(folder, 'digest.js')
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

beforeAll(() => {
  const embedded = {
    config: base64(modelFiles.config),
    weights: base64(modelFiles.weights),
    tokenizer: base64(modelFiles.tokenizer),
  }
  const program = bundle(fileURLToPath(new URL('digest-program.ts', import.meta.url)))
  writeFileSync(script, `const EMBEDDED = ${JSON.stringify(embedded)}\n${program}`)
  writeFileSync(join(folder, 'digest.html'), '<!doctype html><meta charset="utf-8"><script src="digest.js"></script>')
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the engine computes the frozen digest', () => {
  it('in Node', async () => {
    const { stdout } = await run(process.execPath, [script])
    expect(stdout).toBe(frozen.digest)
  })

  it('in Node without its compilers', async () => {
    const { stdout } = await run(process.execPath, ['--jitless', script])
    expect(stdout).toBe(frozen.digest)
  })

  it.skipIf(!existsSync(CHROMIUM))(`in Chromium (needs ${CHROMIUM})`, async () => {
    const profile = `--user-data-dir=${join(folder, 'profile')}`
    const { stdout } = await run(CHROMIUM, [...FLAGS, profile, `file://${join(folder, 'digest.html')}`])
    expect(stdout).toContain(frozen.digest)
  })
})
