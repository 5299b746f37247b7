/** The list of revocations that a command is given, as the judge that policy asks for. @module */
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import type { RevocationJudge } from '../../core/evidence/given-judges.ts'
import type { Policy } from '../../core/policy.ts'
import { openRevocations, type Revocations } from '../../core/revocation/index.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import { UsageError } from '../command.ts'

/** Of every command that judges by a policy. */
export const REVOCATION_OPTIONS = {
  revocations: { type: 'string' },
  'revocations-at-least': { type: 'string' },
} as const

export interface RevocationValues {
  readonly revocations?: string | undefined
  readonly 'revocations-at-least'?: string | undefined
}

/** What a file holds, and its name for errors. */
export interface NamedOctets {
  readonly file: string
  readonly octets: Uint8Array
}

export interface OpeningRevocations {
  readonly policy: Policy
  readonly atLeast: number
  now(): Date
}

/** For policies that ask while nobody gave a list: nothing passes, and the verdict says what supplies it. */
const NOT_GIVEN: RevocationJudge = (check) =>
  check.missing('revocation', 'policy asks for a list of revocations: give it with --revocations FILE')

/** @returns what the caller demands of the list's number; 0 where it demands nothing */
export function readAtLeast({ revocations, 'revocations-at-least': text }: RevocationValues): number {
  if (text === undefined) return 0
  if (!/^(?:0|[1-9]\d{0,14})$/.test(text))
    throw new UsageError('--revocations-at-least is no number', 'Give the number that the list calls number.')
  if (revocations === undefined)
    throw new UsageError('--revocations-at-least goes with a list', 'Add --revocations FILE.')
  return Number(text)
}

/** @throws UsageError where policy names nobody who may revoke; CountersignError ERR_CONFIG for what is no list */
export async function openGivenList(
  { file, octets }: NamedOctets,
  { policy, ...context }: OpeningRevocations,
): Promise<Revocations> {
  if (policy.revocations === 'unchecked')
    throw new UsageError(
      'policy names nobody who may revoke',
      'Name their keys in `revocations`, or leave --revocations out.',
    )
  try {
    return await openRevocations(decodeUtf8(octets), policy.revocations.keys, context)
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new CountersignError('ERR_CONFIG', `${file}: ${cause.failure}: ${cause.message}`, { cause })
  }
}

/** @param given undefined where no list was given */
export async function judgeOfList(
  given: NamedOctets | undefined,
  opening: OpeningRevocations,
): Promise<RevocationJudge | undefined> {
  if (given !== undefined) return (await openGivenList(given, opening)).judge
  return opening.policy.revocations === 'unchecked' ? undefined : NOT_GIVEN
}
