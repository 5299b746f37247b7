/** PCR0, 1, 2 and 8 of an enclave: SHA-384(0^48 || SHA-384(what is measured)). @module */
import { createHasher, sha384 } from '../../crypto/index.ts'
import { encodeHex } from '../../encoding/bytes.ts'
import type { NitroMeasurements } from '../../nitro/index.ts'
import type { SectionKind } from './format.ts'

export type EnclaveMeasurements = Extract<NitroMeasurements, { readonly document: 'enclave' }>

const UNTOUCHED: Uint8Array = new Uint8Array(48)

/** A register that was extended once. */
export function extendedOnce(digest: Uint8Array): string {
  return encodeHex(sha384(UNTOUCHED, digest))
}

export interface EnclaveRegisters {
  /** What the next octets belong to; the first section measured is the kernel. */
  begin(kind: SectionKind): void
  /** Octets of that section: payload alone, for no header is measured. */
  update(bytes: Uint8Array): void
  finish(): EnclaveMeasurements
}

/**
 * ```
 * PCR0  kernel || cmdline || ramdisks          PCR1  kernel || cmdline || first ramdisk          PCR2  the other ramdisks
 * ```
 * Lengths are not measured, so that PCR0 alone would leave open where the command line ends.
 */
export function createEnclaveRegisters(): EnclaveRegisters {
  const image = createHasher('sha384')
  const application = createHasher('sha384')
  let bootstrap = image
  let ramdisks = 0
  let measured = false
  return {
    begin(kind) {
      measured = kind === 'kernel' || kind === 'cmdline' || kind === 'ramdisk'
      if (kind !== 'ramdisk') return
      ramdisks++
      // The image up to the end of the first ramdisk is what PCR1 is made of: no octet is hashed twice for it.
      if (ramdisks === 2) bootstrap = image.copy()
    },
    update(bytes) {
      if (!measured) return
      image.update(bytes)
      if (ramdisks > 1) application.update(bytes)
    },
    finish() {
      const [whole, beginning] = bootstrap === image ? [image, image.copy()] : [image, bootstrap]
      return {
        document: 'enclave',
        pcr0: extendedOnce(whole.digest()),
        pcr1: extendedOnce(beginning.digest()),
        pcr2: extendedOnce(application.digest()),
      }
    },
  }
}
