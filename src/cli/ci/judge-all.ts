/** Everything that one run of `countersign ci` judges, in order. @module */
import { judge } from '../../core/verdict.ts'
import type { Io } from '../command.ts'
import { judgeProvenance, type SeenMeasurement } from './builder.ts'
import { judgeRebuilt, judgeRows, type RequiredRows } from './compare-lock.ts'
import { type GivenFiles, judgeFiles } from './given-files.ts'
import { judgeGateway } from './judge-gateway.ts'
import type { Rebuilt } from './rebuilt.ts'
import type { Subject } from './subject.ts'

export interface Asked {
  readonly rebuilt: readonly Rebuilt[]
  readonly gateways: readonly string[]
  readonly required: RequiredRows
}

/** Without anything seen, the builder is held to the rows of the lock that are in force: a bundle alone says nothing of a pin. */
function pinned({ trust }: GivenFiles, at: Date): readonly SeenMeasurement[] {
  return trust.lock.rows
    .map((row, i) => ({ row, name: `row ${i + 1} of the lock, ${row.platform}, ${row.shape}` }))
    .filter(({ row }) => row.status !== 'revoked' && (row.notAfter === 'none' || at <= row.notAfter))
    .map(({ row, name }) => ({ name, measured: row }))
}

/** Of a lock without a row in force there is nothing to hold the builder to, and nothing must not pass. */
async function judgeNothing(): Promise<Subject> {
  const verdict = await judge(['measurement'], async (check): Promise<object> => {
    return check.incomplete('measurement', 'no row of the lock is in force')
  })
  return { kind: 'provenance', name: 'provenance', verdict, result: '' }
}

export async function judgeAll(
  files: GivenFiles,
  { rebuilt, gateways, required }: Asked,
  io: Pick<Io, 'now'>,
): Promise<readonly Subject[]> {
  const { trust, builder } = files
  const at = io.now()
  const subjects = [await judgeFiles(trust)]
  const seen: SeenMeasurement[] = []
  for (const one of rebuilt) {
    subjects.push(await judgeRebuilt(trust, one, at))
    seen.push({ name: `rebuilt ${one.measured.platform}, ${one.shape}`, measured: one.measured })
  }
  if (rebuilt.length > 0 || required !== 'none') {
    const rows = await judgeRows(trust.lock, rebuilt, { required, at })
    if (rows !== undefined) subjects.push(rows)
  }
  for (const address of gateways) {
    const { subject, measured } = await judgeGateway(address, trust, io)
    subjects.push(subject)
    if (measured !== undefined) seen.push({ name: `gateway ${address}`, measured })
  }
  if (builder === undefined) return subjects
  const held = rebuilt.length === 0 && gateways.length === 0 ? pinned(files, at) : seen
  if (held.length === 0 && rebuilt.length === 0 && gateways.length === 0) return [...subjects, await judgeNothing()]
  return [...subjects, ...(await Promise.all(held.map((one) => judgeProvenance(one, builder))))]
}
