/** What an answer says that it relied on, in the form in which a policy pins it. Read, not verified. @module */
import { decodeArchive } from '../../core/archive/index.ts'
import { DEPENDENCY_ROLES } from '../../core/receipt/disclosed.ts'
import type { DependencyPins, EnginePin } from '../../core/receipt/pins.ts'
import { decodeReceipt } from '../../core/receipt/receipt.ts'
import { callsDigest, readRunMembers } from '../../core/receipt/run.ts'
import { MalformedError } from '../../errors.ts'
import type { Recognised } from '../evidence/recognise.ts'

export interface Pins {
  readonly dependencies: DependencyPins | 'unchecked'
  readonly engines: readonly EnginePin[]
}

function tokenOf({ kind, octets }: Recognised): string {
  const token = kind === 'archive' ? decodeArchive(octets).receipt : undefined
  if (token !== undefined) return token
  if (kind === 'receipt') return new TextDecoder().decode(octets).trim()
  throw new MalformedError('PARSE_INVALID', 'only a receipt, or an archive of one, says what an answer relied on')
}

/**
 * Every role, those that do not apply as well: an answer that leaves one out is another answer. `unchecked` where they are withheld.
 * @throws MalformedError PARSE_INVALID for a file without a receipt; what the decoders of receipts and archives throw
 */
export function readPins(file: Recognised): Pins {
  const { claims, disclosed } = decodeReceipt(tokenOf(file))
  const { name, version, determinism } = claims.engine
  const engines = [{ name, version, determinism }]
  const { dependencies, exchange = {} } = disclosed
  const { tools } = readRunMembers(exchange)
  if (dependencies === undefined) return { dependencies: 'unchecked', engines }
  const digestsOf = (role: (typeof DEPENDENCY_ROLES)[number]): readonly string[] => {
    const found = dependencies[role]
    if (role === 'tool-call' && tools !== undefined) return [callsDigest(tools)]
    return found === 'none' ? ['none'] : [...new Set(found.map(({ digest }) => `sha256:${digest.sha256}`))]
  }
  return { dependencies: Object.fromEntries(DEPENDENCY_ROLES.map((role) => [role, digestsOf(role)])), engines }
}
