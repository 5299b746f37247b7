/** The audit of everything that a host shows: all its logs, from the first leaf of the oldest to the newest quote. @module */
import type { FailureCode } from '../core/failure-codes.ts'
import { auditLog, type LogAudit } from './audit-log.ts'
import type { AuditContext } from './context.ts'
import type { AuditCheck } from './findings.ts'
import { hostOf } from './identity.ts'
import { orderLogs } from './order.ts'
import type { AuditedHistory } from './previous.ts'

/** What to audit, and under what. */
export type AuditOptions = Omit<AuditContext, 'host'>

export interface AuditReport {
  /** Every required check of every log passed. */
  readonly ok: boolean
  /** Of the first failure, or CHECK_NOT_PERFORMED. */
  readonly code?: FailureCode
  /** The check that decided, oldest log first. */
  readonly first?: AuditCheck
  readonly host: string | undefined
  /** Oldest first. */
  readonly logs: readonly LogAudit[]
  /** What happened between two logs that nothing shows. */
  readonly gaps: readonly string[]
  readonly simulated: boolean
  readonly assumptions: readonly string[]
}

/** What no audit of one host can show. */
const ASSUMPTIONS: readonly string[] = [
  'the host shows all its logs: one that it hides, and that no log shown here names, is not seen',
  'a copy that somebody else was shown may differ: compare checkpoints, or let witnesses cosign them',
]

/**
 * @throws CountersignError ERR_NETWORK when the source cannot be asked; MalformedError when its listing is out of form
 *
 * @example
 * const report = await auditLogs({ reader, trust: { policy, lock }, witnesses: 'unchecked', onProgress: () => undefined })
 * if (!report.ok) console.error(report.code, report.first?.detail)
 */
export async function auditLogs(options: AuditOptions): Promise<AuditReport> {
  const { host, ids } = await options.reader.logs()
  const histories = new Map<string, AuditedHistory>()
  const logs: LogAudit[] = []
  for (const listed of await orderLogs(options.reader, ids)) {
    const audit = await auditLog({ ...options, host }, listed, histories)
    logs.push(audit)
    if (audit.history !== undefined) histories.set(audit.id, audit.history)
  }
  const checks = logs.flatMap((log) => log.checks)
  const first =
    checks.find(({ status }) => status === 'fail') ??
    checks.find(({ required, status }) => required && status !== 'pass')
  // Of logs that signed nothing there is nothing to judge, and that is no pass.
  const showsAny = logs.some(({ size }) => size !== undefined)
  return {
    ok: first === undefined && showsAny,
    ...(first !== undefined && { code: first.code ?? 'CHECK_NOT_PERFORMED', first }),
    ...(first === undefined && !showsAny && { code: 'CHECK_NOT_PERFORMED' }),
    host: host ?? hostOfNewest(logs),
    logs,
    gaps: logs.flatMap(({ id, gap }) => (gap === undefined ? [] : [`${id}: ${gap}`])),
    simulated: logs.some(({ simulated }) => simulated),
    assumptions: [...new Set([...ASSUMPTIONS, ...logs.flatMap(({ assumptions }) => assumptions)])],
  }
}

function hostOfNewest(logs: readonly LogAudit[]): string | undefined {
  const newest = logs.findLast(({ size }) => size !== undefined)
  return newest && hostOf(newest.origin)
}
