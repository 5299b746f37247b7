/** The built commands as a newcomer runs them: demo, then serve with a client in another process. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const MAIN = resolve('dist/cli/main.js')
const env = { PATH: process.env['PATH'] ?? '' }

function run(
  args: readonly string[],
  cwd: string,
): Promise<{ readonly exit: number; readonly out: string; readonly err: string }> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [MAIN, ...args], { cwd, env }, (_error, out, err) =>
      done({ exit: child.exitCode ?? -1, out, err }),
    )
  })
}

describe('commands', () => {
  let work: string
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'countersign-e2e-'))
  })
  afterAll(() => rmSync(work, { recursive: true, force: true }))

  it('demo verifies one answer, notices every altered part, and leaves what verifies it', async () => {
    const folder = join(work, 'demo')
    const { exit, out } = await run(['demo', '--json', '--out', folder], work)
    expect(exit).toBe(0)
    expect(JSON.parse(out)).toEqual({
      verified: true,
      simulated: true,
      grade: 'quoted',
      tampered: [
        { what: 'answer', failed: 'receipt.response-digest', code: 'RESPONSE_DIGEST_MISMATCH' },
        { what: 'receipt', failed: 'receipt.signature', code: 'RECEIPT_SIGNATURE' },
        { what: 'statement', failed: 'evidence.snp.report-data', code: 'REPORT_DATA_MISMATCH' },
        { what: 'quote', failed: 'evidence.snp.signature', code: 'SNP_BAD_SIGNATURE' },
        { what: 'proof', failed: 'log.proof.inclusion', code: 'LOG_INCLUSION' },
      ],
    })
    for (const file of [
      'countersign.policy.json',
      'countersign.lock.json',
      'receipt.txt',
      'answer.cmw.json',
      'request.json',
      'response.json',
    ])
      expect(existsSync(join(folder, file)), file).toBe(true)
    const verified = await run(
      ['verify', 'answer.cmw.json', '--request', 'request.json', '--response', 'response.json'],
      folder,
    )
    expect(verified.exit).toBe(0)
    expect(verified.out).toContain('verified (simulated)')
    expect(verified.out).toMatch(
      /^as of 20.*Z, self-asserted: as its statement says, not proven: verified \(simulated\)$/m,
    )
    expect(readFileSync(join(folder, 'receipt.txt'), 'utf8')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+~([\w-]+~){5}$/)
  })

  it('serve says that it is simulated and open, verifies live, and stops when told', async () => {
    const data = join(work, 'data')
    const child = spawn(process.execPath, [MAIN, 'serve', '--simulated', '--dangerously-no-api-keys'], {
      cwd: work,
      env: { ...env, COUNTERSIGN_LISTEN_PORT: '0', COUNTERSIGN_DATA_DIR: data, COUNTERSIGN_LOG: 'none' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let warnings = ''
    child.stderr.on('data', (text) => {
      warnings += text
    })
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      if (line.startsWith('lock')) break
    }
    const url = lines.find((line) => line.startsWith('listening on '))?.slice('listening on '.length) ?? ''
    const live = await run(
      ['verify', url, '--policy', join(data, 'countersign.policy.json'), '--lock', join(data, 'countersign.lock.json')],
      work,
    )
    expect(live.exit, live.out + live.err).toBe(0)
    expect(live.out).toContain('verified (simulated): the gateway, newer than a nonce of yours')
    expect(warnings).toContain('SIMULATED TEE')
    expect(warnings).toContain('No API keys')
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
  })

  it('serve finishes what is under way though its witnesses do not answer, and leaves its lineage to the next', async () => {
    const folder = join(work, 'unwitnessed')
    const { out: vkey } = await run(['witness', 'init', join(folder, 'witness'), '--name', 'w.example/w1'], work)
    // Nobody listens on the discard port.
    writeFileSync(join(folder, 'policy.txt'), `witness w1 ${vkey.trim()} http://127.0.0.1:9\nquorum w1\n`)
    const config = {
      measured: {
        host: 'gw.example.com',
        models: [{ id: 'countersign-demo-2m', upstream: 'embedded' }],
        upstreams: { embedded: { kind: 'embedded' } },
      },
      operational: {
        listen: { host: '127.0.0.1', port: 0 },
        dataDir: join(folder, 'data'),
        apiKeys: 'dangerously-none',
        witnesses: { policyFile: join(folder, 'policy.txt'), enrolmentTokenEnv: 'none' },
        log: 'none',
      },
    }
    writeFileSync(join(folder, 'countersign.yaml'), JSON.stringify(config))
    const child = spawn(process.execPath, [MAIN, 'serve', '-c', 'countersign.yaml', '--simulated', '--inception'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('lock')) break
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    const leases = join(folder, 'data', 'lineage', 'main', 'writer')
    const [lease = ''] = readdirSync(leases)
    expect(JSON.parse(readFileSync(join(leases, lease), 'utf8'))).toMatchObject({ holder: null })
  })
})
