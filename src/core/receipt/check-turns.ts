/** What goes on from turn to turn of a conversation: the state that the gateway remembers, and calls that the client answers. @module */
import type { Checker } from '../verdict.ts'
import { rememberedState } from './check-memory.ts'
import { standsForOthers } from './client-calls.ts'
import type { Dependencies } from './disclosed.ts'
import type { AskedCall, RunMembers, ToolCallRecord } from './run.ts'

/** One receipt of a conversation, as far as the next ones rest on it. */
export interface Turn {
  /** Of the receipt: `jti`. */
  readonly name: string
  readonly digest: string
  /** Whether its answer came to its end. */
  readonly isWhole: boolean
  readonly dependencies: Dependencies | 'withheld'
  readonly run: RunMembers | 'withheld'
}

/** What the turns before left, and by which receipt. */
interface LeftState {
  readonly by: string
  readonly after: string
}

/** A turn that keeps nothing, such as a refusal, leaves what was remembered as it is. Undefined where it is not known. */
function leftBy({ digest, dependencies }: Turn, before: LeftState | undefined): LeftState | undefined {
  if (dependencies === 'withheld') return undefined
  const after = rememberedState(dependencies, 'memory-after')
  return after === 'none' ? before : { by: digest, after }
}

/**
 * A host that keeps the store could hand an earlier state to the gateway, or another one: each turn must begin with exactly what the last
 * one left.
 */
export function checkRemembered(check: Checker<'memory'>, turns: readonly Turn[]): void {
  let left: LeftState | undefined
  let links = 0
  for (const turn of turns) {
    if (followsState(check, turn, left)) links++
    left = leftBy(turn, left)
  }
  if (links > 0) check.pass('memory', `${links} links`)
  else check.unchecked('memory', 'no turn is known to go on from what another one left')
}

function followsState(check: Checker<'memory'>, turn: Turn, left: LeftState | undefined): boolean {
  const { step = 0, parents = [] } = (turn.run !== 'withheld' && turn.run.run) || {}
  const before = turn.dependencies === 'withheld' ? 'withheld' : rememberedState(turn.dependencies, 'memory-before')
  // Behind the first step of a run the parent is the step before it.
  const parent = step === 0 ? parents[0] : undefined
  if (left === undefined || (before === 'none' && parent === undefined)) return false
  check.that('memory', parent === undefined || parent === left.by, 'STATE_CHAIN_BROKEN', {
    fail: `${turn.name} goes on from ${parent}, the state before it was left by ${left.by}`,
  })
  if (before === 'withheld') return false
  check.that('memory', before === left.after, 'STATE_CHAIN_BROKEN', {
    fail: `${turn.name} begins with the state ${before}, the turn before it left ${left.after}`,
  })
  return true
}

/** Results that a client brings are for the calls of the last whole answer: each of them, once, and as it was asked for. */
export function checkToolResults(check: Checker<'tools'>, turns: readonly Turn[]): void {
  let asked: readonly AskedCall[] = []
  let answered = 0
  for (const turn of turns) {
    const { tools = [], calls = [] } = turn.run === 'withheld' ? {} : turn.run
    const brought = tools.filter(({ by }) => by === 'client')
    if (brought.length > 0) {
      const told = asked.filter((call) => isTold(call, brought))
      for (const call of told) checkResult(check, turn, call, brought)
      answered += told.length
    }
    if (turn.isWhole) asked = calls
  }
  if (answered > 0) check.pass('tools', `${answered} results`)
  else check.unchecked('tools', 'no results of tools that an answer is known to ask for')
}

/** Of many calls receipts hold some, and a digest of the others: those are judged by the request itself. */
function isTold(call: AskedCall, brought: readonly ToolCallRecord[]): boolean {
  if (standsForOthers(call)) return false
  return brought.some(({ id }) => id === call.id) || !brought.some(standsForOthers)
}

/** The request may lack the call itself, as behind `previous_response_id`: then the gateway could not say what it was. */
function isOneOrUnknown(said: string, due: string): boolean {
  return said === due || said === 'none'
}

function checkResult(check: Checker<'tools'>, turn: Turn, call: AskedCall, brought: readonly ToolCallRecord[]): void {
  const results = brought.filter(({ id }) => id === call.id)
  const [result] = results
  check.that('tools', results.length === 1, 'TOOL_TRANSCRIPT_MISMATCH', {
    fail: `${turn.name} brings ${results.length} results for the call ${call.id}`,
  })
  const isAsAsked =
    result !== undefined && isOneOrUnknown(result.tool, call.tool) && isOneOrUnknown(result.arguments, call.arguments)
  check.that('tools', isAsAsked, 'TOOL_TRANSCRIPT_MISMATCH', {
    fail: `${turn.name} tells of the call ${call.id} otherwise than the answer that asked for it`,
  })
}
