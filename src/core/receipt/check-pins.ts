/** What an answer relied on and which engine gave it, against what policy pins. wire.md section 8. @module */
import type { Policy } from '../policy.ts'
import type { Checker } from '../verdict.ts'
import type { EngineClaim } from './claims.ts'
import { DEPENDENCY_ROLES, type DependencyRole, type Disclosed } from './disclosed.ts'
import { callsDigest, readRunMembers } from './run.ts'

type Check = Checker<'dependencies' | 'engine'>
type Relied = Pick<Disclosed, 'dependencies' | 'exchange'>
const CALLS: DependencyRole = 'tool-call'

/** Names the calls themselves: the descriptor stands for a list in which each call has a name and a duration of its own. */
function callsOf(check: Check, { exchange }: Relied): string | undefined {
  const { tools } = exchange === undefined ? {} : check.decode('dependencies', () => readRunMembers(exchange))
  return tools && callsDigest(tools)
}

/** Every descriptor of a pinned role: one that is added to a pinned one steers the answer as well as one in its place. */
function checkDependencies(check: Check, relied: Relied, pins: Policy['dependencies']): void {
  const { dependencies: disclosed } = relied
  if (pins === 'unchecked') {
    check.unchecked('dependencies')
    return
  }
  const roles = DEPENDENCY_ROLES.filter((role) => pins[role] !== undefined)
  if (disclosed === undefined) {
    check.missing('dependencies', `policy pins ${roles.join(', ')} and disclosure dependencies is withheld`)
    return
  }
  for (const role of roles) {
    const found = disclosed[role]
    if (role === CALLS && found !== 'none' && pins[role]?.includes(callsOf(check, relied) ?? '') === true) continue
    const digests = found === 'none' ? ['none'] : found.map(({ digest }) => `sha256:${digest.sha256}`)
    const stray = digests.findIndex((digest) => pins[role]?.includes(digest) !== true)
    if (stray === -1) continue
    const name = found === 'none' ? '' : ` ${found[stray]?.name}`
    check.fail('dependencies', 'DEPENDENCY_UNPINNED', {
      seen: `${role}${name} ${digests[stray]}`,
      wanted: pins[role]?.join(' or ') ?? '',
    })
  }
  check.pass('dependencies', `pinned: ${roles.join(', ')}`)
}

function checkEngine(check: Check, claim: EngineClaim, pins: Policy['engines']): void {
  if (pins === 'unchecked') {
    check.unchecked('engine')
    return
  }
  const matched = pins.some(
    ({ name, version, determinism }) =>
      name === claim.name &&
      version === claim.version &&
      (determinism === 'unchecked' || determinism === claim.determinism),
  )
  check.that('engine', matched, 'DEPENDENCY_UNPINNED', {
    seen: `${claim.name} ${claim.version}, ${claim.determinism}`,
    wanted: pins
      .map(
        ({ name, version, determinism }) =>
          `${name} ${version}${determinism === 'unchecked' ? '' : `, ${determinism}`}`,
      )
      .join(' or '),
  })
}

/** Of an answer that was forwarded: nothing else relied on anything. */
export function checkPins(
  check: Check,
  engine: EngineClaim,
  relied: Relied,
  policy: Pick<Policy, 'dependencies' | 'engines'>,
): void {
  checkEngine(check, engine, policy.engines)
  checkDependencies(check, relied, policy.dependencies)
}
