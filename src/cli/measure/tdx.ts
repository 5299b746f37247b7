/** `countersign measure tdx`: what a TDX guest will measure, from the files that it boots from. @module */
import { parseArgs } from 'node:util'
import { encodeHex } from '../../core/encoding/bytes.ts'
import { listEvents } from '../../core/event-log/index.ts'
import {
  authenticodeSha384,
  type BootEvent,
  CONSTANT_EVENTS,
  loadOptionsEvent,
  measureTdx,
  type TdxMeasured,
  type TdxPart,
  type TdxRegister,
} from '../../core/measurement/tdx/index.ts'
import { UsageError } from '../command.ts'
import { readEventLog } from '../evidence/event-log-file.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { readFirmware } from './launch-file.ts'
import { LOCK_ROW_HELP, LOCK_ROW_OPTIONS, lockRow, rowResources } from './lock-row.ts'
import {
  readAcpi,
  readBoot,
  readMemory,
  readPageOrder,
  readProgram,
  readVcpus,
  type TdxFileValues,
} from './tdx-inputs.ts'
import { type GivenFile, replayBoot } from './tdx-log.ts'
import { eventsOnTrust, missingRegisters, renderTdx, type TdxResult, tdxJson, wholeMeasurements } from './tdx-page.ts'
import type { Verb } from './verb.ts'

const EXAMPLE =
  'countersign measure tdx --tdvf OVMF.fd --memory 2G --vcpus 4 --kernel vmlinuz --initrd initrd.img --append console=ttyS0'
const HELP = `countersign measure tdx --tdvf FILE --memory SIZE [--vcpus N] [--qemu 8|9] [options]
countersign measure tdx --ccel FILE [--kernel FILE] [--append TEXT] [--json]

MRTD and RTMR0 to RTMR2 of a guest that QEMU starts, computed without hardware. What is not given is left out, never guessed: RTMR0 also covers
QEMU's ACPI files, which depend on its version, on vCPUs and on devices. Registers of a direct boot are those of OVMF from before edk2 202505,
built without Secure Boot; for other firmware, and for disks with a boot loader or a unified kernel image, replay the log of a boot with --ccel.

  --tdvf FILE          the firmware, whole: variables and code
  --memory SIZE        of the guest, with its unit: 2G, 2816M
  --vcpus N            of the guest; a lock row names them. One number a call: QEMU makes other ACPI files for each, and RTMR0 covers them
  --qemu 8|9           how pages are added: 9 and later (otherwise) or 8 with patches for TDX
  --kernel FILE        with --initrd FILE and --append TEXT, as QEMU gets them
  --acpi-tables FILE   etc/acpi/tables of QEMU, or sha384:… of it, with
  --acpi-rsdp FILE     etc/acpi/rsdp, and
  --acpi-loader FILE   etc/table-loader
  --ccel FILE          a log of a boot: each event is held against what is computed and against its own text, and those of which the log has
                       only a digest are said to be on trust; a --kernel without --initrd is then a program as it is, a unified kernel image.
                       Without --tdvf it gives RTMR0 to RTMR2 of that boot, and no lock row
  --json               the result for machines
${LOCK_ROW_HELP}

Example: ${EXAMPLE}
`
const OPTIONS = {
  tdvf: { type: 'string' },
  memory: { type: 'string' },
  vcpus: { type: 'string' },
  qemu: { type: 'string', default: '9' },
  kernel: { type: 'string' },
  initrd: { type: 'string' },
  append: { type: 'string' },
  'acpi-tables': { type: 'string' },
  'acpi-rsdp': { type: 'string' },
  'acpi-loader': { type: 'string' },
  ccel: { type: 'string' },
  json: { type: 'boolean', default: false },
  ...LOCK_ROW_OPTIONS,
} as const

function toParts(register: TdxRegister, events: readonly BootEvent[]): readonly TdxPart[] {
  return events.map(({ name, digest }) => ({ register, name, digest: encodeHex(digest) }))
}

/** What events of a log can be recognised by, beside what a direct boot measures. */
async function knownParts({ kernel, append }: TdxFileValues): Promise<readonly TdxPart[]> {
  const program =
    kernel === undefined ? [] : [{ name: 'kernel as it is', digest: authenticodeSha384(await readProgram(kernel)) }]
  return [
    ...toParts('rtMr0', CONSTANT_EVENTS.rtMr0),
    ...toParts('rtMr1', [...CONSTANT_EVENTS.rtMr1, ...program]),
    ...toParts('rtMr2', append === undefined ? [] : [loadOptionsEvent(append)]),
  ]
}

/** By what names their events are known. A kernel may be measured as QEMU changes it, or as it is. */
const GIVEN: readonly (readonly [keyof TdxFileValues, readonly string[]])[] = [
  ['kernel', ['kernel', 'kernel as it is']],
  ['initrd', ['initrd']],
  ['append', ['command line']],
  ['acpi-tables', ['ACPI tables']],
  ['acpi-rsdp', ['ACPI RSDP']],
  ['acpi-loader', ['ACPI loader']],
]

