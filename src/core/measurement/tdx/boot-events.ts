/**
 * What OVMF of edk2 before 202505, built without Secure Boot, and the EFI stub of Linux measure when QEMU boots a kernel directly, in their
 * order. Later firmware measures more, and some of it only the build knows; with Secure Boot built in the first variable is not empty; older
 * builds put the separator of RTMR1 into RTMR0. For them, and for disks with a boot loader, the log of a boot is replayed instead.
 * @module
 */
import { sha384 } from '../../crypto/index.ts'
import { encodeUtf8 } from '../../encoding/utf8.ts'
import { encodeEfiVariable, encodeLoadOption, encodeUtf16 } from './efi-variable.ts'
import { launchFault } from './faults.ts'
import type { BootEvent } from './rtmr.ts'

/** SHA-384 of the three files that QEMU makes for the firmware; they depend on its version, on vCPUs and on devices. */
export interface AcpiDigests {
  /** etc/table-loader. */
  readonly loader: Uint8Array
  /** etc/acpi/rsdp. */
  readonly rsdp: Uint8Array
  /** etc/acpi/tables. */
  readonly tables: Uint8Array
}

const DIGEST_SIZE = 48
const GLOBAL = '8be4df61-93ca-11d2-aa0d-00e098032b8c'
const IMAGE_SECURITY = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f'
/** Without Secure Boot each is measured, and empty. */
const VARIABLES = [
  { vendor: GLOBAL, name: 'SecureBoot' },
  { vendor: GLOBAL, name: 'PK' },
  { vendor: GLOBAL, name: 'KEK' },
  { vendor: IMAGE_SECURITY, name: 'db' },
  { vendor: IMAGE_SECURITY, name: 'dbx' },
] as const
/** Active, hidden, an application. */
const UI_APP_ATTRIBUTES = 0x109
/** The one boot option that the firmware has of itself. */
const UI_APP = {
  attributes: UI_APP_ATTRIBUTES,
  description: 'UiApp',
  volume: '7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1',
  file: '462caa21-7614-4503-836e-8ab6f4662331',
} as const

function event(name: string, ...octets: readonly Uint8Array[]): BootEvent {
  return { name, digest: sha384(...octets) }
}

const SEPARATOR: BootEvent = event('separator', new Uint8Array(4))

export function firmwareEvents(tdHob: Uint8Array, cfv: Uint8Array): readonly BootEvent[] {
  return [event('TD HOB', tdHob), event('CFV', cfv)]
}

const VARIABLE_EVENTS: readonly BootEvent[] = VARIABLES.map((variable) =>
  event(variable.name, encodeEfiVariable(variable, new Uint8Array())),
)
const BOOT_OPTIONS: readonly BootEvent[] = [
  event('BootOrder', new Uint8Array(2)),
  event('Boot0000', encodeLoadOption(UI_APP)),
]
const ACTIONS: readonly BootEvent[] = [
  'Calling EFI Application from Boot Option',
  'Exit Boot Services Invocation',
  'Exit Boot Services Returned with Success',
].map((text) => event(text, encodeUtf8(text)))

/** What is measured of every direct boot, and what much of it is of other boots. */
export const CONSTANT_EVENTS: { readonly rtMr0: readonly BootEvent[]; readonly rtMr1: readonly BootEvent[] } = {
  rtMr0: [...VARIABLE_EVENTS, SEPARATOR, ...BOOT_OPTIONS],
  rtMr1: [...ACTIONS, SEPARATOR],
}

/** @throws MalformedError LAUNCH_INVALID: of another size it would be hashed all the same */
function given(name: string, digest: Uint8Array): BootEvent {
  if (digest.length === DIGEST_SIZE) return { name, digest }
  throw launchFault(`the digest of the ${name} has ${digest.length} octets, not ${DIGEST_SIZE}`)
}

/** Everything of RTMR0 behind what the firmware's own file and the memory decide. */
export function configurationEvents({ loader, rsdp, tables }: AcpiDigests): readonly BootEvent[] {
  return [
    ...VARIABLE_EVENTS,
    SEPARATOR,
    given('ACPI loader', loader),
    given('ACPI RSDP', rsdp),
    given('ACPI tables', tables),
    ...BOOT_OPTIONS,
  ]
}

/** RTMR1. */
export function kernelEvents(kernel: Uint8Array): readonly BootEvent[] {
  const [calling, ...exits] = ACTIONS
  return [{ name: 'kernel', digest: kernel }, ...(calling ? [calling] : []), SEPARATOR, ...exits]
}

/** The options that a program got, as the EFI stub of Linux measures them. */
export function loadOptionsEvent(commandLine: string): BootEvent {
  return event('command line', encodeUtf16(`${commandLine}\0`))
}

/** RTMR2. OVMF tells the kernel where the initrd is by a word of its own. */
export function commandEvents(commandLine: string, initrd: Uint8Array): readonly BootEvent[] {
  // The firmware widens octet by octet, which is UTF-16 for ASCII alone.
  if (!/^[\t -~]*$/.test(commandLine)) throw launchFault('the command line is not printable ASCII')
  // QEMU writes the mode into the kernel's header, so that RTMR1 would differ.
  if (commandLine.includes('vga='))
    throw launchFault('the command line holds "vga=", for which QEMU changes the kernel')
  return [loadOptionsEvent(`${commandLine} initrd=initrd`), given('initrd', initrd)]
}
