// The field's calculator, sev-snp-measure from PyPI at one version, in a virtual environment that is made on demand. Where there is no Python,
// or no package index, it says so once and whoever asked goes without.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../prepare.mjs'

export const SNP_TOOL = { name: 'sev-snp-measure', version: '0.0.13' }

const FOLDER = join(root, 'node_modules/.cache', SNP_TOOL.name, SNP_TOOL.version)
const INTERPRETER = join(FOLDER, 'bin/python')
/** Written last: a folder that was begun and not finished has none. */
const COMPLETE = join(FOLDER, 'complete')
const LIMIT_MS = 120_000

/** Answers a list of launches on its input: all in one process, since starting Python costs more than a digest. */
const DRIVER = `
import json, sys
from sevsnpmeasure import guest, vcpu_types
from sevsnpmeasure.sev_mode import SevMode
from sevsnpmeasure.vmm_types import VMMType

def answer(launch):
    try:
        digest = guest.calc_launch_digest(
            SevMode.SEV_SNP, launch['vcpus'], vcpu_types.CPU_SIGS[launch['vcpuType']], launch['firmware'],
            launch['kernel'], launch['initrd'], launch['commandLine'], int(launch['guestFeatures'], 0),
            snp_ovmf_hash_str=launch['firmwareDigest'], vmm_type=VMMType[launch['vmm']])
        return {'measurement': digest.hex()}
    except Exception as error:
        return {'error': repr(error)}

json.dump([answer(launch) for launch in json.load(sys.stdin)], sys.stdout)
`

function run(program, args) {
  const { error, status, stderr } = spawnSync(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: LIMIT_MS,
  })
  if (status === 0) return undefined
  if (error?.code === 'ENOENT') return 'there is no python3'
  return error?.code ?? stderr.trim().split('\n').at(-1) ?? 'unknown'
}

/** @returns paths of its interpreter and of its own program, or undefined where it cannot be made */
export function makeSnpTool() {
  const paths = { interpreter: INTERPRETER, program: join(FOLDER, 'bin', SNP_TOOL.name) }
  if (existsSync(COMPLETE)) return paths
  const { name, version } = SNP_TOOL
  console.error(`countersign: making a Python environment with ${name} ${version} (once, up to a minute)`)
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  const reason =
    run('python3', ['-m', 'venv', FOLDER]) ??
    run(INTERPRETER, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `${name}==${version}`])
  if (reason === undefined) {
    writeFileSync(COMPLETE, '')
    return paths
  }
  rmSync(FOLDER, { recursive: true, force: true })
  console.error(`countersign: no ${name} (${reason}): launches are not compared with it`)
  return undefined
}

/** @param launches with files as paths, `''` for none; @returns `{ measurement }` or `{ error }` of each */
export function askSnpTool({ interpreter }, launches) {
  const { status, stdout, stderr } = spawnSync(interpreter, ['-c', DRIVER], {
    input: JSON.stringify(launches),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(`${SNP_TOOL.name} failed: ${stderr}`)
  return JSON.parse(stdout)
}
