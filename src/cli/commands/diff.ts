/** `countersign diff`: what changed between two answers. @module */
import { parseArgs } from 'node:util'
import { type DiffOutcome, diffSides, outcomeOf, type Row } from '../../core/diff/index.ts'
import { APPROVAL_OPTIONS } from '../approval.ts'
import { type Command, UsageError } from '../command.ts'
import { type ContentPair, differingContent, renderContent } from '../diff/content-diff.ts'
import { type ReadSide, readSide, refuseUnlike } from '../diff/read-side.ts'
import { renderRows } from '../diff/render-rows.ts'
import { type SideVerdict, verifySides } from '../diff/verify-sides.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { readTrust } from '../files.ts'
import { paint, printable, SIMULATED_BANNER } from '../output.ts'
import { REVOCATION_OPTIONS } from '../revocations/given.ts'

const HELP = `countersign diff A B [options]

Shows what changed between two answers: code, configuration, weights, engine, templates, prompts, tokenizer, sampling parameters, tools and
their calls, retrieval, memory, what was inserted on the way to the engine, upstream, request and answer. A and B are archives (*.cmw.json)
or receipts. What a receipt withholds, or a file does not hold, is listed as what cannot be told. What differs between any two answers
(ids, nonces, times, places in the log) is no change. Nothing is verified, but with --verify.

  --verify             have both sides verified first, as countersign verify does
  --policy FILE        with --verify: what to demand (default: countersign.policy.json here)
  --lock FILE          with --verify: reference values (default: countersign.lock.json here)
  --approval FILE      with --verify: who approved the lock (default: the lock's name and .sigstore.json), with
  --trusted-root FILE  the trusted_root.json of Sigstore that counts
  --revocations FILE   with --verify: the list that policy asks for, as it was published
  --revocations-at-least N
                       refuse a list of a lower number than N
  --content            unified diffs of request, answer and inserted octets, where both archives hold them. Prompts and answers are
                       private, and a terminal or a CI job may keep them: without this they are never shown
  --json               one JSON object instead of a table, digests whole

Exit codes: 0 nothing changed, 1 something changed (or a side is malformed, or does not verify), 2 usage,
            3 nothing changed as far as can be told, and something cannot be told.

Example: countersign diff monday.cmw.json friday.cmw.json --verify --policy countersign.policy.json
`

const OPTIONS = {
  verify: { type: 'boolean', default: false },
  policy: { type: 'string' },
  lock: { type: 'string' },
  ...APPROVAL_OPTIONS,
  ...REVOCATION_OPTIONS,
  content: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

const NOTHING_VERIFIED = 'nothing was verified by diff: this is what the two sides say of themselves'
const EXITS: Readonly<Record<DiffOutcome, ExitCode>> = {
  same: EXIT_OK,
  changed: EXIT_NOT_VERIFIED,
  unknown: EXIT_NOT_PERFORMED,
}

/** All that one run found. */
interface Comparison {
  readonly sides: readonly [ReadSide, ReadSide]
  /** Empty without --verify. */
  readonly verdicts: readonly SideVerdict[]
  readonly rows: readonly Row[]
  readonly contents: readonly ContentPair[]
}

interface View {
  readonly content: boolean
  readonly colour: boolean
}

function firstLine(verdicts: readonly SideVerdict[]): string {
  if (verdicts.length === 0) return NOTHING_VERIFIED
  const failed = verdicts.filter(({ verdict }) => !verdict.ok).map(({ name }) => name)
  return failed.length === 0 ? 'both sides were verified' : `NOT VERIFIED: ${failed.join(' and ')}`
}

function sideLines({ name, file, side }: ReadSide): readonly string[] {
  const { claims } = side.receipt ?? {}
  const what =
    claims === undefined
      ? 'a gateway, no answer'
      : `receipt ${claims.jti}, ${new Date(claims.iat * 1000).toISOString()}, ${claims.log.origin}`
  return [`  ${name}  ${printable(file)}: ${printable(what)}`, ...side.setAside.map((why) => `     ${why}`)]
}

function renderComparison({ sides, verdicts, rows, contents }: Comparison, { content, colour }: View): string {
  const names = contents.map(({ name }) => name).join(', ')
  const simulated = verdicts.some(({ verdict }) => verdict.simulated)
  const hidden = `Both archives hold ${printable(names)}: --content shows how they differ.\n`
  return [
    ...(simulated ? [`${paint(SIMULATED_BANNER, '33;1', colour)}\n`] : []),
    `${firstLine(verdicts)}\n`,
    ...verdicts.map(({ name, words }) => `  ${name}  ${printable(words)}\n`),
    `\n${sides.flatMap(sideLines).join('\n')}\n\n`,
    renderRows(rows, colour),
    ...(contents.length === 0 ? [] : content ? contents.map((pair) => `\n${renderContent(pair)}`) : [`\n${hidden}`]),
  ].join('')
}

function sideJson({ file, side }: ReadSide, verdict: SideVerdict | undefined): object {
  const { claims } = side.receipt ?? {}
  const identity = claims && {
    jti: claims.jti,
    iat: claims.iat,
    nonce: claims.eat_nonce ?? null,
    seq: claims.seq,
    session: claims.session,
    origin: claims.log.origin,
  }
  const judged = verdict && {
    verified: verdict.verdict.ok,
    simulated: verdict.verdict.simulated,
    ...(verdict.verdict.ok ? {} : { code: verdict.verdict.code, why: verdict.words }),
  }
  return { file, ...identity, ...judged, setAside: side.setAside }
}

function comparisonJson({ sides, verdicts, rows, contents }: Comparison, content: boolean): string {
  const [a, b] = sides
  return `${JSON.stringify({
    note: firstLine(verdicts),
    outcome: outcomeOf(rows),
    a: sideJson(a, verdicts[0]),
    b: sideJson(b, verdicts[1]),
    rows,
    ...(content && { content: contents.map((pair) => ({ name: pair.name, diff: renderContent(pair) })) }),
  })}\n`
}

export const command: Command = {
  summary: 'what changed between two answers',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [before, after, ...more] = positionals
    if (before === undefined || after === undefined || more.length > 0)
      throw new UsageError('two files are compared', 'For example: countersign diff before.cmw.json after.cmw.json')
    if (!values.verify && [values.policy, values.lock, values.revocations].some((file) => file !== undefined))
      throw new UsageError('--policy, --lock and --revocations are for --verify', 'Add --verify, or leave them out.')
    const sides = [await readSide('A', before), await readSide('B', after)] as const
    refuseUnlike(...sides)
    const verdicts = values.verify
      ? await verifySides(sides, { trust: await readTrust(values, io), now: io.now() })
      : []
    const [a, b] = sides
    const rows = diffSides(a.side, b.side)
    const comparison = { sides, verdicts, rows, contents: differingContent(a.side, b.side) }
    if (values.json) io.out(comparisonJson(comparison, values.content))
    else io.out(renderComparison(comparison, { content: values.content, colour: io.colour }))
    return verdicts.every(({ verdict }) => verdict.ok) ? EXITS[outcomeOf(rows)] : EXIT_NOT_VERIFIED
  },
}
