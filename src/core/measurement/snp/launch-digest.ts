/**
 * The launch digest of SEV-SNP: a chain of SHA-384 over one record for each page, in the order in which the host gives the pages to the
 * secure processor. SNP firmware ABI, SNP_LAUNCH_UPDATE, PAGE_INFO:
 *
 *   digest so far 48 | contents 48 | size of the record u16 | type u8 | IMI u8 | VMPL3, VMPL2, VMPL1 u8 each | reserved u8 | GPA u64
 *
 * @module
 */
import { sha384 } from '../../crypto/index.ts'

export const PAGE_SIZE = 4096
/** Octets of a launch digest. */
export const DIGEST_SIZE = 48

const RECORD_SIZE = 0x70
const CONTENTS = 48
const SIZE = 96
const TYPE = 98
const GPA = 104

const TYPES = { normal: 1, vmsa: 2, zero: 3, unmeasured: 4, secrets: 5, cpuid: 6 } as const

/** Pages whose contents the record does not hold: the secure processor fills them, or the host does. */
export type EmptyPageType = Exclude<keyof typeof TYPES, 'normal' | 'vmsa'>

/** Where the secure processor notes the save area of a vCPU. */
const VMSA_GPA = 0xffff_ffff_f000

export class LaunchDigest {
  readonly #record = new Uint8Array(RECORD_SIZE)
  readonly #view = new DataView(this.#record.buffer)

  /** @param seed 48 octets to go on from: what the firmware's pages come to, or zeros for the start */
  constructor(seed: Uint8Array = new Uint8Array(DIGEST_SIZE)) {
    this.#record.set(seed)
    this.#view.setUint16(SIZE, RECORD_SIZE, true)
  }

  /** The digest so far, copied. */
  get value(): Uint8Array {
    return this.#record.slice(0, DIGEST_SIZE)
  }

  /** Whole pages from `gpa` on. */
  normal(gpa: number, pages: Uint8Array): void {
    for (let at = 0; at < pages.length; at += PAGE_SIZE)
      this.#add('normal', gpa + at, sha384(pages.subarray(at, at + PAGE_SIZE)))
  }

  /** `size` octets of whole pages from `gpa` on. */
  empty(type: EmptyPageType, gpa: number, size: number): void {
    const nothing = new Uint8Array(DIGEST_SIZE)
    for (let at = 0; at < size; at += PAGE_SIZE) this.#add(type, gpa + at, nothing)
  }

  /** @param pageDigest SHA-384 of the save area */
  vmsa(pageDigest: Uint8Array): void {
    this.#add('vmsa', VMSA_GPA, pageDigest)
  }

  #add(type: keyof typeof TYPES, gpa: number, contents: Uint8Array): void {
    this.#record.set(contents, CONTENTS)
    this.#view.setUint8(TYPE, TYPES[type])
    this.#view.setBigUint64(GPA, BigInt(gpa), true)
    this.#record.set(sha384(this.#record))
  }
}
