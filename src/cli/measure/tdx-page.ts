/** What `measure tdx` prints. @module */
import type { TdxMeasured, TdxPart } from '../../core/measurement/tdx/index.ts'
import type { TdxMeasurements } from '../../core/tdx/index.ts'
import { renderFields } from '../output.ts'
import type { ReplayedPart } from './tdx-log.ts'

export interface TdxResult {
  readonly measurements: TdxMeasured['measurements']
  readonly parts: readonly (TdxPart | ReplayedPart)[]
  /** As given, for machines. */
  readonly inputs: Readonly<Record<string, string | number>>
}

const REGISTERS = ['mrTd', 'rtMr0', 'rtMr1', 'rtMr2'] as const
const ACPI = "it covers QEMU's ACPI files: give --acpi-tables, --acpi-rsdp and --acpi-loader, or --ccel"
const KERNEL = 'give --kernel and --initrd, or --ccel'
const WHY: Readonly<Record<keyof TdxMeasurements, string>> = { mrTd: '', rtMr0: ACPI, rtMr1: KERNEL, rtMr2: KERNEL }
const GROUNDS = {
  computed: 'computed from what is given',
  text: 'proven by its text in the log',
  trust: 'ON TRUST',
} as const

export interface MissingRegister {
  readonly register: keyof TdxMeasurements
  readonly why: string
}

export function missingRegisters({ measurements }: Pick<TdxResult, 'measurements'>): readonly MissingRegister[] {
  return REGISTERS.filter((register) => measurements[register] === undefined).map((register) => ({
    register,
    why: WHY[register],
  }))
}

/** All four; undefined where one is missing. */
export function wholeMeasurements({ measurements }: Pick<TdxResult, 'measurements'>): TdxMeasurements | undefined {
  const { mrTd, rtMr0, rtMr1, rtMr2 } = measurements
  return rtMr0 === undefined || rtMr1 === undefined || rtMr2 === undefined ? undefined : { mrTd, rtMr0, rtMr1, rtMr2 }
}

/** Those that a log has only a digest of: whoever wrote it chose what they are. */
export function eventsOnTrust({ parts }: Pick<TdxResult, 'parts'>): number {
  return parts.filter((part) => 'grounds' in part && part.grounds === 'trust').length
}

function describePart(part: TdxPart | ReplayedPart): string {
  const { name, digest, gpa, size, offset } = part
  const place =
    gpa === undefined
      ? ''
      : `, 0x${gpa.toString(16)}, ${size} octets${offset === undefined ? '' : `, file 0x${offset.toString(16)}`}`
  const shown = digest === undefined ? 'contents not measured' : `${digest.slice(0, 16)}…`
  return `${name}${place}: ${shown}${'grounds' in part ? `, ${GROUNDS[part.grounds]}` : ''}`
}

export function renderTdx(result: TdxResult): string {
  const missing = missingRegisters(result)
  const registers = REGISTERS.map((register): readonly [string, string] => [
    register,
    result.measurements[register] ?? `not computed: ${missing.find((one) => one.register === register)?.why ?? ''}`,
  ])
  const parts = result.parts.map((part): readonly [string, string] => [part.register, describePart(part)])
  const trusted = eventsOnTrust(result)
  const words =
    trusted === 0
      ? []
      : ['', `${trusted} events of the log are taken on trust: pin them only from a boot that you saw.`]
  return `${[renderFields(registers), '', renderFields(parts), ...words].join('\n')}\n`
}

export function tdxJson(result: TdxResult): string {
  const { measurements, parts, inputs } = result
  const missing = missingRegisters(result)
  return `${JSON.stringify({ platform: 'tdx', measurements, ...(missing.length > 0 && { missing }), parts, inputs })}\n`
}
