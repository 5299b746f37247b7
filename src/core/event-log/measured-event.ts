/** What an event proves: the part of its text that its digest covers, and nothing else. Its type is not hashed, so it never is a proof. @module */
import { sha384 } from '../crypto/index.ts'
import { sameBytes } from '../encoding/bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../encoding/utf8.ts'
import { decodeEfiVariable } from './efi-variable.ts'
import {
  EV_EFI_ACTION,
  EV_EFI_VARIABLE_AUTHORITY,
  EV_EFI_VARIABLE_BOOT,
  EV_EFI_VARIABLE_BOOT2,
  EV_EFI_VARIABLE_DRIVER_CONFIG,
  EV_IPL,
  EV_SEPARATOR,
  type LoggedEvent,
  type Register,
  RUNTIME_EVENT_TYPE,
  SESSION_EVENT_TYPE,
} from './logged-event.ts'
import { matchRuntimeDigest } from './runtime-events.ts'
import { sessionDigest } from './session-digest.ts'

/**
 * - `separator` ends the firmware's phase of a register.
 * - `efi-variable` name is `<vendor GUID>/<variable>`, payload its content.
 * - `efi-variable-data` content of a boot variable; firmware leaves the name out of the digest, so there is none.
 * - `efi-action`, `ipl` name is the text itself.
 * - `runtime` an event of dstack or of an application.
 * - `session` a session of this project's gateway; payload is its octets.
 */
export type ClaimKind =
  | 'separator'
  | 'efi-variable'
  | 'efi-variable-data'
  | 'efi-action'
  | 'ipl'
  | 'runtime'
  | 'session'

interface MeasuredBase {
  readonly register: Register
  /** As the log labels it. */
  readonly type: number
  readonly digest: Uint8Array
}

/** Text that hashes to what went into the register. */
export interface Claim extends MeasuredBase {
  readonly kind: ClaimKind
  /** Empty where the digest covers no name. */
  readonly name: string
  readonly payload: Uint8Array
}

/** Something was measured; what it was is known to nobody who only has the log. */
export interface OpaqueEvent extends MeasuredBase {
  readonly kind: 'opaque'
}

export type MeasuredEvent = Claim | OpaqueEvent

/** PFP: both values end the phase without an error. */
const SEPARATORS: readonly { readonly payload: Uint8Array; readonly digest: Uint8Array }[] = [0x00, 0xff]
  .map((octet) => new Uint8Array(4).fill(octet))
  .map((payload) => ({ payload, digest: sha384(payload) }))
/** What GRUB writes before the text that it hashes. */
const IPL_PREFIXES: readonly Uint8Array[] = ['grub_cmd: ', 'kernel_cmdline: ', 'module_cmdline: '].map(encodeUtf8)

/** The event as far as its digest proves it; `forged` where its kind is always hashed from its text, and this text is not the one. */
export function measureEvent(event: LoggedEvent): MeasuredEvent | 'forged' {
  const { register, type, digest, payload, name } = event
  const opaque: OpaqueEvent = { kind: 'opaque', register, type, digest }
  const claim = (kind: ClaimKind, text: string, covered: Uint8Array): Claim => ({
    ...{ kind, register, type, digest },
    name: text,
    payload: covered,
  })
  // By its digest, whatever it is called: a separator that could be hidden would move the end of the firmware's phase.
  const separator = SEPARATORS.find((candidate) => sameBytes(candidate.digest, digest))
  if (separator !== undefined) {
    const changed = type === EV_SEPARATOR && payload !== undefined && !sameBytes(payload, separator.payload)
    return changed ? 'forged' : claim('separator', '', separator.payload)
  }
  if (payload === undefined) return opaque
  const whole = (): boolean => sameBytes(sha384(payload), digest)
  switch (type) {
    case EV_SEPARATOR:
      return whole() ? opaque : 'forged'
    case EV_EFI_VARIABLE_DRIVER_CONFIG:
    case EV_EFI_VARIABLE_BOOT2:
    case EV_EFI_VARIABLE_AUTHORITY: {
      const variable = decodeEfiVariable(payload)
      if (!whole()) return 'forged'
      return variable ? claim('efi-variable', variable.name, variable.data) : opaque
    }
    case EV_EFI_VARIABLE_BOOT: {
      const variable = decodeEfiVariable(payload)
      if (whole()) return variable ? claim('efi-variable', variable.name, variable.data) : opaque
      if (!variable || !sameBytes(sha384(variable.data), digest)) return 'forged'
      return claim('efi-variable-data', '', variable.data)
    }
    case EV_EFI_ACTION:
      return whole() ? claim('efi-action', readableText(payload), payload) : 'forged'
    case EV_IPL: {
      const covered = iplCandidates(payload).find((part) => sameBytes(sha384(part), digest))
      return covered ? claim('ipl', readableText(covered), covered) : opaque
    }
    case RUNTIME_EVENT_TYPE: {
      if (name === undefined) return opaque
      return matchRuntimeDigest({ name, payload }, digest) ? claim('runtime', name, payload) : 'forged'
    }
    case SESSION_EVENT_TYPE:
      return sameBytes(sessionDigest(payload), digest) ? claim('session', '', payload) : 'forged'
    default:
      return opaque
  }
}

/** Boot loaders hash the text without its final NUL, and GRUB without the word that says what it is. */
function iplCandidates(data: Uint8Array): readonly Uint8Array[] {
  const text = data.at(-1) === 0 ? data.subarray(0, -1) : data
  const prefix = IPL_PREFIXES.find((start) => start.every((octet, at) => text[at] === octet))
  return [data, text, ...(prefix === undefined ? [] : [text.subarray(prefix.length)])]
}

/** Empty where it is no text: then no policy can name it. */
function readableText(bytes: Uint8Array): string {
  const printable = bytes.every((octet) => octet === 0x0a || octet === 0x09 || (octet >= 0x20 && octet <= 0x7e))
  return printable ? decodeUtf8(bytes) : ''
}
