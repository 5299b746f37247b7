/** The inference APIs that are served, each with receipts. @module */
import type { Operation } from '../operation.ts'
import { CHAT } from './chat.ts'

export const OPERATIONS: readonly Operation[] = [CHAT]
