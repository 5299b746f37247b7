/** What goes on from turn to turn, and from step to step: good chains, and bad ones that differ in one thing. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/core/encoding/json.ts'
import { receiptDigest, verifyConversation } from '../../../src/core/receipt/conversation.ts'
import { verifyRun } from '../../../src/core/receipt/run-chain.ts'
import { failedCheck, type Verdict } from '../../../src/core/verdict.ts'
import { type Call, descriptor, digestOf, issueRun, type RunRecipe, record } from './run-fixture.ts'

const LIST = [{ role: 'user', content: 'What does a receipt prove?' }]
const LOOK: Call = { id: 'call_1', tool: 'look', arguments: '{"page":1}', result: 'signed' }
const READ: Call = { id: 'call_2', tool: 'read', arguments: '{}', result: 'quoted' }

const tokenOf = (recipe: Partial<RunRecipe> = {}): string => issueRun({ list: LIST, ...recipe }).archive.receipt
const outcomeOf = (verdict: Verdict<unknown>): readonly unknown[] =>
  verdict.ok
    ? ['ok', ...verdict.checks.map(({ name, status }) => `${name} ${status}`).slice(2)]
    : [verdict.code, failedCheck(verdict.checks)?.name]
const judge = async (...tokens: readonly string[]): Promise<readonly unknown[]> =>
  outcomeOf(await verifyConversation(tokens))
const withhold =
  (name: 'dependencies' | 'exchange' | 'request') =>
  (values: { [key: string]: object }): object => {
    const { [name]: _, ...rest } = values
    return rest
  }

describe('what is remembered', () => {
  const state = (role: 'memory-before' | 'memory-after', text: string, source = 'gateway') => ({
    [role]: [descriptor(role, '2 messages', digestOf(text), { scheme: 'raw', source })],
  })
  /** A turn that follows another one, and says what it began with and what it left. */
  const turn = (
    prev: string | 'none',
    {
      before,
      after,
      parents,
      step = 0,
      ...more
    }: Partial<RunRecipe> & {
      before?: string
      after?: string
      parents?: readonly string[]
      step?: number
    },
  ): string =>
    tokenOf({
      ...more,
      exchange: {
        ...(prev === 'none' ? {} : { prev: receiptDigest(prev) }),
        ...(parents === undefined ? {} : { run: { step, parents } }),
      },
      dependencies: {
        ...(before === undefined ? {} : state('memory-before', before)),
        ...(after === undefined ? {} : state('memory-after', after)),
      },
    })
  const parents = (token: string): readonly string[] => [receiptDigest(token)]

  const first = turn('none', { after: 'one' })
  const second = turn(first, { before: 'one', after: 'one,two', parents: parents(first) })
  const third = turn(second, { before: 'one,two', after: 'one,two,three', parents: parents(second) })
  const PASSES = ['ok', 'memory pass', 'tools not-performed']

  it('goes on from turn to turn', async () => {
    expect(await judge(first, second, third)).toEqual(PASSES)
  })

  it('goes on over a turn that keeps nothing', async () => {
    const refused = turn(first, { claims: { outcome: 'refused' } })
    expect(await judge(first, refused, turn(refused, { before: 'one', parents: parents(first) }))).toEqual(PASSES)
  })

  it('goes on into the last step of a run, whose parent is another step', async () => {
    const last = turn(first, { before: 'one', step: 2, parents: [digestOf('step 1')] })
    expect(await judge(first, last)).toEqual(PASSES)
  })

  it.each<[string, readonly string[]]>([
    ['an earlier state was used', [first, second, turn(second, { before: 'one', parents: parents(second) })]],
    ['a turn of it was edited', [first, turn(first, { before: 'One', parents: parents(first) })]],
    ['a turn was put into it', [first, turn(first, { before: 'one,more', parents: parents(first) })]],
    ['it was dropped', [first, turn(first, { parents: parents(first) })]],
    [
      'another receipt is named as its parent',
      [first, second, turn(second, { before: 'one,two', parents: parents(first) })],
    ],
    [
      'the last step of a run began with another one',
      [first, turn(first, { before: 'two', step: 1, parents: [digestOf('x')] })],
    ],
  ])('[R13] is refused where %s', async (_, tokens) => {
    expect(await judge(...tokens)).toEqual(['STATE_CHAIN_BROKEN', 'memory'])
  })

  it('is not judged where nothing is known of it', async () => {
    const NOT = ['ok', 'memory not-performed', 'tools not-performed']
    expect(await judge(second)).toEqual(NOT)
    expect(await judge(first, turn(first, {}))).toEqual(NOT)
    const withheld = turn('none', { after: 'one', disclosed: withhold('dependencies') })
    expect(await judge(withheld, turn(withheld, { before: 'one', parents: parents(withheld) }))).toEqual(NOT)
    const later = turn(first, { parents: parents(first), disclosed: withhold('dependencies') })
    expect(await judge(first, later)).toEqual(NOT)
  })
})

