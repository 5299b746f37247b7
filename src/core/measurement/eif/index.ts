/** Enclave images: what an enclave made from one shows in PCR0, 1, 2 and 8, from its octets alone. @module */
export type { SectionKind } from './format.ts'
export { createEifReader, type EifMeasured, type EifReader, type EifSection } from './reader.ts'
export type { EnclaveMeasurements } from './registers.ts'
export type { EifSignature } from './signature.ts'
