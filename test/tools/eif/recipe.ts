/** What an image of the vectors is made from, and what its reader has to say. */
import { sha384 } from '../../../src/core/crypto/index.ts'
import { concatBytes, encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import type { FailureCode } from '../../../src/core/failure-codes.ts'
import {
  type EifTemplate,
  SECTION,
  type SignatureTemplate,
  section,
  signatureSection,
  type WrittenSection,
} from '../../core/measurement/eif/write-eif.ts'
import { createSigner } from './signers.ts'

export interface EifRecipe {
  readonly name: string
  /** What the reader does, as a test's title. */
  readonly title: string
  readonly image: Uint8Array
  /** Absent: the image is good. `offset` is what the error's text begins with. */
  readonly fails?: { readonly code: FailureCode; readonly offset: number }
}

const zeros = new Uint8Array(48)
const register = (...parts: readonly Uint8Array[]): string => encodeHex(sha384(zeros, sha384(...parts)))

export const KERNEL = section('kernel', 'SIMULATED kernel')
export const CMDLINE = section('cmdline', 'reboot=k panic=30 pci=off nomodules console=ttyS0')
export const METADATA = section('metadata', '{"ImageName":"gateway","ImageVersion":"1"}')
export const RAMDISK = section('ramdisk', 'SIMULATED bootstrap ramdisk')
export const APPLICATION = section('ramdisk', 'SIMULATED application ramdisk')

/** As the builder writes it. */
export const PLAIN: EifTemplate = { sections: [KERNEL, CMDLINE, METADATA, RAMDISK, APPLICATION] }

export const signer = createSigner()
export const otherSigner = createSigner()

/** PCR0 of a template, by concatenation: the other way round than the reader computes it. */
export function pcr0Of({ sections }: EifTemplate): string {
  const measured: readonly number[] = [SECTION.kernel, SECTION.cmdline, SECTION.ramdisk]
  return register(concatBytes(...sections.filter(({ type }) => measured.includes(type)).map(({ content }) => content)))
}

/** The template with a signature at its end. */
export function signed(
  template: EifTemplate,
  changes: Partial<SignatureTemplate> = {},
  envelope?: Uint8Array,
): EifTemplate {
  const content = signatureSection({ ...signer, pcr0: pcr0Of(template), ...changes }, envelope)
  return withSection(template, { type: SECTION.signature, content })
}

export function withSection(template: EifTemplate, added: WrittenSection): EifTemplate {
  return { ...template, sections: [...template.sections, added] }
}

export const text = encodeUtf8
