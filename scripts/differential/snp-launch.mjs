// Launches of SEV-SNP through our calculator and through the field's: those that are frozen in attestation-fixtures, launches by chance, and
// the firmware of the system where there is some.
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../prepare.mjs'
import { randomOfCase } from './random.mjs'
import { encodeOvmf, pattern } from './snp-images.mjs'
import { askSnpTool, makeSnpTool, SNP_TOOL } from './snp-peer.mjs'

const FROZEN = join(root, 'attestation-fixtures/measurement/snp/launches.json')
/** Where distributions put OVMF. */
const SYSTEM_FOLDERS = ['/usr/share/ovmf', '/usr/share/OVMF']
const PAGE = 4096
const AT_ONCE = 50
const VMMS = ['qemu', 'ec2', 'gce']
const VCPU_TYPES = ['EPYC', 'EPYC-v4', 'EPYC-IBPB', 'EPYC-Rome-v2', 'EPYC-Milan-v1', 'EPYC-Genoa-v1', 'EPYC-Turin']
const PEER_VMM = { qemu: 'QEMU', ec2: 'ec2', gce: 'gce' }

const sha256 = (octets) => new Uint8Array(createHash('sha256').update(octets).digest())
const fileOf = ({ size, seed }) => pattern(size, seed)

/** A launch as a fixture describes it, as the calculator takes it. @param snp src/core/measurement/snp, built or as sources */
export function launchOf(snp, { firmware, firmwareDigest, boot, vmm, vcpuType, guestFeatures, vcpus }) {
  return {
    firmware: firmware.octets ?? encodeOvmf(firmware),
    firmwareDigest: firmwareDigest === 'computed' ? 'computed' : new Uint8Array(Buffer.from(firmwareDigest, 'hex')),
    boot:
      boot === 'none'
        ? 'none'
        : {
            kernelSha256: sha256(fileOf(boot.kernel)),
            initrdSha256: boot.initrd === 'none' ? 'none' : sha256(fileOf(boot.initrd)),
            commandLine: boot.commandLine,
          },
    vmm: vmm === 'qemu' ? { kind: vmm, vcpuSignature: snp.vcpuSignature(vcpuType) } : { kind: vmm },
    guestFeatures: BigInt(guestFeatures),
    vcpus,
  }
}

/** Sections that do not overlap, in an order of their own. */
function randomSections(r) {
  const kinds = [1, 1, 1, 2, 3, 4, 0x10].filter((kind) => kind === 0x10 || r.chance(0.85))
  let gpa = 0x80_0000
  const sections = r.shuffled(kinds).map((kind) => {
    gpa += r.below(4) * PAGE
    const size = (kind === 1 || kind === 4 ? r.between(1, 20) : 1) * PAGE
    gpa += size
    return [gpa - size, size, kind]
  })
  return r.shuffled(sections)
}

function randomLaunch(index, seed) {
  const r = randomOfCase(seed, index)
  const sections = randomSections(r)
  const [page] = sections.find(([, , kind]) => kind === 0x10)
  const file = () => ({ seed: r.below(1000), size: r.below(20_000) })
  const boot = {
    kernel: file(),
    initrd: r.chance(0.3) ? 'none' : file(),
    commandLine: r.chance(0.2) ? '' : `root=${r.below(99)} ü`,
  }
  return {
    name: `case ${index}`,
    launch: {
      firmware: {
        size: r.between(2, 40) * PAGE,
        seed: r.below(1000),
        sections,
        hashes: [page + r.below(PAGE - 176), r.between(176, 1024)],
        resetAddress: r.between(1, 0xffff_ffff),
      },
      firmwareDigest: r.chance(0.1) ? Buffer.from(r.octets(48)).toString('hex') : 'computed',
      boot: r.chance(0.25) ? 'none' : boot,
      vmm: r.pick(VMMS),
      vcpuType: r.pick(VCPU_TYPES),
      guestFeatures: `0x${(r.below(0x8000_0000) | 1).toString(16)}`,
      vcpus: r.between(1, r.chance(0.1) ? 512 : 16),
    },
  }
}