describe('results that a client brings', () => {
  const asked = (call: Call): JsonObject => ({ id: call.id, tool: call.tool, arguments: digestOf(call.arguments) })
  const asking = tokenOf({ exchange: { calls: [asked(LOOK), asked(READ)] } })
  const bringing = (tools: readonly JsonObject[], after = asking): string =>
    tokenOf({ exchange: { tools, prev: receiptDigest(after) } })
  const client = (call: Call, more: object = {}): JsonObject => record(call, 'client', more)
  const PASSES = ['ok', 'memory not-performed', 'tools pass']

  it('[R12] are judged one by one as far as they are listed one by one', async () => {
    const many = tokenOf({
      exchange: { calls: [asked(LOOK), asked(READ), { ...asked(READ), id: 'none', tool: '3 more calls' }] },
    })
    const earlier = { ...record(LOOK, 'client'), id: 'none', tool: '4 earlier calls', arguments: 'none' }
    const listed = record(READ, 'client')
    expect(await judge(many, bringing([earlier, listed], many))).toEqual(['ok', 'memory not-performed', 'tools pass'])
    const other = record({ ...READ, arguments: '{"all":1}' }, 'client')
    expect(await judge(many, bringing([earlier, other], many))).toEqual(['TOOL_TRANSCRIPT_MISMATCH', 'tools'])
    expect(await judge(many, bringing([listed], many))).toEqual(['TOOL_TRANSCRIPT_MISMATCH', 'tools'])
  })

  it.each<[string, readonly string[]]>([
    ['for both calls', [asking, bringing([client(LOOK), client(READ)])]],
    ['in any order', [asking, bringing([client(READ), client(LOOK)])]],
    [
      'of which only the gateway remembers the calls',
      [asking, bringing([LOOK, READ].map((call) => client(call, { tool: 'none', arguments: 'none' })))],
    ],
    [
      'beside results of calls that no answer asked for',
      [asking, bringing([client(LOOK), client(READ), client({ ...READ, id: 'old' })])],
    ],
  ])('are for the calls that were asked for: %s', async (_, tokens) => {
    expect(await judge(...tokens)).toEqual(PASSES)
  })

  it('are still due behind a turn that broke', async () => {
    const broke = tokenOf({ exchange: { prev: receiptDigest(asking) }, claims: { outcome: 'upstream_error' } })
    expect(await judge(asking, broke, bringing([client(LOOK), client(READ)], broke))).toEqual(PASSES)
    expect(await judge(asking, broke, bringing([client(LOOK)], broke))).toEqual(['TOOL_TRANSCRIPT_MISMATCH', 'tools'])
  })

  it('may be none: a client can go on otherwise', async () => {
    const NOT = ['ok', 'memory not-performed', 'tools not-performed']
    expect(await judge(asking, bringing([]))).toEqual(NOT)
    expect(await judge(bringing([client(LOOK)]))).toEqual(NOT)
    const other = tokenOf({ exchange: { tools: [record(LOOK)], prev: receiptDigest(asking) } })
    expect(await judge(asking, other)).toEqual(NOT)
  })

  it.each<[string, readonly JsonObject[]]>([
    ['one is missing', [client(LOOK)]],
    ['one is there twice', [client(LOOK), client(READ), client(READ)]],
    ['one is for another id', [client(LOOK), client({ ...READ, id: 'call_3' })]],
    ['its arguments were edited', [client({ ...LOOK, arguments: '{"page":2}' }), client(READ)]],
    ['its tool was exchanged', [client({ ...LOOK, tool: 'read' }), client(READ)]],
  ])('[R12] are refused where %s', async (_, tools) => {
    expect(await judge(asking, bringing(tools))).toEqual(['TOOL_TRANSCRIPT_MISMATCH', 'tools'])
  })

  it('[R12] are refused in another form', async () => {
    expect(await judge(asking, bringing([{ ...client(LOOK), by: 'model' }]))).toEqual([
      'TOOL_TRANSCRIPT_MISMATCH',
      'receipts',
    ])
  })
})

