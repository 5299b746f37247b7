import type { Compare } from './result.mjs'

export const NITRO_MUTATIONS: readonly string[]
export function createNitroDifferential(library: object, genuine?: readonly object[]): Compare
