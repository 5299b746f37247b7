/** Builds logs as firmware, dstack and gateways write them: simulated content, the real shapes. */
import { sha256, sha384 } from '../../../src/core/crypto/index.ts'
import { concatBytes, decodeHex, encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { Writer } from '../../../src/core/encoding/writer.ts'
import {
  ALG_SHA384,
  type Ccel,
  type CcelEvent,
  EV_EFI_ACTION,
  EV_EFI_VARIABLE_BOOT,
  EV_EFI_VARIABLE_DRIVER_CONFIG,
  EV_IPL,
  EV_SEPARATOR,
  encodeCcel,
  type LoggedEvent,
  listCcelEvents,
  REGISTERS,
  RUNTIME_EVENT_TYPE,
  replay,
  runtimeDigest,
  SESSION_EVENT_TYPE,
  sessionDigest,
  type TdxRegisters,
} from '../../../src/core/event-log/index.ts'

const ALG_SHA256 = 0x000b
export const GLOBAL_GUID = '8be4df61-93ca-11d2-aa0d-00e098032b8c'
const DATABASE_GUID = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f'
const EV_EVENT_TAG = 0x00000006
const EV_PLATFORM_CONFIG_FLAGS = 0x0000000a
const EV_EFI_BOOT_SERVICES_APPLICATION = 0x80000003
const EV_EFI_PLATFORM_FIRMWARE_BLOB2 = 0x8000000a
const EV_EFI_HANDOFF_TABLES2 = 0x8000000b
const NUL: Uint8Array = Uint8Array.of(0)

/** An event of a CCEL, where `index` is the register plus one. `hashed` is what the digest is taken of: the event data unless given. */
export function ccelEvent(index: number, type: number, data: Uint8Array, hashed: Uint8Array = data): CcelEvent {
  return { index, type, digests: [{ algorithm: ALG_SHA384, digest: sha384(hashed) }], data }
}

/** An event whose text is only a label. */
function labelled(index: number, type: number, label: string, content: string): CcelEvent {
  return ccelEvent(index, type, encodeUtf8(label), encodeUtf8(`SIMULATED ${content}`))
}

/** UEFI_VARIABLE_DATA. */
export function efiVariable(guid: string, name: string, data: Uint8Array): Uint8Array {
  const [a = '', b = '', c = '', d = '', e = ''] = guid.split('-')
  const [first, second, third] = [a, b, c].map((group) => decodeHex(group).reverse())
  const w = new Writer(32 + 2 * name.length + data.length)
  for (const group of [first, second, third]) w.bytes(group ?? NUL)
  w.bytes(decodeHex(d)).bytes(decodeHex(e)).u64le(BigInt(name.length)).u64le(BigInt(data.length))
  for (const letter of name) w.u16le(letter.charCodeAt(0))
  return w.bytes(data).finish()
}

export function configVariable(name: string, data: Uint8Array, guid: string = GLOBAL_GUID): CcelEvent {
  return ccelEvent(1, EV_EFI_VARIABLE_DRIVER_CONFIG, efiVariable(guid, name, data))
}

/** Firmware hashes the content of boot variables alone. */
function bootVariable(name: string, data: Uint8Array): CcelEvent {
  return ccelEvent(1, EV_EFI_VARIABLE_BOOT, efiVariable(GLOBAL_GUID, name, data), data)
}

export function separator(index: number): CcelEvent {
  return ccelEvent(index, EV_SEPARATOR, new Uint8Array(4))
}

export function action(index: number, text: string): CcelEvent {
  return ccelEvent(index, EV_EFI_ACTION, encodeUtf8(text))
}

/** GRUB hashes the text without the word before it and without the NUL behind it. */
function grub(word: string, text: string): CcelEvent {
  return ccelEvent(3, EV_IPL, concatBytes(encodeUtf8(`${word}: ${text}`), NUL), encodeUtf8(text))
}

export const KERNEL_CMDLINE = '/boot/vmlinuz root=/dev/mapper/verity ro'

/** QEMU and OVMF with direct kernel boot. */
export function directBoot(): readonly CcelEvent[] {
  const empty = new Uint8Array()
  return [
    labelled(1, EV_EFI_HANDOFF_TABLES2, '\tTdxTable', 'TD HOB'),
    labelled(1, EV_EFI_PLATFORM_FIRMWARE_BLOB2, ')Fv(SIMULATED)', 'CFV image'),
    configVariable('SecureBoot', NUL),
    configVariable('PK', empty),
    configVariable('KEK', empty),
    configVariable('db', empty, DATABASE_GUID),
    configVariable('dbx', empty, DATABASE_GUID),
    separator(1),
    labelled(1, EV_PLATFORM_CONFIG_FLAGS, 'ACPI DATA', 'ACPI loader'),
    labelled(1, EV_PLATFORM_CONFIG_FLAGS, 'ACPI DATA', 'RSDP'),
    labelled(1, EV_PLATFORM_CONFIG_FLAGS, 'ACPI DATA', 'ACPI tables'),
    labelled(2, EV_EFI_BOOT_SERVICES_APPLICATION, 'SIMULATED device path', 'kernel'),
    bootVariable('BootOrder', new Uint8Array(2)),
    bootVariable('Boot0000', encodeUtf8('SIMULATED load option')),
    action(2, 'Calling EFI Application from Boot Option'),
    separator(2),
    labelled(3, EV_EVENT_TAG, 'LOADED_IMAGE::LoadOptions\0', 'command line'),
    labelled(3, EV_EVENT_TAG, 'Linux initrd\0', 'initrd'),
    action(2, 'Exit Boot Services Invocation'),
    action(2, 'Exit Boot Services Returned with Success'),
  ]
}

/** The same firmware with a boot loader in between. */
export function grubBoot(): readonly CcelEvent[] {
  return [
    ...directBoot().filter(({ index }) => index !== 3),
    labelled(3, EV_IPL, 'MokList\0', 'MOK list'),
    grub('grub_cmd', 'set default=0'),
    grub('kernel_cmdline', KERNEL_CMDLINE),
    labelled(3, EV_IPL, '/boot/initrd\0', 'initrd'),
  ]
}

export function ccelOf(events: readonly CcelEvent[]): Ccel {
  const specId = {
    ...{ index: 1, platformClass: 0, versionMinor: 0, versionMajor: 2, errata: 0, uintnSize: 2 },
    algorithms: [{ algorithm: ALG_SHA384, size: 48 }],
    vendorInfo: new Uint8Array(),
  }
  return { specId, events }
}

/** The log with a SHA-256 digest before each SHA-384 one. */
export function withSha256(ccel: Ccel): Ccel {
  const events = ccel.events.map((event) => ({
    ...event,
    digests: [{ algorithm: ALG_SHA256, digest: sha256(event.data) }, ...event.digests],
  }))
  const algorithms = [{ algorithm: ALG_SHA256, size: 32 }, ...ccel.specId.algorithms]
  return { specId: { ...ccel.specId, algorithms }, events }
}

export function encodeEvents(events: readonly CcelEvent[]): Uint8Array {
  return encodeCcel(ccelOf(events))
}

export function logged(events: readonly CcelEvent[]): readonly LoggedEvent[] {
  return listCcelEvents(ccelOf(events))
}

export function runtime(name: string, payload: Uint8Array = new Uint8Array(), version: 1 | 2 = 1): LoggedEvent {
  const digest = runtimeDigest({ name, payload }, version)
  return { register: 3, type: RUNTIME_EVENT_TYPE, digest, name, payload }
}

export const COMPOSE_HASH: Uint8Array = sha256(encodeUtf8('SIMULATED compose file'))
export const MODEL_DIGEST: Uint8Array = sha256(encodeUtf8('SIMULATED model'))

/** RTMR3 of a dstack guest whose application adds the digest of its model before it is ready. */
export function dstackBoot(version: 1 | 2): readonly LoggedEvent[] {
  const event = (name: string, payload?: Uint8Array): LoggedEvent => runtime(name, payload, version)
  return [
    event('system-preparing'),
    event('app-id', COMPOSE_HASH.slice(0, 20)),
    event('compose-hash', COMPOSE_HASH),
    event('instance-id', sha256(encodeUtf8('SIMULATED instance')).slice(0, 20)),
    event('boot-mr-done'),
    event('key-provider', encodeUtf8('{"name":"simulated"}')),
    event('model-digest', MODEL_DIGEST),
    event('system-ready'),
  ]
}

/** A gateway's session event, with its octets or without. */
export function sessionEvent(session: Uint8Array, text: 'with' | 'without' = 'without'): LoggedEvent {
  const event = { register: 3, type: SESSION_EVENT_TYPE, digest: sessionDigest(session) } as const
  return text === 'with' ? { ...event, payload: session } : event
}

/** dstack's JSON array. */
export function encodeDstack(events: readonly LoggedEvent[], digests: 'all' | 'stripped' = 'all'): Uint8Array {
  const items = events.map(({ register, type, digest, name, payload }) => {
    const stripped = digests === 'stripped' && name !== undefined
    const text = digests === 'stripped' && name === undefined ? undefined : payload
    return {
      imr: register,
      event_type: type,
      digest: stripped ? '' : encodeHex(digest),
      event: name ?? '',
      event_payload: encodeHex(text ?? new Uint8Array()),
    }
  })
  return encodeUtf8(JSON.stringify(items))
}

/** The registers of a guest that measured these events. */
export function registersOf(events: readonly LoggedEvent[]): TdxRegisters {
  const [rtMr0, rtMr1, rtMr2, rtMr3] = REGISTERS.map((register) => replay(events, register))
  if (!rtMr0 || !rtMr1 || !rtMr2 || !rtMr3) throw new TypeError('four registers are due')
  return { rtMr0, rtMr1, rtMr2, rtMr3 }
}
