// The field's calculator, sev-snp-measure from PyPI at one version, in a virtual environment that is made on demand. Where there is no Python,
// or no package index, it says so once and whoever asked goes without.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { makePythonTool } from '../python-tool.mjs'

export const SNP_TOOL = { name: 'sev-snp-measure', version: '0.0.13' }

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

/** @returns paths of its interpreter and of its own program, or undefined where it cannot be made */
export function makeSnpTool() {
  const { name, version } = SNP_TOOL
  const programs = makePythonTool({
    folder: `${name}/${version}`,
    packages: [`${name}==${version}`],
    what: `${name} ${version} in Python`,
    skipped: 'comparisons of launches with it are',
  })
  return programs && { interpreter: join(programs, 'python'), program: join(programs, name) }
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
