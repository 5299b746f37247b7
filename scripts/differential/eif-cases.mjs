// Enclave images of no other worth than that they are measured: each follows from two numbers.
import { randomOfCase } from './random.mjs'

const SIZES = [0, 1, 111, 112, 127, 128, 4095, 4096]
const RAMDISKS = [1, 2, 3, 1, 5, 2, 28]
const CMDLINES = [
  'reboot=k panic=30 pci=off nomodules console=ttyS0 random.trust_cpu=on root=/dev/ram0',
  '',
  'quiet é',
  'x'.repeat(2047),
]
const SIGNERS = ['none', 'P-384', 'P-256']
const VERSIONS = [4, 4, 4, 3, 2]

/**
 * The lists have lengths without a common divisor, so that every pair of choices comes up.
 * @returns `{ kernel, cmdline, ramdisks, flags, version, signer }`; a size for each file
 */
export function eifCase(seed, index) {
  const random = randomOfCase(seed, index)
  const size = () => (random.chance(0.6) ? random.pick(SIZES) : random.below(10_000))
  const version = VERSIONS[index % VERSIONS.length]
  return {
    kernel: Math.max(1, size()),
    cmdline: CMDLINES[index % CMDLINES.length],
    ramdisks: Array.from({ length: RAMDISKS[index % RAMDISKS.length] }, size),
    flags: random.below(2),
    version,
    signer: version === 2 ? 'none' : SIGNERS[index % SIGNERS.length],
  }
}

/** What the files of a case hold: kernel first, then the ramdisks. */
export function eifContents(seed, index) {
  const { kernel, ramdisks } = eifCase(seed, index)
  const random = randomOfCase(seed + 1, index)
  return { kernel: random.octets(kernel), ramdisks: ramdisks.map((size) => random.octets(size)) }
}
