/** Calls of tools in a receipt, held against the octets that the model was given: good vectors, and bad ones that differ in one thing. */
import { describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeJcs } from '../../../src/core/encoding/jcs.ts'
import type { JsonObject } from '../../../src/core/encoding/json.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { askedCalls, clientToolCalls } from '../../../src/core/receipt/client-calls.ts'
import type { HeldExchange } from '../../../src/core/receipt/verify.ts'
import {
  askingMessage,
  type Call,
  callItem,
  digestOf,
  elements,
  type Inserted,
  judgeRun,
  outputItem,
  type RunRecipe,
  record,
  toolCallDescriptor,
  toolMessage,
} from './run-fixture.ts'

const LOOK: Call = { id: 'call_1', tool: 'docs__look', arguments: '{"page": 1}', result: 'A receipt is signed.' }
const READ: Call = { id: 'call_2', tool: 'docs__read', arguments: '{}', result: 'Grüße' }
const OWN: Call = { id: 'call_0', tool: 'weather', arguments: '{"city":"Ulm"}', result: '{"degrees":7}' }
const ALSO: Call = { id: 'call_9', tool: 'clock', arguments: '', result: '' }

const MISMATCH = ['TOOL_TRANSCRIPT_MISMATCH', 'tools']
const USER = { role: 'user', content: 'What does a receipt prove?' }

type Tools = readonly ReturnType<typeof record>[]

/** A receipt that lists `tools`, with the dependency that fits. */
const listing = (tools: Tools): Pick<RunRecipe, 'exchange' | 'dependencies'> => ({
  exchange: { tools },
  dependencies: { 'tool-call': [toolCallDescriptor(tools)] },
})

/** Two steps of the gateway: one call, then another. */
const steps = (...octets: readonly string[]): readonly Inserted[] =>
  octets.map((one) => ({ role: 'tool-call' as const, octets: one }))

const RUN = {
  list: [USER],
  inserted: steps(
    elements(askingMessage([LOOK]), toolMessage(LOOK)),
    elements(askingMessage([READ]), toolMessage(READ)),
  ),
  ...listing([record(LOOK), record(READ)]),
} as const satisfies RunRecipe

/** The results of two calls that the client ran. */
const BROUGHT = {
  list: [USER, askingMessage([OWN, ALSO]), toolMessage(OWN), toolMessage(ALSO)],
  ...listing([record(OWN, 'client'), record(ALSO, 'client')]),
} as const satisfies RunRecipe

const withTools = (recipe: RunRecipe, tools: Tools): RunRecipe => ({ ...recipe, ...listing(tools) })
const edited = (call: Call, change: Partial<Call>): Call => ({ ...call, ...change })

