/** Fixtures of a gateway's answer to a challenge: rows C1 and C2 on evidence. */
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import type { FailureCode } from '../../../src/core/failure-codes.ts'
import { createEntry } from '../../../src/core/log/index.ts'
import type { AnswerRecipe } from '../../kit/issue-answer.ts'

export interface ChallengeFixture {
  readonly row: string
  readonly name: string
  readonly title: string
  readonly code: FailureCode | 'ok'
  readonly recipe?: AnswerRecipe
  readonly proof?: boolean
  readonly age?: number
}

const genesis = createEntry('genesis', encodeUtf8('genesis'))

export const CHALLENGE_FIXTURES: readonly ChallengeFixture[] = [
  { row: 'good', name: 'challenge', title: 'evidence newer than the nonce', code: 'ok' },
  {
    row: 'C1',
    name: 'nonce-missing',
    title: 'evidence without a proof of the nonce',
    code: 'NONCE_MISSING',
    proof: false,
  },
  {
    row: 'C1',
    name: 'nonce-other',
    title: 'evidence whose leaf commits to another nonce',
    code: 'NONCE_MISMATCH',
    recipe: { before: [genesis, createEntry('nonce', new Uint8Array(32).fill(9))] },
  },
  {
    row: 'C1',
    name: 'nonce-as-receipt',
    title: 'a leaf of another type over the same octets',
    code: 'NONCE_MISMATCH',
    recipe: { before: [genesis, createEntry('receipt', new Uint8Array(32).fill(0x4e))] },
  },
  { row: 'C2', name: 'stale', title: 'evidence for a nonce made too long ago', code: 'EVIDENCE_STALE', age: 301 },
  {
    row: 'C2',
    name: 'future',
    title: 'evidence for a nonce made after the time of judgement',
    code: 'EVIDENCE_STALE',
    age: -1,
  },
  {
    row: 'wire-5',
    name: 'nonce-not-quoted',
    title: 'a nonce in a later checkpoint than the quoted one',
    code: 'CHECKPOINT_NOT_QUOTED',
    recipe: { proofAfter: [createEntry('nonce', encodeUtf8('later'))] },
  },
]
