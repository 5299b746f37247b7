/**
 * The one program that AWS's init starts in the enclave: brings up loopback, reads the operational settings from the parent, starts the
 * bridges and the gateway. Where one of them ends, the enclave ends: there is nobody in it who could look.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { bridges, decodeOutward, hostsFile, MAX_OPERATIONAL_SIZE, operationalSource } from './bridges.mjs'

const FOLDER = '/run/countersign'
const OPERATIONAL = `${FOLDER}/operational.yaml`
const env = { HOME: FOLDER }

function end(reason) {
  console.error(`enclave: ${reason}`)
  process.exit(1)
}

function keepRunning(program, args) {
  const child = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
  child.on('error', () => end(`${program} could not be started`))
  child.on('exit', (code, signal) => end(`${program} ended with ${code ?? signal}`))
}

const up = spawnSync('/usr/sbin/ip', ['link', 'set', 'lo', 'up'], { env })
if (up.status !== 0) end('loopback could not be brought up')

mkdirSync(FOLDER, { recursive: true, mode: 0o700 })
const outward = decodeOutward(readFileSync('/etc/countersign/outward.json', 'utf8'))
writeFileSync('/etc/hosts', hostsFile(outward))

// The parent may send what it likes: more than this is not even kept. The gateway itself judges what it says.
const given = spawnSync('/usr/bin/socat', operationalSource(), {
  env,
  maxBuffer: MAX_OPERATIONAL_SIZE,
  timeout: 60_000,
})
if (given.status !== 0) end(`no operational settings of at most ${MAX_OPERATIONAL_SIZE} octets came from the parent`)
writeFileSync(OPERATIONAL, given.stdout, { mode: 0o400 })

for (const args of bridges(outward)) keepRunning('/usr/bin/socat', args)
keepRunning('/usr/bin/node', [
  '--disable-proto=throw',
  '/usr/lib/countersign/dist/cli/main.js',
  'serve',
  '--config',
  '/etc/countersign/measured.yaml',
  '--operational',
  OPERATIONAL,
])
