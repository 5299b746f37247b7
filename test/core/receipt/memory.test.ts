/** What the gateway remembered, held against the octets that the model was given of it: good vectors, and bad ones that differ in one thing. */
import { describe, expect, it } from 'vitest'
import type { HeldExchange } from '../../../src/core/receipt/verify.ts'
import { descriptor, digestOf, elements, judgeRun, type RunRecipe } from './run-fixture.ts'

const ASKED = { role: 'user', content: 'What does a receipt prove?' }
const ANSWERED = { role: 'assistant', content: 'What was asked and answered.' }
const STATE = elements(ASKED, ANSWERED)
const remembered = (state: string, more: object = {}) =>
  descriptor('memory-before', '2 messages', digestOf(state), { scheme: 'raw', ...more })

const NEXT = {
  list: [{ role: 'user', content: 'And what not?' }],
  inserted: [{ role: 'memory-before', octets: STATE }],
  dependencies: { 'memory-before': [remembered(STATE)] },
} as const satisfies RunRecipe

const naming = (...descriptors: readonly object[]): RunRecipe => ({
  ...NEXT,
  dependencies: { 'memory-before': descriptors.length === 0 ? 'none' : descriptors },
})
const giving = (...octets: readonly string[]): RunRecipe => ({
  ...NEXT,
  inserted: octets.map((one) => ({ role: 'memory-before', octets: one }) as const),
})

describe('what the gateway remembers', () => {
  it.each<[string, RunRecipe]>([
    ['before the messages of a chat', NEXT],
    ['before a text that becomes a list', { ...NEXT, path: 'input', list: 'And what not?' }],
    ['before nothing', { ...NEXT, list: [] }],
    [
      'where the member that asks for it was taken out too',
      {
        ...NEXT,
        more: { previous_response_id: 'resp_1' },
        removed: [{ name: 'previous_response_id', role: 'memory-before' }],
      },
    ],
    [
      'beside what the model server is said to remember',
      naming(remembered('"conv_1"', { source: 'client' }), remembered(STATE)),
    ],
  ])('is what the model was given: %s', async (_, recipe) => {
    expect(await judgeRun(recipe)).toEqual(['ok', 'pass', 'pass'])
  })

  it('may be nothing', async () => {
    expect(await judgeRun({ list: NEXT.list })).toEqual(['ok', 'pass', 'pass'])
    const client = naming(remembered('"resp_1"', { source: 'client' }))
    expect(await judgeRun({ ...client, inserted: [] })).toEqual(['ok', 'pass', 'pass'])
  })

  it.each<[string, RunRecipe]>([
    ['a message was dropped', giving(elements(ASKED))],
    ['a message was edited', giving(elements(ASKED, { ...ANSWERED, content: 'Nothing.' }))],
    ['a message was added', giving(elements(ASKED, ANSWERED, ASKED))],
    ['messages were exchanged', giving(elements(ANSWERED, ASKED))],
    ['another conversation was put behind it', giving(STATE, elements(ASKED))],
    ['its octets were written in another way', giving(STATE.replace(':', ': '))],
    ['the model was given none', giving()],
    ['the model was given one that is not named', naming()],
    ['it is named as what a client said', naming(remembered(STATE, { source: 'client' }))],
  ])('[R13] is refused where %s', async (_, recipe) => {
    expect(await judgeRun(recipe)).toEqual(['STATE_CHAIN_BROKEN', 'memory'])
  })

  it('[R13] is refused where the octets given are not those of the receipt', async () => {
    const other = (held: HeldExchange): HeldExchange =>
      held.replay === 'not-held'
        ? held
        : {
            ...held,
            replay: {
              ...held.replay,
              inserts: new Map([...held.replay.inserts.keys()].map((key) => [key, new Uint8Array(2)])),
            },
          }
    expect(await judgeRun({ ...NEXT, transforms: 'unchecked' }, other)).toEqual(['TRANSFORM_MISMATCH', 'memory'])
  })

  it('is not judged without the octets, or where it is withheld', async () => {
    const statusOf = async (...args: Parameters<typeof judgeRun>): Promise<unknown> => {
      const [ok, , memory] = await judgeRun({ ...args[0], transforms: 'unchecked' }, args[1])
      return [ok, memory]
    }
    const withheld = ({ dependencies: _, ...rest }: object & { dependencies?: object }): object => rest
    expect(await statusOf(NEXT, (held) => ({ ...held, replay: 'not-held' }))).toEqual(['ok', 'not-performed'])
    expect(await statusOf({ ...NEXT, disclosed: withheld })).toEqual(['ok', 'not-performed'])
  })
})
