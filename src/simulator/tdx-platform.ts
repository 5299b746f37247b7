/** A simulated Intel platform as its PCK certificate describes it: the SGX extension, entry by entry, so that each can be left out or altered. @module */
import { DER_BOOLEAN } from '../core/encoding/der.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import { encodeDer, objectIdentifier, octetString, sequence, unsigned } from './der-writer.ts'

export const OID_SGX = '1.2.840.113741.1.13.1'
const DER_ENUMERATED = 0x0a

/** What the PCK certificate says of the platform. */
export interface SimulatedPlatform {
  /** 16 octets that identify the machine. */
  readonly ppid: Uint8Array
  /** 16 component SVNs, which CPUSVN repeats. */
  readonly cpuSvn: Uint8Array
  readonly pceSvn: number
  /** 2 octets. */
  readonly pceId: Uint8Array
  /** 6 octets. */
  readonly fmspc: Uint8Array
  /** 16 octets; of the Platform CA only. */
  readonly platformInstanceId: Uint8Array
}

/** One entry of the extension: the last arc of its OID below {@link OID_SGX}, and its value in DER. */
export type SgxEntry = readonly [arc: string, value: Uint8Array]

/** A platform with the firmware that its collateral calls up to date. Its FMSPC is text. */
export const SIMULATED_PLATFORM: SimulatedPlatform = {
  ppid: encodeUtf8('SIMULATED PPID..'),
  cpuSvn: Uint8Array.of(3, 3, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0),
  pceSvn: 13,
  pceId: Uint8Array.of(0, 0),
  fmspc: encodeUtf8('SIMTDX'),
  platformInstanceId: encodeUtf8('SIMULATED MACHIN'),
}

function boolean(value: boolean): Uint8Array {
  return encodeDer(DER_BOOLEAN, Uint8Array.of(value ? 0xff : 0))
}

/** The entries below `.2`: sixteen components, PCESVN, CPUSVN. */
export function tcbEntries({ cpuSvn, pceSvn }: SimulatedPlatform): readonly SgxEntry[] {
  return [
    ...Array.from(cpuSvn, (svn, index): SgxEntry => [`2.${index + 1}`, unsigned(svn)]),
    ['2.17', unsigned(pceSvn)],
    ['2.18', octetString(cpuSvn)],
  ]
}

/** All entries, in Intel's order. Leaves of the Processor CA end behind the SGX type. */
export function sgxEntries(platform: SimulatedPlatform, ca: 'platform' | 'processor'): readonly SgxEntry[] {
  const common: readonly SgxEntry[] = [
    ['1', octetString(platform.ppid)],
    ['2', encodeSgxExtension(tcbEntries(platform))],
    ['3', octetString(platform.pceId)],
    ['4', octetString(platform.fmspc)],
    ['5', encodeDer(DER_ENUMERATED, Uint8Array.of(ca === 'platform' ? 1 : 0))],
  ]
  if (ca === 'processor') return common
  const configuration: readonly SgxEntry[] = [
    ['7.1', boolean(true)],
    ['7.2', boolean(false)],
    ['7.3', boolean(true)],
  ]
  return [...common, ['6', octetString(platform.platformInstanceId)], ['7', encodeSgxExtension(configuration)]]
}

/** SEQUENCE of SEQUENCE { OID, value }. */
export function encodeSgxExtension(entries: readonly SgxEntry[]): Uint8Array {
  return sequence(...entries.map(([arc, value]) => sequence(objectIdentifier(`${OID_SGX}.${arc}`), value)))
}
