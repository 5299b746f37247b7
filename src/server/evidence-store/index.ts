/** Every quoted checkpoint that is kept, and who witnessed it. @module */
export { type ArchiveParts, EvidenceStore, exportArchive, type OnFault } from './evidence-store.ts'
export type { CapturedEvidence, CoveringEvidence, CoveringWish, EvidencePlace, WitnessedNote } from './types.ts'
