/** Holds what was rebuilt against the lock, and the lock against what was rebuilt. @module */
import { checkRevocation, type Trust } from '../../core/evidence/given-judges.ts'
import { type Lock, type LockRow, matchMeasurements, matchModel } from '../../core/lock.ts'
import { formatMeasurements, sameMeasurements } from '../../core/measurement/measurements.ts'
import { type Checker, judge } from '../../core/verdict.ts'
import type { NamedResources, Rebuilt } from './rebuilt.ts'
import type { Subject } from './subject.ts'

const CHECKS = {
  'lock-row': 'formats.md, Policy and lock',
  configuration: 'formats.md, Policy and lock',
  models: 'formats.md, Policy and lock',
  revocation: 'formats.md, Revocations',
} as const

type Check = Checker<keyof typeof CHECKS>

function judgeMeasured(
  check: Check,
  { measured, resources, source }: Rebuilt,
  { lock, at }: { readonly lock: Lock; readonly at: Date },
): void {
  const match = matchMeasurements(lock, { seen: measured, at })
  if (!match.ok) check.fail('lock-row', match.code, `${match.detail}, of ${source}`)
  check.pass('lock-row', `${formatMeasurements(measured)}, of ${source}`)
  if (resources === 'unnamed') {
    check.unchecked('configuration', 'the list of measurements names none')
    check.unchecked('models', 'the list of measurements names none')
  } else judgeResources(check, resources, { lock, matched: match.rows })
}

function judgeResources(
  check: Check,
  { config, models }: NamedResources,
  { lock, matched }: { readonly lock: Lock; readonly matched: readonly LockRow[] },
): void {
  let rows = matched.filter((row) => row.config === config)
  check.that('configuration', rows.length > 0, 'CONFIG_UNMEASURED', {
    seen: config,
    wanted: matched.map((row) => row.config).join(' or '),
  })
  // Rows are tuples: each model narrows them, so that no two rows can lend each other what one of them lacks.
  for (const model of models) {
    const pinned = matchModel(lock, rows, model)
    if (!pinned.ok) check.fail('models', pinned.code, pinned.detail)
    rows = [...pinned.rows]
  }
  if (models.length === 0) check.unchecked('models', 'the rebuilt row names none')
  else check.pass('models', models.map(({ name }) => name).join(', '))
}

/** A measurement that somebody rebuilt has to be pinned, with its configuration and its models, in one row. */
export async function judgeRebuilt(
  trust: Trust & { readonly lock: Lock },
  rebuilt: Rebuilt,
  at: Date,
): Promise<Subject> {
  const { measured, shape, resources } = rebuilt
  const verdict = await judge(CHECKS, async (check): Promise<object> => {
    judgeMeasured(check, rebuilt, { lock: trust.lock, at })
    checkRevocation(check, trust, { measurements: measured })
    for (const { digest } of resources === 'unnamed' ? [] : resources.models)
      checkRevocation(check, trust, { measurements: measured, model: digest })
    return {}
  })
  return {
    kind: 'rebuilt',
    // Without the file, which may have another name in each run: reports know a thing again by its name.
    name: `rebuilt ${measured.platform}, ${shape}`,
    verdict,
    result: 'what was rebuilt is what the lock pins',
  }
}

export const REQUIRED_ROWS = ['none', 'active', 'in-force'] as const
/** Which rows of the lock somebody has to have rebuilt. `in-force`: the next ones too. */
export type RequiredRows = (typeof REQUIRED_ROWS)[number]

function isRequired({ status }: LockRow, required: RequiredRows): boolean {
  return required === 'in-force' || (required === 'active' && status === 'active')
}

/** A row that nobody can rebuild is a pin on trust. @returns undefined where no row is in force */
export async function judgeRows(
  { rows }: Lock,
  rebuilt: readonly Rebuilt[],
  { required, at }: { readonly required: RequiredRows; readonly at: Date },
): Promise<Subject | undefined> {
  const inForce = rows
    .map((row, i) => ({ row, name: `row-${i + 1}` }))
    .filter(({ row }) => row.status !== 'revoked' && (row.notAfter === 'none' || at <= row.notAfter))
  if (inForce.length === 0) return undefined
  const names = inForce.map(({ name }) => name)
  const verdict = await judge(names, async (check): Promise<object> => {
    for (const { row, name } of inForce) {
      const what = `${row.status}, ${row.platform}, ${row.shape}`
      if (rebuilt.some(({ measured }) => sameMeasurements(measured, row))) check.pass(name, `${what}: rebuilt`)
      else if (isRequired(row, required)) check.missing(name, `${what}: nobody rebuilt it`)
      else check.unchecked(name, `${what}: nobody rebuilt it, and --require does not ask`)
    }
    return {}
  })
  return { kind: 'rows', name: 'rows of the lock', verdict, result: 'each row that has to be was rebuilt' }
}