/** Debian has one image without a section for kernels and, in a package of its own, one with it. */
function systemLaunches(folders) {
  const files = folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.fd$/.test(name) && !/VARS/.test(name))
      .map((name) => join(folder, name)),
  )
  const boot = { kernel: { seed: 1, size: 9999 }, initrd: 'none', commandLine: 'console=ttyS0' }
  return files.flatMap((file) =>
    ['none', boot].map((one) => ({
      name: `${file}${one === 'none' ? '' : ' with a kernel'}`,
      launch: {
        firmware: { octets: new Uint8Array(readFileSync(file)) },
        firmwareDigest: 'computed',
        boot: one,
        vmm: 'qemu',
        vcpuType: 'EPYC-v4',
        guestFeatures: '0x1',
        vcpus: 4,
      },
    })),
  )
}

/** Writes a launch's files. @returns it as the tool takes it */
function laidOut({ launch }, folder, index) {
  const { firmware, firmwareDigest, boot, vmm, vcpuType, guestFeatures, vcpus } = launch
  const put = (name, octets) => {
    const path = join(folder, `${index}-${name}`)
    writeFileSync(path, octets)
    return path
  }
  return {
    firmware: put('firmware', firmware.octets ?? encodeOvmf(firmware)),
    firmwareDigest: firmwareDigest === 'computed' ? '' : firmwareDigest,
    kernel: boot === 'none' ? '' : put('kernel', fileOf(boot.kernel)),
    initrd: boot === 'none' || boot.initrd === 'none' ? '' : put('initrd', fileOf(boot.initrd)),
    commandLine: boot === 'none' ? '' : boot.commandLine,
    vmm: PEER_VMM[vmm],
    vcpuType,
    guestFeatures,
    vcpus,
  }
}

/** What we refuse and the tool measures, by our words: no host launches such firmware, so its digest would never be seen. */
const STRICTER = /the table names no SEV metadata/

/** A refusal on both sides is agreement. @returns what differs, in words */
function difference(snp, { name, launch, measurement }, peer) {
  let ours
  try {
    ours = snp.snpLaunchDigest(launchOf(snp, launch)).measurement
  } catch (error) {
    ours = `refused: ${error.message}`
  }
  if (measurement !== undefined && measurement !== peer.measurement)
    return `${name}: frozen ${measurement}, ${SNP_TOOL.name} ${peer.measurement ?? peer.error}`
  if (ours === peer.measurement || (ours.startsWith('refused') && peer.error !== undefined)) return undefined
  if (STRICTER.test(ours)) return undefined
  return `${name}: countersign ${ours}, ${SNP_TOOL.name} ${peer.measurement ?? peer.error}`
}

/** @returns undefined where the tool cannot be had */
export function compareSnpLaunches({ snp }, { count, seed, firmware, progress }) {
  const tool = makeSnpTool()
  if (tool === undefined) return undefined
  const frozen = JSON.parse(readFileSync(FROZEN, 'utf8')).launches
  const system = systemLaunches([...SYSTEM_FOLDERS, ...(firmware === undefined ? [] : [firmware])])
  const chance = Array.from({ length: count }, (_, index) => randomLaunch(index, seed))
  const all = [...frozen, ...system, ...chance]
  const differences = []
  for (let from = 0; from < all.length; from += AT_ONCE) {
    progress(`snp-launch: ${from} of ${all.length}`)
    const some = all.slice(from, from + AT_ONCE)
    const folder = mkdtempSync(join(tmpdir(), 'countersign-launches-'))
    try {
      const answers = askSnpTool(
        tool,
        some.map((one, index) => laidOut(one, folder, index)),
      )
      differences.push(...some.map((one, index) => difference(snp, one, answers[index])))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  progress('')
  const counts = `${frozen.length} frozen, ${chance.length} by chance (seed ${seed}), ${system.length} of this system`
  return {
    title: `snp-launch: ${all.length} launches against ${SNP_TOOL.name} ${SNP_TOOL.version}; ${counts}`,
    cases: all.length,
    differences: differences.filter((one) => one !== undefined),
  }
}
