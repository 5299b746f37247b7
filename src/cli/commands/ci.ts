/** `countersign ci`: whether what was rebuilt, what is pinned, what runs and who built it are one and the same. @module */
import { existsSync, realpathSync } from 'node:fs'
import { appendFile, lstat, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { approvalFileOf } from '../approval.ts'
import { REQUIRED_ROWS, type RequiredRows } from '../ci/compare-lock.ts'
import { type FileValues, readGivenFiles } from '../ci/given-files.ts'
import { judgeAll } from '../ci/judge-all.ts'
import { renderJunit } from '../ci/junit.ts'
import { pageJson, renderPage } from '../ci/page.ts'
import { readRebuilt } from '../ci/rebuilt.ts'
import { renderSarif } from '../ci/sarif.ts'
import { exitOf, type Subject } from '../ci/subject.ts'
import { renderSummary } from '../ci/summary.ts'
import { type Command, UsageError } from '../command.ts'

const HELP = `countersign ci [--measured FILE…] [--gateway URL…] [--provenance BUNDLE …] [options]

Holds four things against each other: what was just rebuilt and measured offline, what the lock pins, what a live gateway shows, and who
built it. At least one of --measured, --gateway and --provenance is due. The lock is never written.

  --policy FILE        what to demand (default: countersign.policy.json here)
  --lock FILE          reference values (default: countersign.lock.json here)
  --measured FILE      rows that \`countersign measure … --lock-row\` printed, or a release's measurements.json; as often as needed.
                       Each measurement in it has to be in force in the lock
  --require ROWS       which rows of the lock have to be among them: none, active, or in-force (active and next); default: none, and
                       the others are listed as not checked
  --gateway URL        a live gateway, verified as \`countersign verify URL\` does; as often as needed
  --revocations FILE   the list that policy asks for
  --approval FILE      Sigstore bundle by which the lock was approved (default: the lock's name and .sigstore.json)
  --trusted-root FILE  trusted_root.json of Sigstore: whose signatures count, for approval and provenance

Who built it; all of these together. Each measurement that was rebuilt or that a gateway shows has to be in the list, else each row in force:
  --provenance BUNDLE  Sigstore bundle over the list of measurements
  --measurements FILE  measurements.json of the release
  --issuer URL         of the builder's identity
  --identity TEXT      of the builder, whole: for example the address of a workflow with its ref

Reports:
  --summary FILE       Markdown, added at the end of the file: for $GITHUB_STEP_SUMMARY
  --sarif FILE         SARIF 2.1.0
  --junit FILE         JUnit XML
  --json               one JSON object instead of a page

Exit codes: 0 verified, 1 not verified, 2 usage, 3 a required check could not be performed.

Example: countersign ci --measured rows.jsonl --require active --gateway https://gw.example.com --sarif countersign.sarif
`

const OPTIONS = {
  policy: { type: 'string', default: 'countersign.policy.json' },
  lock: { type: 'string', default: 'countersign.lock.json' },
  measured: { type: 'string', multiple: true },
  require: { type: 'string', default: 'none' },
  gateway: { type: 'string', multiple: true },
  revocations: { type: 'string' },
  approval: { type: 'string' },
  'trusted-root': { type: 'string' },
  provenance: { type: 'string' },
  measurements: { type: 'string' },
  issuer: { type: 'string' },
  identity: { type: 'string' },
  summary: { type: 'string' },
  sarif: { type: 'string' },
  junit: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

interface ReportFiles {
  readonly summary?: string | undefined
  readonly sarif?: string | undefined
  readonly junit?: string | undefined
}

function readRequired(text: string): RequiredRows {
  const rows = REQUIRED_ROWS.find((known) => known === text)
  if (rows === undefined) throw new UsageError(`--require knows no ${text}`, `It knows ${REQUIRED_ROWS.join(', ')}.`)
  return rows
}

/** By whichever way it is named. */
function placeOf(file: string): string {
  return existsSync(file) ? realpathSync(file) : resolve(file)
}

/** A report over what it reports on would take the pins away for the next run. */
function refuseOverwriting(given: ReportFiles & FileValues & { readonly measured?: readonly string[] }): void {
  const { lock, policy, measured = [], summary, sarif, junit } = given
  const { approval = approvalFileOf(lock), revocations, provenance, measurements, 'trusted-root': root } = given
  const reports = [summary, sarif, junit].filter((file) => file !== undefined).map(placeOf)
  const named = [lock, policy, approval, revocations, provenance, measurements, root, ...measured]
  const inputs = named.filter((file) => file !== undefined).map(placeOf)
  if (new Set(reports).size !== reports.length || reports.some((file) => inputs.includes(file)))
    throw new UsageError('a report would overwrite another file of this run', 'Give each report a file of its own.')
}

/** Whoever reads a report and not the exit code must not find that of an earlier run after one that came to no end. */
async function removeReports({ sarif, junit }: ReportFiles): Promise<void> {
  for (const file of [sarif, junit]) {
    if (file === undefined || !existsSync(file)) continue
    const found = await lstat(file)
    // Of a link the link: whoever proposes a change may have put it there. Devices, and names for them, stay.
    if (found.isFile() || (found.isSymbolicLink() && !resolve(file).startsWith('/dev/'))) await rm(file)
  }
}

async function writeReports(subjects: readonly Subject[], lock: string, files: ReportFiles): Promise<void> {
  const { summary, sarif, junit } = files
  if (sarif !== undefined) await writeFile(sarif, renderSarif(subjects, lock))
  if (junit !== undefined) await writeFile(junit, renderJunit(subjects))
  if (summary !== undefined) await appendFile(summary, renderSummary(subjects))
}

export const command: Command = {
  summary: 'for pipelines: rebuilt, pinned, live and provenance against each other',
  help: HELP,
  async run(args, io) {
    const { values } = parseArgs({ args: [...args], options: OPTIONS })
    const { measured = [], gateway = [], provenance, lock, policy } = values
    refuseOverwriting(values)
    await removeReports(values)
    if (measured.length === 0 && gateway.length === 0 && provenance === undefined)
      throw new UsageError(
        'nothing to judge: a run that compares nothing would always pass',
        'Give --measured, --gateway or --provenance; see countersign ci --help.',
      )
    if (values.revocations !== undefined && measured.length === 0 && gateway.length === 0)
      throw new UsageError('nothing is held against --revocations', 'Give --measured or --gateway with it.')
    const missing = [policy, lock].find((file) => !existsSync(file))
    if (missing !== undefined)
      throw new UsageError(
        `${missing} is not there`,
        'Give --policy FILE and --lock FILE. docs/examples/gateway.policy.json is a policy to start from; `countersign pin` writes a lock.',
      )
    const badAddress = gateway.find((address) => !/^https?:\/\//.test(address))
    if (badAddress !== undefined)
      throw new UsageError(`${badAddress} is no address of a gateway`, 'Write it like https://gw.example.com.')
    const required = readRequired(values.require)
    const files = await readGivenFiles(values, () => io.now())
    const rebuilt = (await Promise.all(measured.map(readRebuilt))).flat()
    const subjects = await judgeAll(files, { rebuilt, gateways: gateway, required }, io)
    await writeReports(subjects, lock, values)
    io.out(values.json ? pageJson(subjects) : renderPage(subjects, io.colour))
    return exitOf(subjects)
  },
}
