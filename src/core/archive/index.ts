/** "./archive": one file with receipt, proof, evidence and endorsements; verified offline, with the run that it was part of. Pure. @module */
export { type Run, verifyRun } from '../receipt/run-chain.ts'
export {
  ARCHIVE_TYPE,
  type Archive,
  decodeArchive,
  encodeArchive,
  MAX_ARCHIVE_SIZE,
} from './archive.ts'
export type { CmwMessage } from './cmw.ts'
export { discloseArchive, type PartialArchive } from './disclose.ts'
export { type EarContext, encodeEar, type TrustTier, type TrustworthinessVector } from './ear.ts'
export { decodeEquivocation, encodeEquivocation } from './equivocation-bundle.ts'
export { type ArchiveTimes, type ArchiveVerdicts, verifyArchive } from './verify.ts'
