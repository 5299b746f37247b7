/** The inference APIs that are served, each with receipts. @module */
import type { Operation } from '../operation.ts'
import { CHAT } from './chat.ts'
import { COMPLETIONS } from './completions.ts'
import { EMBEDDINGS } from './embeddings.ts'
import { RESPONSES } from './responses.ts'

export const OPERATIONS: readonly Operation[] = [CHAT, COMPLETIONS, EMBEDDINGS, RESPONSES]
