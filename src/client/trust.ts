/** What an attested fetch verifies by, settled before any connection. @module */
import type { Trust } from '../core/evidence/attestation.ts'
import type { Binding, Policy } from '../core/policy.ts'
import { CountersignError } from '../errors.ts'
import { defaultPolicy } from './default-policy.ts'
import { NotVerifiedError } from './errors.ts'

export interface GivenTrust extends Omit<Trust, 'policy'> {
  readonly policy: Policy | undefined
}

/**
 * @param binding of the channel that every request goes over
 * @throws CountersignError ERR_CONFIG where something is missing; NotVerifiedError CHANNEL_BINDING_LEVEL
 */
export function settleTrust({ policy: given, ...others }: GivenTrust, binding: Binding | 'none'): Trust {
  const { lock } = others
  const policy = given ?? (lock && defaultPolicy(lock, binding))
  if (policy === undefined)
    throw new CountersignError(
      'ERR_CONFIG',
      'there is nothing to verify by: give the lock file (`lock`), or a policy of your own (`policy`)',
    )
  if (lock === undefined && policy.measurements === 'locked')
    throw new CountersignError(
      'ERR_CONFIG',
      'the policy locks measurements: give the lock file, or spell measurements "unchecked"',
    )
  demandBinding(policy, binding)
  // Whoever stands in between can leave disclosures out of the token. Here the octets of both directions are held, so they are compared.
  const disclosures = [...new Set([...policy.disclosures, 'request' as const, 'response' as const])]
  return { ...others, policy: { ...policy, disclosures } }
}

/** A channel that no answer could pass by is refused before a request leaves: protection that was asked for is never dropped. */
function demandBinding({ live }: Policy, binding: Binding | 'none'): void {
  if (live.channel === 'unchecked' || live.channel.some((listed) => listed === binding)) return
  const wanted = live.channel.join(' or ')
  if (binding === 'none')
    throw new CountersignError('ERR_CONFIG', `the policy asks for a channel bound by ${wanted}: give one (\`channel\`)`)
  const detail = `the channel is bound by ${binding}, the policy asks for ${wanted}`
  const code = 'CHANNEL_BINDING_LEVEL'
  throw new NotVerifiedError(code, [{ name: 'channel', status: 'fail', required: true, detail, code }])
}
