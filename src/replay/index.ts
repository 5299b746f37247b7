/** Runs recorded answers again, in Node and in browsers: on the embedded model, or on an engine that the caller asks. No files, no clock, no network. @module */
export type { Comparison } from './compare.ts'
export type { Divergence, DivergentPart } from './divergence.ts'
export {
  type EngineAnswer,
  type EngineComparison,
  type EngineReplay,
  type HttpEngine,
  replayOnEngine,
} from './engine.ts'
export type { EnginePath, MeasuredWeights } from './engine-conditions.ts'
export type { OutputDifference } from './output-difference.ts'
export { type GivenOctets, type LoadedModel, type RecordedAnswer, recordedAnswer, recordedSteps } from './recorded.ts'
export { type Refused, type Replay, replayAnswer } from './replay.ts'
