/** What two sessions name: code, configuration, and what a gateway serves with. Keys and times differ by nature and are left out. @module */
import type { ResourceDescriptor } from '../evidence/resource-descriptor.ts'
import type { Session } from '../evidence/session.ts'
import { type Measurements, registersOf } from '../measurement/measurements.ts'
import { DEPENDENCY_ROLES } from '../receipt/disclosed.ts'
import { absentFrom, compareValues, type Row, type RowGroup, unknownRow } from './row.ts'
import { descriptorRows } from './sequence-rows.ts'

/** Where a dependency of a session is shown. What is nothing else is code: software, source, image. */
function groupOf({ annotations: { role } }: ResourceDescriptor): RowGroup {
  if (role === 'configuration') return role
  if (role === 'model') return 'weights'
  return DEPENDENCY_ROLES.find((known) => known === role) ?? 'code'
}

function rowsOfGroups(a: Session, b: Session, isShown: (group: RowGroup) => boolean): readonly Row[] {
  const roles = new Map(
    [...a.dependencies, ...b.dependencies].map((one) => [one.annotations.role, groupOf(one)] as const),
  )
  return [...roles].flatMap(([role, group]) => {
    if (!isShown(group)) return []
    const [before, after] = [a, b].map(({ dependencies }) =>
      dependencies.filter(({ annotations }) => annotations.role === role),
    )
    return descriptorRows(group, before ?? [], after ?? [])
  })
}

function softwareRow(a: Session, b: Session): Row {
  const show = ({ swname, swversion }: Session): string => `${swname} ${swversion.join(' ')}`
  return compareValues('code', 'software', { before: show(a), after: show(b) })
}

/** All that two sessions name, the models and the rest that they serve with included. */
export function sessionRows(a: Session, b: Session): readonly Row[] {
  return [softwareRow(a, b), ...rowsOfGroups(a, b, () => true)]
}

/** Code and configuration alone: what one answer relied on beside them is in its receipt. */
export function foundationRows(a: Session | undefined, b: Session | undefined): readonly Row[] {
  if (a === undefined || b === undefined) {
    const reason = absentFrom('no session at hand', { a: a !== undefined, b: b !== undefined })
    return [unknownRow('code', 'software', reason), unknownRow('configuration', 'measured-config', reason)]
  }
  return [softwareRow(a, b), ...rowsOfGroups(a, b, (group) => group === 'code' || group === 'configuration')]
}

/** Who vouches for the digest of a model: the gateway that measured it, or whoever wrote it down. */
export function weightsSource(session: Session, digest: string): string | undefined {
  const found = session.dependencies.find(
    ({ annotations, digest: named }) => annotations.role === 'model' && `sha256:${named.sha256}` === digest,
  )
  return found && `${found.annotations.source}, ${found.annotations.scheme}`
}

export function measurementRows(a: Measurements | undefined, b: Measurements | undefined): readonly Row[] {
  if (a === undefined || b === undefined) {
    const reason = absentFrom('no quote at hand', { a: a !== undefined, b: b !== undefined })
    return [unknownRow('platform', 'TEE', reason), unknownRow('code', 'measured registers', reason)]
  }
  const tee = compareValues('platform', 'TEE', { before: a.platform, after: b.platform })
  // Registers of two platforms have nothing in common: what runs in each cannot be compared by them.
  if (a.platform !== b.platform)
    return [tee, unknownRow('code', 'measured registers', 'two platforms measure in two ways')]
  const [of, to] = [new Map(registersOf(a)), new Map(registersOf(b))]
  const names = [...new Set([...of.keys(), ...to.keys()])]
  return [tee, ...names.map((name) => compareValues('code', name, { before: of.get(name), after: to.get(name) }))]
}
