/** How the gateway gets its checkpoints witnessed, and what it asks the witnesses at boot. @module */
export type { Witnessed } from './cosignatures.ts'
export { type FindDeps, type FoundWitnessed, findWitnessed, type WitnessedOrigin } from './find-witnessed.ts'
export { judgeState, type StoredState } from './judge-state.ts'
export type { Enrolment } from './submitter.ts'
export type { WitnessFailureReason } from './witness-failure.ts'
export { WitnessLoop, type WitnessLoopDeps, type WitnessOutcome } from './witness-loop.ts'
