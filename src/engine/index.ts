/**
 * The embedded model: a small transformer in plain TypeScript that computes the same bits on every JavaScript engine.
 * No I/O, clock or randomness: model files come in as bytes, text goes out. For Node and browsers. @module
 */
export type { ChatMessage } from './chat-template.ts'
export { renderChat } from './chat-template.ts'
export type { EngineErrorCode } from './errors.ts'
export { EngineError } from './errors.ts'
export type { GenerateStep, PrefillStep, TokenStep, Usage } from './generate.ts'
export { generateChat } from './generate.ts'
export type { StepLogprobs, TokenLogprob } from './logprobs.ts'
export type { Model, ModelFiles } from './model.ts'
export { createModel, decodeTokens, digestLogits, encodeText, logitsOf } from './model.ts'
export type { GenerateOptions } from './options.ts'
