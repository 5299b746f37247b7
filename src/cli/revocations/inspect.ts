/** `countersign revocations inspect`: what a list says, and first of all whether anybody vouches for it. @module */
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import type { Policy } from '../../core/policy.ts'
import { openRevocations, type RevocationList } from '../../core/revocation/index.ts'
import { openToken } from '../../core/revocation/token.ts'
import { failedCheck, judge } from '../../core/verdict.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import { printable } from '../output.ts'
import type { NamedOctets } from './given.ts'

export interface Inspected {
  readonly list: RevocationList
  /** Undefined where a key of the policy signed the list and it counts now. */
  readonly fault: { readonly code: string; readonly why: string } | undefined
}

async function faultOf(text: string, policy: Policy | undefined, now: () => Date): Promise<Inspected['fault']> {
  if (policy === undefined) return { code: 'CHECK_NOT_PERFORMED', why: 'no policy is given' }
  const { revocations } = policy
  if (revocations === 'unchecked') return { code: 'CHECK_NOT_PERFORMED', why: 'policy names nobody who may revoke' }
  const { judge: decide } = await openRevocations(text, revocations.keys, { now, atLeast: 0 })
  const verdict = await judge(['revocation'], async (check): Promise<object> => {
    decide(check, revocations, {})
    return {}
  })
  return verdict.ok ? undefined : { code: verdict.code, why: failedCheck(verdict.checks)?.detail ?? '' }
}

/** @throws CountersignError ERR_CONFIG for what is no list */
export async function inspectList(
  { file, octets }: NamedOctets,
  { policy, now }: { readonly policy: Policy | undefined; now(): Date },
): Promise<Inspected> {
  try {
    const text = decodeUtf8(octets)
    return { list: (await openToken(text, [])).list, fault: await faultOf(text, policy, now) }
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new CountersignError('ERR_CONFIG', `${file}: ${cause.failure}: ${cause.message}`, { cause })
  }
}

export function renderInspected({ list, fault }: Inspected): string {
  const { number, issuedAt, expiresAt, boots, chips, measurements, models } = list
  const head =
    fault === undefined
      ? 'verified: signed by a key that policy names, and it counts now'
      : `not verified: ${fault.code === 'CHECK_NOT_PERFORMED' ? '' : `${fault.code}: `}${fault.why}`
  const lines = [
    head,
    `list ${number} of ${issuedAt.toISOString()}, until ${expiresAt.toISOString()}`,
    ...boots.map(({ session, reason }) => `  session      ${session}  ${reason}`),
    ...chips.map(({ platform, id, reason }) => `  machine      ${platform} ${id}  ${reason}`),
    ...measurements.map(
      ({ platform, measurements: registers, reason }) =>
        `  measurement  ${platform} ${Object.entries(registers).flat().join(' ')}  ${reason}`,
    ),
    ...models.map(({ digest, reason }) => `  model        ${digest}  ${reason}`),
  ]
  const count = boots.length + chips.length + measurements.length + models.length
  return [...lines, ...(count === 0 ? ['  nothing is revoked'] : [])].map((line) => `${printable(line)}\n`).join('')
}

export function inspectedJson({ list, fault }: Inspected): string {
  return `${JSON.stringify({ verified: fault === undefined, ...fault, list })}\n`
}
