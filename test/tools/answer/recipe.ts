/** One fixture of an answer: a recipe, how it is presented, and the one failure that is due. */
import type { JudgedTime } from '../../../src/core/evidence/time-anchor.ts'
import type { FailureCode } from '../../../src/core/failure-codes.ts'
import type { Grade } from '../../../src/core/policy.ts'
import type { AnswerRecipe } from '../../kit/issue-answer.ts'

export interface AnswerFixture {
  /** Row of the negative-test table, or a rule of the wire format. */
  readonly row: string
  readonly name: string
  /** Continues the sentence "rejects …" or "accepts …". */
  readonly title: string
  readonly code: FailureCode | 'ok'
  readonly recipe?: AnswerRecipe
  readonly policy?: Readonly<Record<string, unknown>>
  /** Replaces members of the one lock row. */
  readonly lock?: Readonly<Record<string, unknown>> | 'none'
  /** What the verifier holds in place of what was signed. */
  readonly held?: {
    readonly request?: Uint8Array | 'not-held'
    readonly response?: Uint8Array | 'not-held'
    readonly nonce?: Uint8Array | 'unchecked'
    readonly seen?: readonly string[]
    readonly inserts?: 'withheld'
    readonly outcome?: 'any'
  }
  /** Seconds from the nonce to the time of judgement. */
  readonly age?: number
  /** Leaves the proof out. */
  readonly withoutProof?: true
  /** Time of judgement, seconds after the receipt; 2 by default. */
  readonly judgedAfter?: number
  /** Of a good answer: the grade where it is another than that of its proof, and where T came from. */
  readonly grade?: Grade
  readonly time?: { readonly source: JudgedTime['source']; readonly at: number }
}
