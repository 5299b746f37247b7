// A second calculator for launches of SEV-SNP, the crate sev at one version, compiled on demand; and what its own tests hold it against: the
// last page of real firmware, with digests. Where there is no Rust, or no registry, it says so once and whoever asked goes without.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../prepare.mjs'

export const SNP_CRATE = { name: 'sev', version: '8.0.0' }

const FOLDER = join(root, 'node_modules/.cache/snp-peer')
const PROGRAM = join(FOLDER, 'debug/snp-peer')
const SOURCES = join(dirname(fileURLToPath(import.meta.url)), 'snp')
/** Two minutes on two idle cores. */
const LIMIT_MS = 600_000

function cargo(args) {
  return spawnSync('cargo', args, {
    cwd: SOURCES,
    env: { ...process.env, CARGO_TARGET_DIR: FOLDER },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    timeout: LIMIT_MS,
  })
}

/** Where cargo keeps the crate's sources. */
function folderOfCrate() {
  const { packages } = JSON.parse(cargo(['metadata', '--locked', '--format-version', '1']).stdout)
  return dirname(packages.find(({ name }) => name === SNP_CRATE.name).manifest_path)
}

/** @returns paths of the program and of the crate, or undefined where it cannot be made */
export function makeSnpCrate() {
  if (!existsSync(PROGRAM))
    console.error(`countersign: compiling ${SNP_CRATE.name} ${SNP_CRATE.version} (once, some minutes)`)
  mkdirSync(FOLDER, { recursive: true })
  const { error, status, stderr } = cargo(['build', '--locked', '--quiet'])
  if (status === 0) return { program: PROGRAM, folder: folderOfCrate() }
  const reason = error?.code === 'ENOENT' ? 'there is no Rust' : (error?.code ?? stderr.trim().split('\n').at(-1) ?? '')
  console.error(`countersign: no ${SNP_CRATE.name} (${reason}): launches are not compared with it`)
  return undefined
}

/** @param launches as askSnpTool takes them; @returns `{ measurement }` or `{ error }` of each */
export function askSnpCrate({ program }, launches) {
  const { error, status, stdout, stderr } = spawnSync(program, {
    input: launches.map((launch) => `${JSON.stringify(launch)}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw new Error(`${SNP_CRATE.name} failed: ${stderr}`, { cause: error })
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

/** One of the crate's tests. `Some(ovmf_hash)` is a constant there, or was computed from the same file. */
function publishedLaunch(source, folder) {
  const field = (name) => new RegExp(`\\b${name}: (.*),\\n`).exec(source)?.[1] ?? ''
  const quoted = (name) => /"(.*)"/.exec(field(name))?.[1]
  const digest = /\bovmf_hash = "([0-9a-f]{96})"/.exec(source)?.[1]
  const kernel = quoted('kernel_file')
  const empty = { size: 0, seed: 0 }
  if (kernel !== undefined && kernel !== '/dev/null') throw new Error(`${SNP_CRATE.name}: a test with another kernel`)
  return {
    firmware: { octets: new Uint8Array(readFileSync(join(folder, quoted('ovmf_file')))) },
    firmwareDigest: digest ?? 'computed',
    boot: kernel === undefined ? 'none' : { kernel: empty, initrd: empty, commandLine: quoted('append') ?? '' },
    vmm: field('vmm_type').includes('EC2') ? 'ec2' : 'qemu',
    vcpuType: /CpuType::EpycV4\b/.test(field('vcpu_type')) ? 'EPYC-v4' : 'unknown',
    guestFeatures: /\((0x[0-9a-f]+)\)/.exec(field('guest_features'))?.[1],
    vcpus: Number(field('vcpus')),
  }
}

/** What the crate's tests expect of real firmware: `{ name, launch, measurement }` of each. */
export function publishedLaunches({ folder }) {
  const tests = readFileSync(join(folder, 'tests/measurement.rs'), 'utf8').split(/(?=\bfn test_)/)
  return tests.flatMap((source) => {
    const [, name] = /^fn (test_\w+)/.exec(source) ?? []
    const [, measurement] = /exp_result = "([0-9a-f]{96})"/.exec(source) ?? []
    if (!source.includes('snp_calc_launch_digest') || measurement === undefined) return []
    return [{ name: `${SNP_CRATE.name}, ${name}`, launch: publishedLaunch(source, folder), measurement }]
  })
}