function givenFiles(values: TdxFileValues): readonly GivenFile[] {
  return GIVEN.flatMap(([option, names]) => (values[option] === undefined ? [] : [{ option: `--${option}`, names }]))
}

async function replayFile(
  file: string,
  measured: TdxMeasured | undefined,
  values: TdxFileValues,
): Promise<Omit<TdxResult, 'inputs'>> {
  const events = listEvents({ format: 'record', octets: await readEventLog(file) })
  const { parts = [], measurements } = measured ?? {}
  const known = [...parts, ...(await knownParts(values))]
  const firmware = measured === undefined ? 'none' : 'given'
  const boot = replayBoot(events, { known, given: givenFiles(values), firmware })
  return {
    measurements: { ...(measurements && { mrTd: measurements.mrTd }), ...boot.measurements },
    parts: [...parts.filter(({ register }) => register === 'mrTd'), ...boot.parts],
    runtimeEvents: boot.runtimeEvents,
  }
}

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS }).values
type Values = ReturnType<typeof parse>

/** What is computed together with the firmware, so that a log could not be held against it. */
const BESIDE_FIRMWARE = ['memory', 'initrd', 'acpi-tables', 'acpi-rsdp', 'acpi-loader'] as const

function checkFirmware(values: Values): void {
  if (values.tdvf !== undefined) return
  const beside = BESIDE_FIRMWARE.find((option) => values[option] !== undefined)
  if (values.ccel !== undefined && beside !== undefined)
    throw new UsageError(`--${beside} is computed together with the firmware`, 'Give --tdvf FILE with it.')
}

/** What does not go together is said before anything is read. */
function checkValues(values: Values): void {
  const { kernel, initrd, append, ccel, json, config, model, 'lock-row': asked } = values
  checkFirmware(values)
  if (json && asked) throw new UsageError('--json and --lock-row exclude each other', 'A row is JSON already.')
  if (!asked && (config !== undefined || model !== undefined))
    throw new UsageError('--config and --model say what a lock row holds', 'Give --lock-row with them.')
  if (asked && values.vcpus === undefined)
    throw new UsageError('a lock row names the number of vCPUs', 'Give --vcpus N.')
  if (ccel === undefined && (kernel === undefined) !== (initrd === undefined))
    throw new UsageError('a kernel is measured with its initrd', 'Give --kernel and --initrd together.')
  if (ccel === undefined && append !== undefined && kernel === undefined)
    throw new UsageError('--append is the command line of a kernel', 'Give --kernel and --initrd with it.')
}

async function measure(values: Values): Promise<TdxResult> {
  const { tdvf, qemu, ccel } = values
  if (tdvf === undefined && ccel !== undefined)
    return { ...(await replayFile(ccel, undefined, values)), inputs: { log: 'replayed' } }
  if (tdvf === undefined) throw new UsageError('measure tdx wants the firmware', `For example: ${EXAMPLE}`)
  const memorySize = readMemory(values.memory)
  const vcpus = readVcpus(values.vcpus)
  const pageOrder = readPageOrder(qemu)
  const acpi = await readAcpi(values)
  const boot = await readBoot(values)
  const { octets: firmware } = await readFirmware(tdvf)
  const measured = measureTdx({ firmware, pageOrder, memorySize, ...(acpi && { acpi }), ...(boot && { boot }) })
  const seen = ccel === undefined ? measured : await replayFile(ccel, measured, values)
  const log = ccel === undefined ? 'none' : 'replayed'
  return { ...seen, inputs: { qemu, memorySize, ...(vcpus !== undefined && { vcpus }), log } }
}

function rowOf(result: TdxResult, values: Values): string {
  const measurements = wholeMeasurements(result)
  if (measurements === undefined) {
    const missing = missingRegisters(result).map(({ register, why }) => `${register}: ${why}`)
    throw new UsageError('a lock row holds all four registers', `Missing are ${missing.join('; ')}.`)
  }
  const { qemu, vcpus, memory, ccel } = values
  const trusted = eventsOnTrust(result)
  const log = ccel === undefined ? '' : `, log replayed${trusted === 0 ? '' : `, ${trusted} events on trust`}`
  const shape = `qemu ${qemu}, ${vcpus} vCPUs, ${memory} memory${log}`
  return lockRow({ platform: 'tdx', measurements }, shape, rowResources(values))
}

export const verb: Verb = {
  summary: 'MRTD and RTMR0 to RTMR2 of a TDX guest, from firmware, kernel, initrd, command line and memory',
  help: HELP,
  async run(args, io) {
    const values = parse(args)
    checkValues(values)
    if (values['lock-row']) rowResources(values)
    const result = await measure(values)
    io.out(values['lock-row'] ? rowOf(result, values) : values.json ? tdxJson(result) : renderTdx(result))
    return EXIT_OK
  },
}