describe('steps of a run', () => {
  const step = (at: number, before: string | undefined, tools: readonly JsonObject[], more: Partial<RunRecipe> = {}) =>
    tokenOf({
      ...more,
      exchange: {
        ...(tools.length === 0 ? {} : { tools }),
        run: { step: at, parents: before === undefined ? [] : [receiptDigest(before)] },
        ...more.exchange,
      },
    })
  const asking = (...calls: readonly Call[]): Partial<RunRecipe> => ({
    exchange: { calls: calls.map(({ id, tool, arguments: text }) => ({ id, tool, arguments: digestOf(text) })) },
  })
  const zero = step(0, undefined, [], asking(LOOK))
  const one = step(1, zero, [record(LOOK)], asking(READ))
  const two = step(2, one, [record(LOOK), record(READ)])
  const refusal = async (...tokens: readonly string[]): Promise<readonly unknown[]> =>
    outcomeOf(await verifyRun(tokens))

  it('follow each other', async () => {
    const verdict = await verifyRun([zero, one, two])
    expect(verdict.ok && verdict.value.receipts).toHaveLength(3)
    expect((await verifyRun([tokenOf()])).ok).toBe(true)
  })

  const other = step(0, undefined, [], { ...asking(LOOK), list: [...LIST, ...LIST] })
  const otherModel = { name: 'another', digest: digestOf('another') }
  const otherTools = { 'tool-definitions': [descriptor('tool-definitions', 'docs', digestOf('another list'))] }
  const elsewhere = step(1, zero, [record(LOOK)], { claims: { session: digestOf('another session') } })

  it.each<[string, readonly string[]]>([
    ['the first is missing', [one, two]],
    ['one was left out', [zero, two]],
    ['they were exchanged', [zero, two, one]],
    ['one names another one before it', [zero, step(1, two, [record(LOOK)])]],
    [
      'one names two',
      [zero, step(1, zero, [], { exchange: { run: { step: 1, parents: [zero, two].map(receiptDigest) } } })],
    ],
    ['one counts otherwise', [zero, step(2, zero, [record(LOOK)])]],
    ['one is of another request', [other, step(1, other, [record(LOOK)])]],
    ['one is of another session', [zero, elsewhere]],
    ['one is of no run', [zero, tokenOf()]],
    ['one is of another model', [zero, step(1, zero, [record(LOOK)], { claims: { model: otherModel } })]],
    ['one ran elsewhere', [zero, step(1, zero, [record(LOOK)], { claims: { upstream: { kind: 'local' } } })]],
    ['one had other tools', [zero, step(1, zero, [record(LOOK)], { dependencies: otherTools })]],
  ])('[R12] are refused where %s', async (_, tokens) => {
    expect(await refusal(...tokens)).toEqual(['RECEIPT_CONTEXT', 'run'])
  })

  it.each<[string, string]>([
    ['dropped', step(2, one, [record(READ)])],
    ['edited', step(2, one, [record(LOOK, 'gateway', { duration_ms: 8 }), record(READ)])],
    ['moved', step(2, one, [record(READ), record(LOOK)])],
    ['put in', step(2, one, [record(LOOK), record({ ...READ, id: 'call_3' }), record(READ)])],
    ['asked for and is not there', step(2, one, [record(LOOK)])],
    ['asked for with other arguments', step(2, one, [record(LOOK), record({ ...READ, arguments: '' })])],
  ])('[R12] are refused where a call before was %s', async (_, last) => {
    expect(await refusal(zero, one, last)).toEqual(['TOOL_TRANSCRIPT_MISMATCH', 'tools'])
  })

  it('[R8] are refused where a link is withheld', async () => {
    const hidden = step(1, zero, [record(LOOK)], { disclosed: withhold('exchange') })
    expect(await refusal(zero, hidden)).toEqual(['CLAIM_MISSING', 'run'])
    const asked = step(1, zero, [record(LOOK)], { disclosed: withhold('request') })
    expect(await refusal(zero, asked)).toEqual(['CLAIM_MISSING', 'run'])
  })

  it('are refused where one does not decode, or there is none', async () => {
    expect(await refusal(zero, 'x')).toEqual(['RECEIPT_ENCODING', 'receipts'])
    expect(await refusal()).toEqual(['CHECK_NOT_PERFORMED', 'receipts'])
  })
})
