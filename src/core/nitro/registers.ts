/** What the registers of a Nitro document say of the code: reference values as rows, and the register of the configuration. @module */
import { sha384 } from '../crypto/index.ts'
import { encodeHex } from '../encoding/bytes.ts'
import type { ObjectReader } from '../encoding/shape.ts'
import { NITRO_KINDS, type NitroDocument, type NitroKind } from './payload.ts'

/**
 * Reference values, lower-case hex of 48 octets; a row matches as a whole.
 *
 * Enclave: PCR0 joins kernel, command line and ramdisks without their lengths, so that only PCR1 and PCR2 fix where one ends.
 * NitroTPM: PCR4 is the boot code, PCR7 the Secure Boot policy; PCR12 takes a command line that is handed in from outside, and a row
 * without it could be bypassed by one (GHSA-xrv8-2pf5-f3q7).
 */
export type NitroMeasurements =
  | { readonly document: 'enclave'; readonly pcr0: string; readonly pcr1: string; readonly pcr2: string }
  | { readonly document: 'nitrotpm'; readonly pcr4: string; readonly pcr7: string; readonly pcr12: string }

/** Registers that a row of measurements pins, by kind of document. */
export const MEASURED_REGISTERS: Readonly<Record<NitroKind, readonly number[]>> = {
  enclave: [0, 1, 2],
  nitrotpm: [4, 7, 12],
}

/** The register that carries the measured configuration: the first that an enclave may extend itself. */
export const CONFIGURATION_REGISTER = 16

const REGISTER = /^[0-9a-f]{96}$/
const UNTOUCHED: Uint8Array = new Uint8Array(48)

/**
 * Decodes the measurements of a lock row: `document` and exactly its three registers.
 * @throws MalformedError with the codes of `reader`; a row that lists PCR0 alone lacks fields
 */
export function decodeNitroMeasurements(reader: ObjectReader): NitroMeasurements {
  const register = (name: string): string => reader.string(name, REGISTER)
  const document = reader.oneOf('document', NITRO_KINDS)
  const row: NitroMeasurements =
    document === 'enclave'
      ? { document, pcr0: register('pcr0'), pcr1: register('pcr1'), pcr2: register('pcr2') }
      : { document, pcr4: register('pcr4'), pcr7: register('pcr7'), pcr12: register('pcr12') }
  reader.end()
  return row
}

/** The registers of a document in the form of a row; one that is not in the document is empty, which no pin equals. */
export function nitroMeasurements({ kind, pcrs }: NitroDocument): NitroMeasurements {
  const register = (index: number): string => encodeHex(pcrs.get(index) ?? new Uint8Array())
  return kind === 'enclave'
    ? { document: kind, pcr0: register(0), pcr1: register(1), pcr2: register(2) }
    : { document: kind, pcr4: register(4), pcr7: register(7), pcr12: register(12) }
}

/**
 * What PCR16 holds where an enclave measured its configuration before its first quote: SHA-384(0^48 || SHA-384(digest)).
 *
 * It is extended once, with the 48 octets SHA-384(digest), and then locked; the security module leaves registers that are not locked
 * out of its documents.
 * @param digest SHA-256 of the measured configuration (JCS), its 32 octets: what the session names and SNP's HOST_DATA holds. So a
 *   verifier computes the register from the session alone, without the configuration itself.
 */
export function nitroConfigurationRegister(digest: Uint8Array): Uint8Array {
  return sha384(UNTOUCHED, sha384(digest))
}
