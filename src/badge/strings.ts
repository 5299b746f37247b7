/** What the badge says, in English; a page gives its own words in their place. @module */
import type { Grade } from '../core/policy.ts'

/** How many checks there are of each kind. */
export interface CheckCounts {
  readonly passed: number
  readonly failed: number
  /** Required, and not performed. */
  readonly missing: number
  /** Not performed, and not required: policy says so, or there was nothing to check. */
  readonly optional: number
}

export interface BadgeStrings {
  readonly idle: string
  readonly waiting: string
  readonly verified: string
  /** Stands in place of `verified` where a simulated TEE vouches. */
  readonly simulated: string
  readonly simulatedNote: string
  readonly failed: string
  readonly noVerdict: string
  readonly noVerdictNote: string
  /** What each grade means, in one sentence. */
  readonly grades: Readonly<Record<Grade, string>>
  readonly failedCheck: string
  readonly remedy: string
  readonly summary: (counts: CheckCounts) => string
  readonly columns: Readonly<Record<'check' | 'state' | 'detail' | 'wanted', string>>
  readonly states: Readonly<Record<'pass' | 'fail' | 'missing' | 'optional', string>>
  readonly facts: Readonly<Record<'grade' | 'model' | 'outcome' | 'channel' | 'session' | 'receipt', string>>
  readonly notChecked: string
  readonly assumptions: string
  readonly upgrade: string
  readonly upgrading: string
  readonly upgradeFailed: string
  readonly save: string
}

function summary({ passed, failed, missing, optional }: CheckCounts): string {
  return [
    `${passed} ${passed === 1 ? 'check' : 'checks'} passed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(missing > 0 ? [`${missing} required and not performed`] : []),
    ...(optional > 0 ? [`${optional} not performed, not required`] : []),
  ].join(', ')
}

export const BADGE_STRINGS: BadgeStrings = {
  idle: 'No answer yet',
  waiting: 'Verifying…',
  verified: 'Verified',
  simulated: 'SIMULATED',
  simulatedNote: 'A simulated TEE vouches: a trial, which proves nothing about hardware.',
  failed: 'NOT VERIFIED',
  noVerdict: 'NO VERDICT',
  noVerdictNote: 'No answer was judged: do not rely on what is shown.',
  grades: {
    signed: 'signed: by a key of the attested session',
    quoted: 'quoted: its place in the log is in a quote of the hardware',
    witnessed: 'witnessed: a quorum of witnesses saw that quote',
  },
  failedCheck: 'Failed check',
  remedy: 'What to do',
  summary,
  columns: { check: 'Check', state: 'State', detail: 'Seen', wanted: 'Wanted' },
  states: {
    pass: 'passed',
    fail: 'FAILED',
    missing: 'NOT PERFORMED, required',
    optional: 'not performed, not required',
  },
  facts: {
    grade: 'Grade',
    model: 'Model',
    outcome: 'Outcome',
    channel: 'Channel',
    session: 'Session',
    receipt: 'Receipt',
  },
  notChecked: 'not checked',
  assumptions: 'Taken for granted',
  upgrade: 'Upgrade to quoted',
  upgrading: 'Waiting for the quote…',
  upgradeFailed: 'The quote could not be obtained: try again.',
  save: 'Save the archive',
}