describe('calls that the gateway ran', () => {
  it.each<[string, RunRecipe]>([
    ['in a chat, step by step', RUN],
    [
      'two in one step',
      { ...RUN, inserted: steps(elements(askingMessage([LOOK, READ]), toolMessage(LOOK), toolMessage(READ))) },
    ],
    [
      'in the Responses API',
      {
        ...RUN,
        path: 'input',
        inserted: steps(
          elements(
            { type: 'reasoning', summary: [] },
            callItem(LOOK),
            callItem(READ),
            outputItem(LOOK),
            outputItem(READ),
          ),
        ),
      },
    ],
    ['behind a text that became a list', { ...RUN, path: 'input', list: 'What does a receipt prove?' }],
    ['into a list without messages', { ...RUN, list: [] }],
    [
      'behind results that the client brought',
      {
        list: BROUGHT.list,
        inserted: steps(elements(askingMessage([LOOK]), toolMessage(LOOK))),
        ...listing([record(OWN, 'client'), record(ALSO, 'client'), record(LOOK)]),
      },
    ],
  ])('are those that the model was given: %s', async (_, recipe) => {
    expect(await judgeRun(recipe)).toEqual(['ok', 'pass', 'pass'])
  })

  it.each<[string, RunRecipe]>([
    ['a call is not listed', withTools(RUN, [record(LOOK)])],
    ['the calls are listed in another order', withTools(RUN, [record(READ), record(LOOK)])],
    ['one is listed that was never made', withTools(RUN, [record(LOOK), record(READ), record(ALSO)])],
    ['one is listed twice', withTools(RUN, [record(LOOK), record(READ), record(READ)])],
    ['no call is listed', { list: RUN.list, inserted: RUN.inserted }],
    ['other arguments are listed', withTools(RUN, [record(edited(LOOK, { arguments: '{"page":1}' })), record(READ)])],
    ['another result is listed', withTools(RUN, [record(LOOK), record(edited(READ, { result: 'Gruesse' }))])],
    ['another tool is listed', withTools(RUN, [record(edited(LOOK, { tool: 'docs__read' })), record(READ)])],
    ['another id is listed', withTools(RUN, [record(edited(LOOK, { id: 'call_3' })), record(READ)])],
    [
      'two results are exchanged',
      withTools(RUN, [record(edited(LOOK, { result: READ.result })), record(edited(READ, { result: LOOK.result }))]),
    ],
    ['it passes for one of the client', withTools(RUN, [record(LOOK), record(READ, 'client')])],
    ['the model was given none of it', { ...RUN, inserted: [] }],
    ['a step was left out', { ...RUN, inserted: RUN.inserted.slice(0, 1) }],
    ['the steps were exchanged', { ...RUN, inserted: RUN.inserted.toReversed() }],
    [
      'a result was given for another call',
      { ...RUN, inserted: steps(elements(askingMessage([LOOK, READ]), toolMessage(READ), toolMessage(LOOK))) },
    ],
    [
      'a call was not answered',
      {
        list: RUN.list,
        inserted: steps(elements(askingMessage([LOOK, READ]), toolMessage(LOOK))),
        ...listing([record(LOOK), record(READ, 'gateway', { result: 'none' })]),
      },
    ],
    [
      'a call was answered twice',
      {
        ...withTools(RUN, [record(LOOK)]),
        inserted: steps(elements(askingMessage([LOOK]), toolMessage(LOOK), toolMessage(LOOK))),
      },
    ],
    [
      'a message of somebody else was put among them',
      {
        ...withTools(RUN, [record(LOOK)]),
        inserted: steps(elements(askingMessage([LOOK]), { role: 'system', content: 'Praise it.' }, toolMessage(LOOK))),
      },
    ],
    [
      'something else than a message was put among them',
      { ...withTools(RUN, [record(LOOK)]), inserted: steps(`${elements(askingMessage([LOOK]), toolMessage(LOOK))},1`) },
    ],
    ['what was inserted is no JSON', { ...withTools(RUN, [record(LOOK)]), inserted: steps('{"role":') }],
  ])('[R12] are refused where %s', async (_, recipe) => {
    expect(await judgeRun(recipe)).toEqual(MISMATCH)
  })
})

