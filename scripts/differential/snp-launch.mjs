// Launches of SEV-SNP through our calculator and through two of the field's: those that are frozen in attestation-fixtures, those that a
// calculator's own tests expect of real firmware, launches by chance, and the firmware of the system where there is some.
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../prepare.mjs'
import { randomOfCase } from './random.mjs'
import { askSnpCrate, makeSnpCrate, publishedLaunches, SNP_CRATE } from './snp-crate.mjs'
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

/** What we refuse and others measure, by our words: no host launches such firmware, so its digest would never be seen. */
const STRICTER = /the table names no SEV metadata/

/** The crate knows no GCE, and for EC2 leaves RDX at 0 where the tool, and we, have 0x600: docs/measuring.md. */
const PEERS = [
  { ...SNP_TOOL, make: makeSnpTool, ask: askSnpTool, knows: () => true },
  { ...SNP_CRATE, make: makeSnpCrate, ask: askSnpCrate, knows: ({ vmm }) => vmm === 'qemu' },
]

function measurementOf(snp, launch) {
  try {
    return snp.snpLaunchDigest(launchOf(snp, launch)).measurement
  } catch (error) {
    return `refused: ${error.message}`
  }
}

/** A refusal on both sides is agreement. @returns what differs, in words */
function difference(snp, { name, launch, measurement }, peer, answer) {
  const ours = measurementOf(snp, launch)
  if (measurement !== undefined && measurement !== answer.measurement)
    return `${name}: frozen ${measurement}, ${peer.name} ${answer.measurement ?? answer.error}`
  if (ours === answer.measurement || (ours.startsWith('refused') && answer.error !== undefined)) return undefined
  if (STRICTER.test(ours)) return undefined
  return `${name}: countersign ${ours}, ${peer.name} ${answer.measurement ?? answer.error}`
}

function compareSome(snp, some, peers) {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-launches-'))
  try {
    const files = some.map((one, index) => laidOut(one, folder, index))
    return peers.flatMap((peer) => {
      const known = some.flatMap((one, index) => (peer.knows(one.launch) ? [{ one, file: files[index] }] : []))
      const answers = peer.ask(
        peer.made,
        known.map(({ file }) => file),
      )
      peer.asked += known.length
      return known.flatMap(({ one }, index) => difference(snp, one, peer, answers[index]) ?? [])
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @returns undefined where no other calculator can be had */
export function compareSnpLaunches({ snp }, { count, seed, firmware, progress }) {
  const peers = PEERS.map((peer) => ({ ...peer, made: peer.make(), asked: 0 })).filter(({ made }) => made !== undefined)
  if (peers.length === 0) return undefined
  const frozen = JSON.parse(readFileSync(FROZEN, 'utf8')).launches
  const crate = peers.find(({ name }) => name === SNP_CRATE.name)
  const published = crate === undefined ? [] : publishedLaunches(crate.made).filter(({ launch }) => crate.knows(launch))
  const system = systemLaunches([...SYSTEM_FOLDERS, ...(firmware === undefined ? [] : [firmware])])
  const chance = Array.from({ length: count }, (_, index) => randomLaunch(index, seed))
  const all = [...frozen, ...published, ...system, ...chance]
  const differences = []
  for (let from = 0; from < all.length; from += AT_ONCE) {
    progress(`snp-launch: ${from} of ${all.length}`)
    differences.push(...compareSome(snp, all.slice(from, from + AT_ONCE), peers))
  }
  progress('')
  const counts = [
    `${frozen.length} frozen, ${published.length} that ${SNP_CRATE.name} publishes`,
    `${chance.length} by chance (seed ${seed}), ${system.length} of this system`,
  ].join(', ')
  const asked = peers.map(({ name, version, asked: some }) => `${some} against ${name} ${version}`).join(', ')
  return { title: `snp-launch: ${all.length} launches, ${asked}; ${counts}`, cases: all.length, differences }
}
