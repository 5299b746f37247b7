/** The table: what is swapped, where an operator would swap it, and what must come of it. @module */
import { CONTEXT_SWAPS } from './context-rows.ts'
import { FORWARDING_SWAPS } from './forwarding-rows.ts'
import { MODEL_SWAPS } from './model-rows.ts'
import type { Swap } from './plant.ts'

export const SWAPS: readonly Swap[] = [...MODEL_SWAPS, ...CONTEXT_SWAPS, ...FORWARDING_SWAPS]