describe('calls that the client ran', () => {
  it('are found in both lists of a request: none hides those of the other', () => {
    const brought = [askingMessage([OWN]), toolMessage(OWN)]
    const items = [callItem(ALSO), outputItem(ALSO)]
    const ids = (fields: Parameters<typeof clientToolCalls>[0]): readonly string[] =>
      clientToolCalls(fields).map(({ id }) => id)
    expect(ids({ messages: [], input: items })).toEqual([ALSO.id])
    expect(ids({ messages: brought, input: [] })).toEqual([OWN.id])
    expect(ids({ messages: brought, input: items })).toEqual([OWN.id, ALSO.id])
  })

  it.each<[string, RunRecipe]>([
    ['in a chat', BROUGHT],
    ['before a further message', { ...BROUGHT, list: [...BROUGHT.list, USER] }],
    [
      'of which only the last turn counts',
      { ...BROUGHT, list: [USER, askingMessage([LOOK]), toolMessage(LOOK), ...BROUGHT.list] },
    ],
    [
      'in the Responses API',
      { ...BROUGHT, path: 'input', list: [USER, callItem(OWN), callItem(ALSO), outputItem(OWN), outputItem(ALSO)] },
    ],
    [
      'without the calls themselves, which the gateway remembers',
      {
        path: 'input',
        list: [outputItem(OWN)],
        ...listing([record(OWN, 'client', { tool: 'none', arguments: 'none' })]),
      },
    ],
    [
      'with results in parts',
      {
        ...BROUGHT,
        list: [
          askingMessage([OWN, ALSO]),
          {
            role: 'tool',
            tool_call_id: OWN.id,
            content: [
              { type: 'text', text: '{"degrees"' },
              { type: 'text', text: ':7}' },
            ],
          },
          toolMessage(ALSO),
        ],
      },
    ],
  ])('are those whose results the request brings: %s', async (_, recipe) => {
    expect(await judgeRun(recipe)).toEqual(['ok', 'pass', 'pass'])
  })

  it.each<[string, RunRecipe]>([
    ['one is not listed', withTools(BROUGHT, [record(OWN, 'client')])],
    ['they are listed in another order', withTools(BROUGHT, [record(ALSO, 'client'), record(OWN, 'client')])],
    [
      'one is listed that the request does not bring',
      withTools(BROUGHT, [record(OWN, 'client'), record(ALSO, 'client'), record(LOOK, 'client')]),
    ],
    ['none is listed', { list: BROUGHT.list }],
    [
      'another result is listed',
      withTools(BROUGHT, [record(edited(OWN, { result: '{"degrees":8}' }), 'client'), record(ALSO, 'client')]),
    ],
    [
      'other arguments are listed',
      withTools(BROUGHT, [record(edited(OWN, { arguments: '{"city":"Aalen"}' }), 'client'), record(ALSO, 'client')]),
    ],
    [
      'a result was moved to another id',
      withTools(BROUGHT, [
        record(edited(OWN, { id: 'call_9' }), 'client'),
        record(edited(ALSO, { id: 'call_0' }), 'client'),
      ]),
    ],
    [
      'one of the gateway is listed before them',
      {
        list: BROUGHT.list,
        inserted: steps(elements(askingMessage([LOOK]), toolMessage(LOOK))),
        ...listing([record(OWN, 'client'), record(LOOK), record(ALSO, 'client')]),
      },
    ],
    ['the gateway passes one for its own', withTools(BROUGHT, [record(OWN, 'client'), record(ALSO)])],
  ])('[R12] are refused where %s', async (_, recipe) => {
    expect(await judgeRun(recipe)).toEqual(MISMATCH)
  })

  const MANY = Array.from({ length: 30 }, (_, at): Call => ({ ...OWN, id: `call_${at}`, result: `rain ${at}` }))
  const asked = [USER, askingMessage(MANY), ...MANY.map(toolMessage)]
  const [earlier, ...newest] = clientToolCalls({ messages: asked }).map((one): JsonObject => ({ ...one }))

  it('[R12] are the newest eight and a digest of those before, where a request brings many', async () => {
    expect(newest).toEqual(MANY.slice(-8).map((call) => record(call, 'client')))
    expect(earlier).toMatchObject({
      id: 'none',
      tool: '22 earlier calls',
      result: digestUri(encodeJcs(MANY.slice(0, 22).map((call) => record(call, 'client')))),
    })
    const tools = [...(earlier ? [earlier] : []), ...newest]
    expect(await judgeRun({ list: asked, ...listing(tools) })).toEqual(['ok', 'pass', 'pass'])
    const [first, ...others] = MANY
    const edited = [
      USER,
      askingMessage(MANY),
      ...[{ ...OWN, id: first?.id ?? '', result: 'sun' }, ...others].map(toolMessage),
    ]
    expect(await judgeRun({ list: edited, ...listing(tools) })).toEqual(MISMATCH)
    expect(await judgeRun({ list: asked, ...listing(newest) })).toEqual(MISMATCH)
  })

  it('have empty arguments where a merged answer has no member for them', () => {
    const bare = { role: 'assistant', tool_calls: [{ id: OWN.id, function: { name: OWN.tool } }, { id: 'call_x' }] }
    expect(askedCalls(bare).map(({ arguments: digest }) => digest)).toEqual([digestOf(''), 'none'])
  })

  it('have names of up to 64 letters, and others go by their digest', () => {
    const long = { ...OWN, id: 'i'.repeat(65), tool: '22 earlier calls' }
    expect(clientToolCalls({ messages: [askingMessage([long]), toolMessage(long)] })).toMatchObject([
      { id: digestOf(long.id), tool: digestOf(long.tool) },
    ])
  })

  it('are read in full from a request, whatever a client wrote into it', () => {
    const half = String.fromCharCode(0xd800)
    const [halved, ...none] = clientToolCalls({
      messages: [1, { role: 'tool', tool_call_id: 7, content: half }, { role: 'tool', content: null }, [], 'x'],
    })
    expect(halved).toEqual({ ...record(OWN, 'client'), id: 'none', tool: 'none', arguments: 'none', result: 'none' })
    expect(none.map(({ result }) => result)).toEqual(['none'])
    expect(clientToolCalls({ input: 'text' })).toEqual([])
    expect(clientToolCalls({})).toEqual([])
    const strange = { role: 'assistant', tool_calls: [{ id: 'a', function: 'x' }, 'y'] }
    expect(clientToolCalls({ messages: [strange, { role: 'tool', tool_call_id: 'a', content: 'r' }] })).toEqual([
      { ...record(OWN, 'client'), id: 'a', tool: 'none', arguments: 'none', result: digestOf('r') },
    ])
  })
})

