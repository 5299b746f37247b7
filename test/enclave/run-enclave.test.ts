/** The parent's script, with stand-ins for the programs that it starts: what it serves as long as the enclave runs, and that it ends with it. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

const ID = 'i-0123456789abcdef0-enc0123456789abcde'
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-enclave-'))
  mkdirSync(join(folder, 'bin'))
  for (const file of ['image.eif', 'operational.yaml']) writeFileSync(join(folder, file), 'x')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function program(name: string, text: string): void {
  const path = join(folder, 'bin', name)
  writeFileSync(path, `#!/bin/bash\n${text}\n`)
  chmodSync(path, 0o755)
}

it('serves as long as the enclave is listed, and ends where it is not', () => {
  program('socat', `echo "$*" >> ${folder}/bridges; exec /bin/sleep 30`)
  program('sleep', 'exit 0')
  // Listed, then no list at all, then what is no list, then listed as ending: once all bridges have begun, which nobody else waits for.
  program(
    'nitro-cli',
    `case $1 in
  run-enclave) echo '{ "EnclaveID": "${ID}" }' ;;
  describe-enclaves)
    echo asked >> ${folder}/asked
    case $(wc -l < ${folder}/asked) in
      1) echo '[{ "EnclaveID": "other", "State": "RUNNING" }, { "EnclaveID": "${ID}", "State": "RUNNING" }]' ;;
      2) exit 5 ;;
      3) echo 'no list' ;;
      *) for _ in {1..200}; do [ "$(wc -l < ${folder}/bridges)" = 3 ] && break; /bin/sleep 0.05; done
         echo '[{ "EnclaveID": "other", "State": "RUNNING" }, { "EnclaveID": "${ID}", "State": "TERMINATING" }]' ;;
    esac ;;
  terminate-enclave) echo "$*" > ${folder}/terminated ;;
esac`,
  )
  const args = ['--eif', join(folder, 'image.eif'), '--operational', join(folder, 'operational.yaml'), '--port', '4443']
  const { status, stderr } = spawnSync('bash', ['enclave/nitro/run-enclave.sh', ...args], {
    env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
    encoding: 'utf8',
    timeout: 40_000,
  })
  expect(stderr).toBe('run-enclave: the enclave ended\n')
  expect(status).toBe(1)
  expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe('asked\n'.repeat(4))
  expect(readFileSync(join(folder, 'bridges'), 'utf8').trim().split('\n').sort()).toEqual([
    `-u OPEN:${join(folder, 'operational.yaml')},rdonly VSOCK-LISTEN:7001,reuseaddr`,
    'TCP-LISTEN:4443,reuseaddr,fork VSOCK-CONNECT:16:8443',
    'VSOCK-LISTEN:8001,reuseaddr,fork TCP:example-receipts.s3.eu-west-1.amazonaws.com:443',
  ])
  expect(readFileSync(join(folder, 'terminated'), 'utf8')).toBe(`terminate-enclave --enclave-id ${ID}\n`)
})
