/** What `measure snp` prints: pages for people, lines for machines. @module */
import { encodeHex } from '../../core/encoding/bytes.ts'
import type { MeasuredSnpLaunch, SnpPart } from '../../core/measurement/snp/index.ts'
import { grouped } from '../log/progress.ts'
import { printable, renderFields } from '../printable.ts'
import type { DigestedFile } from './launch-file.ts'

export interface NamedFile extends DigestedFile {
  readonly file: string
}

/** What the digest was computed from. */
export interface SnpInputs {
  readonly firmware: NamedFile
  readonly firmwareDigest: string
  readonly kernel: NamedFile | 'none'
  readonly initrd: NamedFile | 'none'
  readonly commandLine: string
  readonly vmm: string
  readonly vcpuType: string
  readonly guestFeatures: bigint
}

const featuresOf = ({ guestFeatures }: SnpInputs): string => `0x${guestFeatures.toString(16)}`

/** For a row of the lock: `qemu, EPYC-v4, 4 vCPUs`, and what keeps the row from pinning as much as others do. */
export function shapeOf(inputs: SnpInputs, vcpus: number): string {
  const { vmm, vcpuType, guestFeatures, kernel, firmwareDigest } = inputs
  return [
    vmm,
    ...(vcpuType === 'none' ? [] : [vcpuType]),
    vcpus === 1 ? '1 vCPU' : `${vcpus} vCPUs`,
    ...(guestFeatures === 1n ? [] : [`guest features ${featuresOf(inputs)}`]),
    ...(kernel === 'none' ? ['no kernel measured'] : []),
    ...(firmwareDigest === 'computed' ? [] : ['firmware digest as given']),
  ].join(', ')
}

function fileWords({ file, size, sha256 }: NamedFile): string {
  return `${printable(file)}, ${grouped(size)} octets, sha256:${encodeHex(sha256)}`
}

function bootFields({ kernel, initrd, commandLine }: SnpInputs): readonly (readonly [string, string])[] {
  if (kernel === 'none') return [['kernel', 'none: what the firmware boots from a disk is not in this digest']]
  return [
    ['kernel', fileWords(kernel)],
    ['initrd', initrd === 'none' ? 'none' : fileWords(initrd)],
    ['command line', commandLine === '' ? 'empty' : printable(commandLine)],
  ]
}

const placeOf = ({ gpa }: SnpPart): string => (gpa === 'none' ? '-' : `0x${gpa.toString(16)}`)

function partLines(parts: readonly SnpPart[]): string {
  const rows = [
    ['part', 'at', 'octets', 'launch digest so far'],
    ...parts.map((part) => [part.name, placeOf(part), grouped(part.size), `${part.digest.slice(0, 16)}…`]),
  ]
  const width = (column: number): number => Math.max(...rows.map((row) => (row[column] ?? '').length))
  const [name, at, size] = [width(0), width(1), width(2)]
  return rows
    .map(([a = '', b = '', c = '', d = '']) => `  ${a.padEnd(name)}  ${b.padEnd(at)}  ${c.padStart(size)}  ${d}`)
    .join('\n')
}

export function snpPage(inputs: SnpInputs, { parts, measurements }: MeasuredSnpLaunch): string {
  const { firmware, firmwareDigest, vmm, vcpuType } = inputs
  const facts = renderFields([
    ['firmware', fileWords(firmware)],
    ...(firmwareDigest === 'computed' ? [] : [['measured as', `${firmwareDigest}, as given`] as const]),
    ...bootFields(inputs),
    ['host', vcpuType === 'none' ? vmm : `${vmm}, ${vcpuType}`],
    ['guest features', featuresOf(inputs)],
  ])
  const digests = [...measurements].map(([vcpus, { measurement }]): readonly [string, string] => [
    vcpus === 1 ? '1 vCPU' : `${vcpus} vCPUs`,
    measurement,
  ])
  return `${facts}\n\n${partLines(parts)}\n\n${renderFields(digests)}\n`
}

const fileJson = (file: NamedFile | 'none'): unknown =>
  file === 'none' ? file : { file: file.file, size: file.size, digest: `sha256:${encodeHex(file.sha256)}` }

/** One line for each number of vCPUs. */
export function snpJson(inputs: SnpInputs, { parts, measurements }: MeasuredSnpLaunch): string {
  const { firmware, firmwareDigest, kernel, initrd, commandLine, vmm, vcpuType } = inputs
  const isVcpu = ({ gpa }: SnpPart): boolean => gpa === 'none'
  const common = parts.filter((part) => !isVcpu(part))
  const partJson = (part: SnpPart): unknown => ({ ...part, gpa: placeOf(part) })
  return [...measurements]
    .map(([vcpus, one]) => {
      const last = parts.filter((part) => isVcpu(part) && part.digest === one.measurement)
      return `${JSON.stringify({
        platform: 'snp',
        measurements: one,
        parts: [...common, ...last].map(partJson),
        inputs: {
          firmware: fileJson(firmware),
          firmwareDigest,
          kernel: fileJson(kernel),
          initrd: fileJson(initrd),
          commandLine,
          vmm,
          vcpuType,
          guestFeatures: featuresOf(inputs),
          vcpus,
        },
      })}\n`
    })
    .join('')
}