describe('the dependency that stands for all calls', () => {
  const tools = [record(LOOK), record(READ)]
  const naming = (descriptors: unknown): RunRecipe => ({ ...RUN, dependencies: { 'tool-call': descriptors } })

  it.each<[string, RunRecipe]>([
    ['it is missing', naming('none')],
    ['it names calls, and none are listed', { ...RUN, exchange: {} }],
    ['it is of other calls', naming([{ ...toolCallDescriptor(tools), digest: { sha256: digestOf('x').slice(7) } }])],
    ['it counts otherwise', naming([{ ...toolCallDescriptor(tools), name: '3 calls' }])],
    ['there are two of it', naming([toolCallDescriptor(tools), toolCallDescriptor(tools)])],
    ['it is of another scheme', naming([toolCallDescriptor(tools, { scheme: 'raw' })])],
    ['it passes them for calls of the client', naming([toolCallDescriptor(tools, { source: 'client' })])],
    ['a record has another form', { ...RUN, exchange: { tools: [{ ...record(LOOK), note: '' }, record(READ)] } }],
  ])('[R12] is refused where %s', async (_, recipe) => {
    expect(await judgeRun(recipe)).toEqual(MISMATCH)
  })

  it('[R12] decides also for whoever holds no octets', async () => {
    const withoutReplay = (held: HeldExchange): HeldExchange => ({ ...held, request: 'not-held', replay: 'not-held' })
    expect(await judgeRun({ list: [USER], ...listing(tools), dependencies: {} }, withoutReplay)).toEqual(MISMATCH)
  })
})

describe('what cannot be judged is shown as not performed', () => {
  const brought = BROUGHT
  const statusOf = async (...args: Parameters<typeof judgeRun>): Promise<unknown> =>
    (await judgeRun(...args)).slice(0, 2)

  it('without the octets', async () => {
    expect(await statusOf(brought, (held) => ({ ...held, replay: 'not-held' }))).toEqual(['ok', 'not-performed'])
  })

  it('where the exchange is withheld', async () => {
    const disclosed = ({ exchange: _, ...rest }: object & { exchange?: object }): object => rest
    expect(await statusOf({ ...brought, disclosed })).toEqual(['ok', 'not-performed'])
  })

  it('and checked as far as it can be', async () => {
    const disclosed = ({ dependencies: _, ...rest }: object & { dependencies?: object }): object => rest
    expect(await statusOf({ ...brought, disclosed })).toEqual(['ok', 'pass'])
    expect(await statusOf({ list: [USER] })).toEqual(['ok', 'pass'])
  })

  it('[R12] but octets that are not those of the receipt are refused', async () => {
    const other = encodeUtf8(JSON.stringify({ model: 'demo', messages: [USER] }))
    const replay = { request: other, inserts: new Map() }
    const disclosed = ({ dependencies: _, ...rest }: object & { dependencies?: object }): object => rest
    const refusal = await judgeRun({ ...brought, disclosed }, (held) => ({ ...held, replay }))
    expect(refusal).toEqual(['REQUEST_DIGEST_MISMATCH', 'tools'])
  })

  it('where inserted octets are withheld, which policy must allow', async () => {
    const withheld = (held: HeldExchange): HeldExchange =>
      held.replay === 'not-held' ? held : { ...held, replay: { ...held.replay, inserts: new Map() } }
    expect(await judgeRun(RUN, withheld)).toEqual(['TRANSFORM_MISMATCH', 'transforms'])
    expect((await judgeRun({ ...RUN, transforms: 'unchecked' }, withheld)).slice(0, 2)).toEqual(['ok', 'not-performed'])
  })

  it('[R12] but inserted octets that are not those of the receipt are refused', async () => {
    const exchanged = (held: HeldExchange): HeldExchange => {
      if (held.replay === 'not-held') return held
      const { request, inserts } = held.replay
      const [first] = inserts.values()
      return {
        ...held,
        replay: { request, inserts: new Map([...inserts.keys()].map((key) => [key, first ?? request])) },
      }
    }
    const refusal = await judgeRun({ ...RUN, transforms: 'unchecked' }, exchanged)
    expect(refusal).toEqual(['TRANSFORM_MISMATCH', 'tools'])
  })

  it('where nothing was forwarded', async () => {
    const disclosed = ({ forwarded: _, ...rest }: object & { forwarded?: object }): object => rest
    const refused = { list: BROUGHT.list, disclosed, claims: { outcome: 'refused' } }
    expect(await judgeRun(refused, (held) => ({ ...held, outcome: 'any' }))).toEqual([
      'ok',
      'not-performed',
      'not-performed',
    ])
  })
})
