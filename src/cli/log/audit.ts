/** `countersign log audit`: from the first leaf of the oldest log to the newest quote. @module */
import { parseArgs } from 'node:util'
import { type AuditOptions, type AuditReport, auditLogs } from '../../audit/index.ts'
import { witnessPolicyOf } from '../../core/policy.ts'
import { APPROVAL_OPTIONS } from '../approval.ts'
import { type Io, UsageError } from '../command.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { readTrustIfAny, type TrustValues } from '../files.ts'
import { REVOCATION_OPTIONS } from '../revocations/given.ts'
import { auditJson, renderAudit } from './audit-page.ts'
import { openLogs } from './log-source.ts'
import { createProgress } from './progress.ts'
import type { Subcommand } from './subcommand.ts'

const HELP = `countersign log audit URL|DIR [options]

Reads all logs that a gateway (or its data folder) shows, and holds them against themselves: every leaf leads to the signed root, every
record of evidence to the tree that it quotes, every boot to the one before it; then judges every quote under your policy.

  --policy FILE          what the hardware must satisfy (default: countersign.policy.json here)
  --lock FILE            reference values (default: countersign.lock.json here)
  --approval FILE        who approved the lock (default: the lock's name and .sigstore.json), with
  --trusted-root FILE    the trusted_root.json of Sigstore that counts
  --revocations FILE     the list that policy asks for, as it was published
  --revocations-at-least N
                         refuse a list of a lower number than N
  --hardware unchecked   leave the quotes unjudged: the history is consistent, and nothing says who wrote it
  --json                 one JSON object instead of a page

Exit codes: 0 everything holds, 1 something does not, 2 usage, 3 something could not be judged (no policy, no network, a log is gone).

Example: countersign log audit https://gw.example.com --policy countersign.policy.json
`

const OPTIONS = {
  policy: { type: 'string' },
  lock: { type: 'string' },
  ...APPROVAL_OPTIONS,
  ...REVOCATION_OPTIONS,
  hardware: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

interface TrustArguments extends TrustValues {
  readonly hardware?: string | undefined
}

async function chooseTrust(
  given: TrustArguments,
  io: Pick<Io, 'now'>,
): Promise<Pick<AuditOptions, 'trust' | 'witnesses'>> {
  if (given.hardware !== undefined && given.hardware !== 'unchecked')
    throw new UsageError('--hardware knows one word', 'Spell it: --hardware unchecked')
  if (given.hardware !== undefined) {
    if (given.policy !== undefined)
      throw new UsageError('a policy judges hardware', 'Leave out either --policy or --hardware unchecked.')
    return { trust: 'unchecked', witnesses: 'unchecked' }
  }
  const trust = await readTrustIfAny(given, io)
  if (trust === undefined) return { trust: 'missing', witnesses: 'unchecked' }
  const { witnesses } = trust.policy.audit
  return { trust, witnesses: witnesses === 'unchecked' ? witnesses : witnessPolicyOf(witnesses) }
}

function exitOf({ ok, first, logs }: AuditReport): ExitCode {
  if (ok) return EXIT_OK
  return first?.status === 'fail' && logs.length > 0 ? EXIT_NOT_VERIFIED : EXIT_NOT_PERFORMED
}

export const subcommand: Subcommand = {
  summary: 'hold everything that a host shows against itself and its hardware',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [place, ...more] = positionals
    if (place === undefined || more.length > 0)
      throw new UsageError(
        'one gateway or folder is audited at a time',
        'For example: countersign log audit https://gw.example.com',
      )
    const trust = await chooseTrust(values, io)
    const progress = createProgress(io, 'leaves')
    const reader = await openLogs(place)
    try {
      const report = await auditLogs({
        reader,
        ...trust,
        onProgress: (id, done, total) => progress.show(id, done, total),
      })
      progress.end()
      io.out(values.json ? auditJson(report) : renderAudit(report, place, io.colour))
      return exitOf(report)
    } finally {
      progress.end()
    }
  },
}
