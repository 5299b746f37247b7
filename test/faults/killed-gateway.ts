/** A gateway in a process of its own, to be killed: the parent starts it, the child is the same bundle with `--child`. @module */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { decodeHex } from '../../src/core/encoding/bytes.ts'
import { createGateway, createUpstreams, decodeConfig } from '../../src/server/index.ts'
import { createSimulatedSnp, importPki } from '../../src/simulator/index.ts'
import { beginLineage, createFileStore } from '../../src/storage/index.ts'

const LONGEST_BEGIN_MS = 60_000

/** What a child is told, by its environment. */
export interface ChildOptions {
  readonly upstream: string
  readonly dataDir: string
  /** Exported simulated keys, so that no child makes its own. */
  readonly pki: string
}

const configOf = ({ upstream, dataDir }: ChildOptions): string => `
measured:
  host: gw.example.com
  models:
    - { id: mock, upstream: mock, name: mock, digest: none }
  upstreams:
    mock: { kind: http, location: local, baseUrl: ${JSON.stringify(upstream)} }
operational:
  listen: { host: 127.0.0.1, port: 0 }
  dataDir: ${JSON.stringify(dataDir)}
  apiKeys: dangerously-none
  quoting: { intervalMs: 50 }
  scrubHours: 0
  log: none
`

/** The child: serves until it is killed, or told to end. Ends with code 3 and the reason where it cannot begin. */
export async function serveChild(): Promise<void> {
  const options: ChildOptions = JSON.parse(process.env['FAULT_CHILD'] ?? '')
  const config = decodeConfig(configOf(options), { env: {} })
  const snp = await createSimulatedSnp({
    pki: importPki(options.pki),
    latencyMs: 2,
    throttle: 'none',
    fields: { hostData: decodeHex(config.digest.slice('sha256:'.length)) },
  })
  const upstreams = await createUpstreams(config.measured, {
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    random: (size) => new Uint8Array(randomBytes(size)),
    env: {},
  })
  const startedMs = performance.now()
  try {
    const gateway = await createGateway({ config, quoter: snp.quoter, upstreams })
    const bootMs = performance.now() - startedMs
    const { url } = await gateway.listen()
    await gateway.ready()
    process.once('SIGTERM', () => void gateway.close().then(() => process.exit(0)))
    process.stdout.write(`${JSON.stringify({ url, log: gateway.log.id, bootMs })}\n`)
  } catch (error) {
    const refused = error instanceof Error ? error.message : 'unknown'
    process.stdout.write(`${JSON.stringify({ refused, refusedMs: performance.now() - startedMs })}\n`)
    process.exitCode = 3
  }
}

/** A running child. */
export interface KillableGateway {
  readonly url: string
  /** Id of its log. */
  readonly log: string
  /** Milliseconds that recovery and the new log took. */
  readonly bootMs: number
  readonly child: ChildProcess
}

/** Makes a folder one that a gateway may write. */
export async function prepareFolder(dataDir: string): Promise<void> {
  await beginLineage(createFileStore(dataDir), { name: 'main', host: 'gw.example.com' })
}

export async function startChild(options: ChildOptions): Promise<KillableGateway> {
  const [, script = ''] = process.argv
  const child = spawn(process.execPath, [script, '--child'], {
    env: { PATH: process.env['PATH'] ?? '', FAULT_CHILD: JSON.stringify(options) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // One that neither begins nor refuses is a fault to be told of, not to be waited for.
  const late = setTimeout(() => child.kill('SIGKILL'), LONGEST_BEGIN_MS)
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const said: Omit<KillableGateway, 'child'> | Refusal = JSON.parse(line)
      if ('url' in said) return { ...said, child }
      throw new Error(`refused after ${said.refusedMs} ms: ${said.refused}`)
    }
  } finally {
    clearTimeout(late)
  }
  throw new Error('the gateway did not begin')
}

interface Refusal {
  readonly refused: string
  readonly refusedMs: number
}

export function kill(gateway: KillableGateway): Promise<void> {
  return end(gateway, 'SIGKILL')
}

/** Lets it quote and keep what waits. */
export function stop(gateway: KillableGateway): Promise<void> {
  return end(gateway, 'SIGTERM')
}

async function end({ child }: KillableGateway, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}
