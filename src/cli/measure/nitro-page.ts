/** A measured enclave image, for people and for machines. Command line, metadata and certificate were chosen by whoever built it. @module */
import { encodePem } from '../../core/encoding/pem.ts'
import type { EifMeasured, EifSection } from '../../core/measurement/eif/index.ts'
import { grouped } from '../log/progress.ts'
import { printable, renderFields } from '../output.ts'

/** Digits of a part's digest: for comparing by eye. */
const SHOWN_DIGITS = 'sha256:'.length + 16
const MIB = 1024 * 1024

/** Which registers a part goes into. */
function registersOf({ kind }: EifSection, ramdisk: number): readonly string[] {
  switch (kind) {
    case 'kernel':
    case 'cmdline':
      return ['PCR0', 'PCR1']
    case 'ramdisk':
      return ramdisk === 0 ? ['PCR0', 'PCR1'] : ['PCR0', 'PCR2']
    case 'signature':
      return ['PCR8']
    case 'metadata':
      return []
    default:
      return kind satisfies never
  }
}

interface Part extends EifSection {
  readonly name: string
  readonly registers: readonly string[]
}

/** Ramdisks are numbered: only the first is part of what boots, the others are the application. */
export function partsOf({ sections }: EifMeasured): readonly Part[] {
  let ramdisks = 0
  return sections.map((section) => {
    const index = section.kind === 'ramdisk' ? ramdisks++ : 0
    const name = section.kind === 'ramdisk' ? `ramdisk ${index}` : section.kind
    return { ...section, name, registers: registersOf(section, index) }
  })
}

function renderParts(parts: readonly Part[]): string {
  const rows = parts.map(({ name, offset, size, digest, registers }) => [
    name,
    grouped(offset),
    grouped(size),
    `${digest.slice(0, SHOWN_DIGITS)}…`,
    registers.length === 0 ? 'not measured' : registers.join(' '),
  ])
  const table = [['part', 'offset', 'octets', 'digest', 'in'], ...rows]
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? []
  return table
    .map((row) => {
      const cells = row.map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 1 || column === 2 ? cell.padStart(width) : cell.padEnd(width)
      })
      return `  ${cells.join('  ').trimEnd()}`
    })
    .join('\n')
}

export function renderImage(image: EifMeasured): string {
  const { measurements, signature, architecture, version, defaultMemory, defaultCpus, commandLine } = image
  const signed: readonly (readonly [string, string])[] =
    signature === 'none'
      ? [['PCR8', 'zero: the image is not signed']]
      : [
          ['PCR8', signature.pcr8],
          [
            'signed',
            `${signature.algorithm} over PCR0; the certificate runs from ${signature.notBefore.toISOString()} to ${signature.notAfter.toISOString()}`,
          ],
        ]
  const facts = renderFields([
    ['image', `enclave image version ${version} for ${architecture}, ${grouped(image.size)} octets`],
    ['digest', image.digest],
    ['command line', printable(commandLine)],
    ['defaults', `${grouped(Math.floor(defaultMemory / MIB))} MiB, ${grouped(defaultCpus)} CPUs; not measured`],
    ['PCR0', measurements.pcr0],
    ['PCR1', measurements.pcr1],
    ['PCR2', measurements.pcr2],
    ...signed,
  ])
  return `${renderParts(partsOf(image))}\n\n${facts}\n`
}

export function imageJson(image: EifMeasured): string {
  const { measurements, signature, version, architecture, size, digest, commandLine, metadata } = image
  const parts = partsOf(image).map(({ name, offset, size: octets, digest: of, registers }) => ({
    name,
    offset,
    size: octets,
    digest: of,
    registers: registers.map((register) => register.toLowerCase()),
  }))
  return `${JSON.stringify({
    platform: 'nitro',
    measurements,
    signature: signature === 'none' ? signature : signatureJson(signature),
    parts,
    inputs: { image: { digest, size }, version, architecture, commandLine, metadata },
  })}\n`
}

function signatureJson({
  pcr8,
  algorithm,
  certificate,
  notBefore,
  notAfter,
}: Exclude<EifMeasured['signature'], 'none'>) {
  return { pcr8, algorithm, certificate: encodePem(certificate, 'CERTIFICATE'), notBefore, notAfter }
}
