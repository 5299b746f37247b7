import type { Compare } from './result.mjs'

export function createTdxDifferential(library: object, genuine?: readonly object[]): Compare
