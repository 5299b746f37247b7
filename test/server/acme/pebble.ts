/** A real ACME server on this machine, where one was made: `node scripts/pebble.mjs`. Its companion says that every name is 127.0.0.1. @module */
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get as getPlain } from 'node:http'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { encodePem } from '../../../src/core/encoding/pem.ts'
import { createSelfSignedCertificate } from '../../../src/issuing/index.ts'
import { onFreePorts } from '../../kit/free-ports.ts'

const FOLDER = resolve('node_modules/.cache/pebble')

export const hasPebble: boolean = existsSync(join(FOLDER, 'pebble')) && existsSync(join(FOLDER, 'pebble-challtestsrv'))

export interface Pebble {
  readonly directoryUrl: string
  /** What its own certificate is verified with. */
  readonly directoryRootsFile: string
  /** PEM: what issued certificates are verified with. It is made anew with each start. */
  issuingRoot(): Promise<string>
  stop(): Promise<void>
}

/** @param tlsPort where challenges are looked for: 443 on the open network */
export async function startPebble(tlsPort: number): Promise<Pebble> {
  const folder = await mkdtemp(join(tmpdir(), 'pebble-'))
  const certificate = await writeCertificate(folder)
  const directoryRootsFile = join(folder, 'server.pem')
  return onFreePorts(4, async ([port = 0, managementPort = 0, dnsPort = 0, dnsManagementPort = 0]) => {
    const config = {
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${managementPort}`,
        certificate: directoryRootsFile,
        privateKey: join(folder, 'key.pem'),
        httpPort: tlsPort,
        tlsPort,
        ocspResponderURL: '',
        externalAccountBindingRequired: false,
      },
    }
    await writeFile(join(folder, 'config.json'), JSON.stringify(config))
    const children = [
      start('pebble-challtestsrv', [
        ...['-dnsserver', `127.0.0.1:${dnsPort}`, '-management', `127.0.0.1:${dnsManagementPort}`],
        ...['-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', ''],
        ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''],
      ]),
      start('pebble', ['-config', join(folder, 'config.json'), '-dnsserver', `127.0.0.1:${dnsPort}`]),
    ]
    const directoryUrl = `https://127.0.0.1:${port}/dir`
    const isThere = [
      async () => (await read(directoryUrl, certificate)).includes('newOrder'),
      () => answersAtAll(dnsManagementPort),
    ]
    for (const look of isThere) if (!(await comes(look, children))) return end(children).then(() => 'taken' as const)
    return {
      directoryUrl,
      directoryRootsFile,
      issuingRoot: () => read(`https://127.0.0.1:${managementPort}/roots/0`, certificate),
      async stop() {
        await end(children)
        await rm(folder, { recursive: true, force: true })
      },
    }
  })
}

async function end(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    if (child.exitCode !== null) continue
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
}

function start(program: string, parameters: readonly string[]): ChildProcess {
  // Without its jitter; that it tries nonces twice stays.
  const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1' }
  return spawn(join(FOLDER, program), [...parameters], { env, stdio: process.env['PEBBLE_LOG'] ? 'inherit' : 'ignore' })
}

async function writeCertificate(folder: string): Promise<string> {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const terms = {
    host: '127.0.0.1',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 86_400_000),
  }
  const certificate = encodePem(await createSelfSignedCertificate(key, terms), 'CERTIFICATE')
  await writeFile(join(folder, 'server.pem'), certificate)
  await writeFile(join(folder, 'key.pem'), key.privateKey.export({ format: 'pem', type: 'pkcs8' }))
  return certificate
}

function read(url: string, ca: string): Promise<string> {
  return new Promise((resolveText, reject) => {
    // Pebble answers nobody who does not say what they are.
    const headers = { 'user-agent': 'countersign-test' }
    get(url, { ca, headers, agent: false }, (answer) => {
      let text = ''
      answer.on('data', (chunk) => {
        text += chunk
      })
      answer.on('end', () => resolveText(text))
    }).on('error', reject)
  })
}

/** Whoever it is that answers there: what could not have its port has ended. */
function answersAtAll(port: number): Promise<boolean> {
  return new Promise((resolveAnswer, reject) => {
    getPlain(`http://127.0.0.1:${port}/`, { agent: false }, (answer) => {
      answer.resume()
      resolveAnswer(true)
    }).on('error', reject)
  })
}

/** Waits until `look` holds, for as long as all of them run: one that cannot have its port ends at once. */
async function comes(look: () => Promise<boolean>, children: readonly ChildProcess[]): Promise<boolean> {
  while (children.every(({ exitCode }) => exitCode === null)) {
    if (await look().catch(() => false)) return children.every(({ exitCode }) => exitCode === null)
    await new Promise((retry) => setTimeout(retry, 50))
  }
  return false
}
