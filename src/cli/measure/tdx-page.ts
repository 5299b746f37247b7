/** What `measure tdx` prints. @module */
import type { TdxPart } from '../../core/measurement/tdx/index.ts'
import type { TdxMeasurements } from '../../core/tdx/index.ts'
import { renderFields } from '../output.ts'
import type { ReplayedPart } from './tdx-log.ts'

export interface TdxResult {
  readonly measurements: Partial<TdxMeasurements>
  /** Of the log, if there is one. */
  readonly runtimeEvents?: number
  readonly parts: readonly (TdxPart | ReplayedPart)[]
  /** As given, for machines. */
  readonly inputs: Readonly<Record<string, string | number>>
}

const REGISTERS = ['mrTd', 'rtMr0', 'rtMr1', 'rtMr2'] as const
const ACPI = "it covers QEMU's ACPI files: give --acpi-tables, --acpi-rsdp and --acpi-loader, or --ccel"
const KERNEL = 'give --kernel and --initrd, or --ccel'
const FIRMWARE = 'it covers the firmware: give --tdvf and --memory'
const WHY: Readonly<Record<keyof TdxMeasurements, string>> = {
  mrTd: FIRMWARE,
  rtMr0: ACPI,
  rtMr1: KERNEL,
  rtMr2: KERNEL,
}
const GROUNDS = {
  computed: 'computed',
  text: 'proven by its text in the log',
  trust: 'ON TRUST',
} as const

const BUILDS =
  'RTMR0 to RTMR2 are those of OVMF from before edk2 202505, built without Secure Boot; of other firmware replay the log of a boot: --ccel.'
/** Letters of a name that are shown: boot loaders measure whole menus. JSON has them all. */
const MAX_NAME = 80

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
  if (mrTd === undefined || rtMr0 === undefined || rtMr1 === undefined || rtMr2 === undefined) return undefined
  return { mrTd, rtMr0, rtMr1, rtMr2 }
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
  const short = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name
  return `${short}${place}: ${shown}${'grounds' in part ? `, ${GROUNDS[part.grounds]}` : ''}`
}

export function renderTdx(result: TdxResult): string {
  const missing = missingRegisters(result)
  const registers = REGISTERS.map((register): readonly [string, string] => [
    register,
    result.measurements[register] ?? `not computed: ${missing.find((one) => one.register === register)?.why ?? ''}`,
  ])
  const { runtimeEvents } = result
  const runtime: readonly (readonly [string, string])[] =
    runtimeEvents === undefined
      ? []
      : [['rtMr3', `grows at run time and is in no pin; the log has ${runtimeEvents} events of it`]]
  const parts = result.parts.map((part): readonly [string, string] => [part.register, describePart(part)])
  const trusted = eventsOnTrust(result)
  const words = [
    ...(trusted > 0
      ? [`${trusted} events of the log are taken on trust: pin them only from a boot that you saw.`]
      : []),
    ...(runtimeEvents === undefined ? [BUILDS] : []),
  ]
  const said = words.length === 0 ? [] : ['', ...words]
  return `${[renderFields([...registers, ...runtime]), '', renderFields(parts), ...said].join('\n')}\n`
}

export function tdxJson(result: TdxResult): string {
  const missing = missingRegisters(result)
  const { measurements, parts, inputs, runtimeEvents } = result
  return `${JSON.stringify({
    platform: 'tdx',
    measurements,
    ...(missing.length > 0 && { missing }),
    parts,
    ...(runtimeEvents !== undefined && { runtimeEvents }),
    inputs,
  })}\n`
}
