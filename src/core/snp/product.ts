/** AMD product lines, by the names of AMD's key server, and what tells them apart. AMD 57230. @module */

export const SNP_PRODUCTS = ['Milan', 'Genoa', 'Turin'] as const
/** A product line. Bergamo and Siena are Genoa. */
export type SnpProduct = (typeof SNP_PRODUCTS)[number]

/** CPUID of the processor: combined family and model, and stepping. Reports carry it from version 3. */
export interface Cpuid {
  readonly family: number
  readonly model: number
  readonly stepping: number
}

/** [family, first model, last model, product]. Venice has ranges too, but no root that we know. */
const RANGES: readonly (readonly [number, number, number, SnpProduct])[] = [
  [0x19, 0x00, 0x0f, 'Milan'],
  [0x19, 0x10, 0x1f, 'Genoa'],
  [0x19, 0xa0, 0xaf, 'Genoa'],
  [0x1a, 0x00, 0x11, 'Turin'],
]

/** The product line of a processor; undefined for one that is not known. */
export function productOfCpuid({ family, model }: Cpuid): SnpProduct | undefined {
  return RANGES.find(([inFamily, first, last]) => family === inFamily && model >= first && model <= last)?.[3]
}

/** The product line in a certificate's words: `Milan-B0`, `Genoa`, or behind a prefix such as `ARK-`. */
export function productOfName(name: string | undefined, prefix = ''): SnpProduct | undefined {
  return SNP_PRODUCTS.find((product) => name === prefix + product)
}
