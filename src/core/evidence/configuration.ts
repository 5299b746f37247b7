/** Whether the hardware itself carries the digest of the measured configuration, or only measured code says so. formats.md, Session. @module */
import { decodeHex, sameBytes } from '../encoding/bytes.ts'
import { matchSessionEvents } from '../event-log/index.ts'
import { nitroConfigurationRegister } from '../nitro/index.ts'
import type { HardwareAttestation } from './hardware.ts'

/** What the session says. */
export interface ConfigurationClaim {
  /** SHA-256 of the configuration, hex. */
  readonly configuration: string
  /** The session's octets. */
  readonly session: Uint8Array
  readonly epoch: number
}

/**
 * @returns `hardware` only where the quoted value was recomputed here: HOST_DATA on SEV-SNP, PCR16 on Nitro, and on TDX the replayed
 *   RTMR3, which names the session and so its configuration
 */
export function configurationSource(hardware: HardwareAttestation, claim: ConfigurationClaim): 'hardware' | 'gateway' {
  return carries(hardware, claim) ? 'hardware' : 'gateway'
}

function carries(hardware: HardwareAttestation, { configuration, session, epoch }: ConfigurationClaim): boolean {
  switch (hardware.tee) {
    case 'snp':
      return sameBytes(hardware.attested.report.hostData, decodeHex(configuration))
    case 'tdx':
      return hardware.events !== 'unchecked' && matchSessionEvents(hardware.events, session, epoch).ok
    case 'nitro': {
      const register = hardware.attested.document.pcrs.get(16)
      return register !== undefined && sameBytes(register, nitroConfigurationRegister(decodeHex(configuration)))
    }
    default:
      return hardware satisfies never
  }
}
