/** Which machine answered, as far as evidence proves it. @module */
import { encodeHex } from '../encoding/bytes.ts'
import { decodePckChain, decodePckExtension } from '../tdx/index.ts'
import { decodeCertificate } from '../x509/index.ts'
import type { HardwareAttestation } from './hardware-attestation.ts'

/**
 * Names of the machine, any of which may be listed: CHIP_ID of SEV-SNP (128 hex digits), platform instance id of TDX (32), module id of
 * Nitro and the instance in it. None where nothing proves one: a VLEK is held by all machines of a provider, and the certificate of a
 * TDX platform with one package names no instance.
 */
export function provenChips(hardware: HardwareAttestation): readonly string[] {
  switch (hardware.tee) {
    case 'snp': {
      const { key, report } = hardware.attested
      return key.kind === 'vcek' ? [encodeHex(report.chipId)] : []
    }
    case 'tdx': {
      const [leaf] = decodePckChain(hardware.attested.quote.signatureData.pckChain)
      if (leaf === undefined) return []
      const { platformInstanceId } = decodePckExtension(decodeCertificate(leaf))
      return platformInstanceId === undefined ? [] : [platformInstanceId]
    }
    case 'nitro': {
      const { moduleId } = hardware.attested.document
      // An enclave's or a TPM's: as its certificates bind it, the instance stands before the last hyphen.
      return [moduleId, moduleId.replace(/-[0-9a-z]+$/, '')]
    }
    default:
      return hardware satisfies never
  }
}
