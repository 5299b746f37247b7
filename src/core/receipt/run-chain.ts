/**
 * Receipts of one run: a request whose answer took several calls of the model, with a receipt for each. Every step names the one before,
 * so that none can be left out, and lists the calls of tools of all before it. docs/formats.md, Tools and runs. @module
 */
import { type Checker, failedCheck, judge, type Verdict } from '../verdict.ts'
import { receiptDigest } from './conversation.ts'
import { decodeReceipt, type Receipt } from './receipt.ts'
import { type AskedCall, type RunMembers, readRunMembers } from './run.ts'
import { judgeSignature, type SessionView } from './verify.ts'

const CHECKS = ['receipts', 'run', 'tools'] as const
type Check = Checker<(typeof CHECKS)[number]>

/** Receipts of one run, first step first. Decoded; their signatures are judged elsewhere. */
export interface Run {
  readonly receipts: readonly Receipt[]
}

/**
 * Whether receipts are the steps of one run, all of them from the first one on. That the last one is the last is for their holder to know.
 * @param tokens the holder's, first step first; all of it may have been cut and pasted
 */
export function verifyRun(tokens: readonly string[]): Promise<Verdict<Run>> {
  return judge(CHECKS, async (check) => {
    const receipts = tokens.map((token) => check.decode('receipts', () => decodeReceipt(token)))
    if (receipts.length === 0) check.incomplete('receipts', 'a run has at least one receipt')
    receipts.forEach((receipt, at) => {
      judgeStep(check, receipt, { at, before: receipts[at - 1] })
    })
    check.pass('run', `${receipts.length} steps`)
    check.pass('tools')
    return { receipts }
  })
}

function membersOf(check: Check, { claims, disclosed }: Receipt): RunMembers {
  const { exchange } = disclosed
  if (exchange === undefined) return check.fail('run', 'CLAIM_MISSING', `${claims.jti}: the exchange is withheld`)
  return check.decode('run', () => readRunMembers(exchange))
}

function judgeStep(
  check: Check,
  receipt: Receipt,
  { at, before }: { readonly at: number; readonly before: Receipt | undefined },
): void {
  const { run, tools = [] } = membersOf(check, receipt)
  const named = `step ${at} (${receipt.claims.jti})`
  check.that('run', (run?.step ?? 0) === at, 'RECEIPT_CONTEXT', {
    fail: `${named} says that it is step ${run?.step ?? 0}`,
  })
  if (before === undefined) return
  const parent = receiptDigest(before.issuerJws)
  check.that('run', run?.parents.length === 1 && run.parents[0] === parent, 'RECEIPT_CONTEXT', {
    fail: `${named} follows ${run?.parents.join(', ')}, the step before it is ${parent}`,
  })
  check.that('run', receipt.claims.session === before.claims.session, 'RECEIPT_CONTEXT', {
    fail: `${named} is of another session than the step before it`,
  })
  const [asked, first] = [receipt.disclosed.request?.digest, before.disclosed.request?.digest]
  check.that('run', asked !== undefined && first !== undefined, 'CLAIM_MISSING', {
    fail: `${named}: a request is withheld`,
  })
  check.that('run', asked === first, 'RECEIPT_CONTEXT', { fail: `${named} is of another request` })
  // Policy is held against the last step alone: whatever it demands of that one, the others must have too.
  const [conditions, others] = [conditionsOf(receipt), conditionsOf(before)]
  const what = Object.keys(conditions).find((name) => (others[name] ?? conditions[name]) !== conditions[name])
  check.that('run', what === undefined, 'RECEIPT_CONTEXT', {
    fail: `${named} has another ${what} than the step before it`,
  })
  const { tools: earlier = [], calls = [] } = membersOf(check, before)
  const kept = tools.slice(0, earlier.length)
  check.that('tools', JSON.stringify(kept) === JSON.stringify(earlier), 'TOOL_TRANSCRIPT_MISMATCH', {
    fail: `${named} tells of the calls before it otherwise than the step before it`,
  })
  const added = tools.slice(earlier.length)
  check.that('tools', called(added) === called(calls), 'TOOL_TRANSCRIPT_MISMATCH', {
    fail: `${named} has other calls behind it than those that the step before it asked for`,
  })
}

/** As text, what is withheld left out. Seeds can differ from step to step, and so can what was called and what is remembered. */
function conditionsOf({ claims, disclosed: { dependencies } }: Receipt): Readonly<Record<string, string>> {
  const { model, engine, upstream } = claims
  const { 'sampling-parameters': _, 'tool-call': __, 'memory-after': ___, ...same } = dependencies ?? {}
  return {
    model: JSON.stringify(model),
    engine: JSON.stringify(engine),
    upstream: JSON.stringify(upstream),
    ...Object.fromEntries(Object.entries(same).map(([role, named]) => [role, JSON.stringify(named)])),
  }
}

function called(calls: readonly AskedCall[]): string {
  return JSON.stringify(calls.map((call) => [call.id, call.tool, call.arguments]))
}

/**
 * The steps before an answer, where its holder has them: one run, signed by the key of the session that signed the answer. What each of
 * them was given is not judged: the last step was given all of it.
 * @param steps tokens, first step first
 */
export async function checkSteps(
  check: Checker<'run'>,
  {
    token,
    step,
    steps,
  }: { readonly token: string; readonly step: number; readonly steps: readonly string[] | undefined },
  view: SessionView,
): Promise<void> {
  if (steps === undefined) {
    check.unchecked('run', step === 0 ? 'one call of the model' : `the ${step} steps before it are not held`)
    return
  }
  const verdicts: Verdict<object>[] = [await verifyRun([...steps, token])]
  for (const earlier of steps) verdicts.push(await judgeSignature(earlier, view))
  for (const verdict of verdicts)
    if (!verdict.ok) check.fail('run', verdict.code, failedCheck(verdict.checks)?.detail ?? '')
  check.pass('run', `${steps.length + 1} steps`)
}
