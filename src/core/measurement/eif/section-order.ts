/** Which sections an enclave image has, in which order: one kernel, one command line, metadata, ramdisks, a signature. @module */
import { malformedEif, SECTION_RULES, type SectionKind } from './format.ts'
import type { SectionHeader, SectionSlot } from './header.ts'

export interface SectionOrder {
  /** Takes the next section of the file. @throws MalformedError EIF_FORMAT when it may not stand there */
  next(slot: SectionSlot, header: SectionHeader): SectionKind
  /** @param at where the file ends. @throws MalformedError EIF_FORMAT when a section is missing */
  end(at: number): void
}

const DUE: readonly SectionKind[] = ['kernel', 'cmdline', 'ramdisk']

export function createSectionOrder(version: number): SectionOrder {
  const seen = new Set<SectionKind>()
  let lastPlace = 0
  return {
    next({ offset, size, sizeAt }, { type, flags, size: ownSize }) {
      const rule = SECTION_RULES.get(type)
      if (rule === undefined) throw malformedEif(offset, `unknown section type ${type}`)
      const { kind, place, since, many, minSize, maxSize } = rule
      if (flags !== 0) throw malformedEif(offset + 2, `unknown flags 0x${flags.toString(16)} of the ${kind}`)
      // A loader takes the one size and a reader the other: where they differ, each would measure something else.
      if (ownSize !== BigInt(size))
        throw malformedEif(offset + 4, `the ${kind} says ${ownSize} octets, the header at ${sizeAt} says ${size}`)
      if (version < since) throw malformedEif(offset, `version ${version} has no ${kind}`)
      if (!many && seen.has(kind)) throw malformedEif(offset, `a second ${kind}`)
      if (place < lastPlace) throw malformedEif(offset, `the ${kind} stands too late`)
      if (size < minSize || size > maxSize)
        throw malformedEif(offset + 4, `a ${kind} of ${size} octets, ${minSize} to ${maxSize} are allowed`)
      seen.add(kind)
      lastPlace = place
      return kind
    },
    end(at) {
      for (const kind of DUE) if (!seen.has(kind)) throw malformedEif(at, `the image ends without a ${kind}`)
    },
  }
}
