/** Runs recorded answers of the embedded model again, in Node and in browsers: no files, no clock, no network. @module */
export type { Comparison } from './compare.ts'
export type { Divergence, DivergentPart } from './divergence.ts'
export { type GivenOctets, type LoadedModel, type RecordedAnswer, recordedAnswer } from './recorded.ts'
export { type Refused, type Replay, replayAnswer } from './replay.ts'
