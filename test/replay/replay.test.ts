/** Answers recorded from a real gateway, run again: identical, or the first difference named; refused where a condition is another. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestUri } from '../../src/core/crypto/index.ts'
import { encodeJcs } from '../../src/core/encoding/jcs.ts'
import type { Check } from '../../src/core/verdict.ts'
import {
  type LoadedModel,
  type RecordedAnswer,
  type Replay,
  recordedAnswer,
  replayAnswer,
} from '../../src/replay/index.ts'
import { SOFTWARE_VERSION } from '../../src/server/version.ts'
import type { TestGateway } from '../kit/gateway.ts'
import { ROUND, SEARCH } from './questions.ts'
import { loadModel, record, startRecordedGateway } from './record.ts'

/** What the model was not trained for, drawn at a high temperature: each draw shows. */
const WILD = { messages: [{ role: 'user', content: 'q7 zz 0 ?' }], temperature: 2, max_tokens: 12 } as const

const ASKING = { role: 'user', content: 'How many of 3 or 12 receipts are in Paris today?' } as const

/** Makes the model call a function. */
const FORCED = { messages: [ASKING], tools: [SEARCH], tool_choice: 'required' } as const

let gateway: TestGateway
let loaded: LoadedModel
beforeAll(async () => {
  ;[gateway, loaded] = await Promise.all([startRecordedGateway(), loadModel()])
})
afterAll(() => gateway?.close())

async function recorded(members: object): Promise<RecordedAnswer> {
  return recordedAnswer(await record(gateway, members))
}

function statuses(checks: readonly Check[]): Readonly<Record<string, string>> {
  return Object.fromEntries(checks.map(({ name, status }) => [name, status]))
}

function responseText({ response }: RecordedAnswer): string {
  return response === 'not-held' ? '' : new TextDecoder().decode(response)
}

function withResponse(answer: RecordedAnswer, text: string): RecordedAnswer {
  return { ...answer, response: new TextEncoder().encode(text) }
}

function withClaims(answer: RecordedAnswer, claims: Partial<RecordedAnswer['receipt']['claims']>): RecordedAnswer {
  return { ...answer, receipt: { ...answer.receipt, claims: { ...answer.receipt.claims, ...claims } } }
}

function withDisclosed(
  answer: RecordedAnswer,
  changes: Partial<RecordedAnswer['receipt']['disclosed']>,
): RecordedAnswer {
  return { ...answer, receipt: { ...answer.receipt, disclosed: { ...answer.receipt.disclosed, ...changes } } }
}

/** Leaves disclosures out, as a holder may. */
function withhold(answer: RecordedAnswer, ...names: readonly string[]): RecordedAnswer {
  const shown = Object.entries(answer.receipt.disclosed).filter(([name]) => !names.includes(name))
  return { ...answer, receipt: { ...answer.receipt, disclosed: Object.fromEntries(shown) } }
}

describe('an answer of a gateway, run again', () => {
  it.each<readonly [string, object]>([
    ['whole', { temperature: 0 }],
    ['without a seed, which then comes from the octets', WILD],
    ['seeded', { ...WILD, seed: 7 }],
    ['streamed', { ...WILD, seed: 7, stream: true }],
    ['streamed with usage', { temperature: 0, stream: true, stream_options: { include_usage: true } }],
    ['with log-probabilities', { ...WILD, seed: 3, logprobs: true, top_logprobs: 3 }],
    ['streamed with log-probabilities', { ...WILD, seed: 3, logprobs: true, top_logprobs: 3, stream: true }],
    ['of two choices', { ...WILD, seed: 5, n: 2 }],
    ['of two streamed choices', { ...WILD, seed: 5, n: 2, stream: true }],
    ['with stop strings', { temperature: 0, stop: ['.', 'the'] }],
    ['with top_p', { ...WILD, seed: 5, top_p: 0.5 }],
    [
      'after a system message',
      {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Hi' },
        ],
        temperature: 0,
      },
    ],
    ['of a call of a tool', { ...FORCED, temperature: 0 }],
    ['of a call that was drawn', { ...FORCED, temperature: 2 }],
    ['of a streamed call', { ...FORCED, seed: 9, stream: true, stream_options: { include_usage: true } }],
    ['of a named call', { ...FORCED, tool_choice: { type: 'function', function: { name: 'search' } } }],
    ['with tools that were not called', { ...FORCED, tool_choice: 'auto', max_tokens: 8 }],
    ['after a result of a tool', { messages: [ASKING, ...ROUND], tools: [SEARCH], max_tokens: 16 }],
    ['streamed after a result of a tool', { messages: [ASKING, ...ROUND], stream: true, max_tokens: 16 }],
    ['of a call after a result of a tool', { ...FORCED, messages: [ASKING, ...ROUND] }],
  ])('%s, is identical to the octet', async (_, members) => {
    const { conditions, result } = await replayAnswer(await recorded(members), loaded)
    expect(statuses(conditions)).toEqual({
      outcome: 'pass',
      determinism: 'pass',
      engine: 'pass',
      weights: 'pass',
      'chat-template': 'pass',
      tokenizer: 'pass',
      request: 'pass',
      forwarded: 'pass',
      'sampling-parameters': 'pass',
    })
    expect(result).toEqual({ kind: 'identical', tokens: expect.any(Number), by: 'octets' })
    expect(result.kind === 'identical' ? result.tokens : 0).toBeGreaterThan(0)
  })

  it('gives others their turn after each step, and ends when that throws', async () => {
    const answer = await recorded({ temperature: 0, max_tokens: 4 })
    let turns = 0
    await replayAnswer(answer, loaded, async () => {
      turns += 1
    })
    expect(turns).toBeGreaterThan(4)
    const ending = replayAnswer(answer, loaded, () => Promise.reject(new Error('given up')))
    await expect(ending).rejects.toThrow('given up')
  })
})

describe('an altered answer', () => {
  const divergent = async (answer: RecordedAnswer): Promise<Extract<Replay['result'], { kind: 'divergent' }>> => {
    const { result } = await replayAnswer(answer, loaded)
    if (result.kind !== 'divergent') throw new Error(`${result.kind}, not divergent`)
    return result
  }

  /** Streamed without log-probabilities each block holds the text of one token. */
  const blocks = (answer: RecordedAnswer): string[] => responseText(answer).split('\n\n')

  it.each([0, 3, 7])('parts at token %i, where a token of the stream was put in place of another', async (token) => {
    const answer = await recorded({ temperature: 0, stream: true, max_tokens: 16 })
    const list = blocks(answer)
    const at = token + 1
    const before = /"content":"((?:[^"\\]|\\.)*)"/.exec(list[at] ?? '')?.[1] ?? ''
    expect(before).not.toBe('')
    list[at] = (list[at] ?? '').replace(`"content":"${before}"`, '"content":" Zq"')
    const { divergence, why } = await divergent(withResponse(answer, list.join('\n\n')))
    expect(divergence).toMatchObject({
      part: 'text',
      choice: 0,
      token,
      recorded: expect.stringMatching(/^ Z?/),
      replayed: JSON.parse(`"${before}"`),
    })
    expect(why).toContain('not among the 20')
  })

  it('parts at the token whose log-probability is another', async () => {
    const answer = await recorded({ temperature: 0, logprobs: true, max_tokens: 6 })
    const body = JSON.parse(responseText(answer))
    body.choices[0].logprobs.content[4].logprob -= 1e-9
    const { divergence, why } = await divergent(withResponse(answer, JSON.stringify(body)))
    expect(divergence).toMatchObject({ part: 'logprobs', choice: 0, token: 4 })
    expect(why).toContain('probabilities')
  })

  it('parts at the token that log-probabilities name, in the choice that it is in', async () => {
    const answer = await recorded({ ...WILD, seed: 5, n: 2, logprobs: true })
    const body = JSON.parse(responseText(answer))
    body.choices[1].logprobs.content[2].token = 'x'
    const { divergence } = await divergent(withResponse(answer, JSON.stringify(body)))
    expect(divergence).toMatchObject({ part: 'text', choice: 1, token: 2, recorded: 'x' })
  })

  it('that was cut ends early, and one that was added to goes on', async () => {
    const answer = await recorded({ temperature: 0, max_tokens: 8 })
    const body = JSON.parse(responseText(answer))
    const { content } = body.choices[0].message
    body.choices[0].message.content = content.slice(0, 5)
    const cut = await divergent(withResponse(answer, JSON.stringify(body)))
    expect(cut.divergence).toMatchObject({ part: 'text', recorded: expect.any(String) })
    body.choices[0].message.content = `${content} and more`
    const longer = await divergent(withResponse(answer, JSON.stringify(body)))
    expect(longer.divergence).toMatchObject({ part: 'text', token: 8, replayed: '' })
    expect(longer.why).toContain('ends its answer here')
  })

  it('drawn under another seed, parts at the first other draw and says that the model could have drawn it', async () => {
    const contentOf = (answer: RecordedAnswer): string => JSON.parse(responseText(answer)).choices[0].message.content
    const [one, ...others] = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((seed) => recorded({ ...WILD, max_tokens: 40, seed })),
    )
    if (one === undefined) throw new Error('nothing recorded')
    const other = others.find((answer) => contentOf(answer) !== contentOf(one))
    if (other === undefined) throw new Error('all seeds draw the same')
    const { divergence } = await divergent(withResponse(one, responseText(other)))
    expect(divergence).toMatchObject({ part: 'text', choice: 0, token: expect.any(Number) })
    expect(contentOf(one)).toContain(divergence.replayed)
    expect(contentOf(other)).toContain(divergence.recorded)
  })

  it('says of a token that the model could have drawn how likely it was', async () => {
    const answer = await recorded({ temperature: 0, logprobs: true, top_logprobs: 2, max_tokens: 4 })
    const body = JSON.parse(responseText(answer))
    const entry = body.choices[0].logprobs.content[1]
    Object.assign(entry, { token: entry.top_logprobs[1].token, bytes: entry.top_logprobs[1].bytes })
    const { divergence, why } = await divergent(withResponse(answer, JSON.stringify(body)))
    expect(divergence).toMatchObject({ part: 'text', token: 1, recorded: entry.token })
    expect(why).toContain('number 2 of those')
    expect(why).toContain('at temperature 0 only the first is taken')
  })

  it.each<readonly [string, (body: { usage: { total_tokens: number }; choices: object[]; extra?: number }) => void]>([
    [
      'usage',
      (body) => {
        body.usage.total_tokens += 1
      },
    ],
    [
      'choices',
      (body) => {
        body.choices.push({ ...body.choices[0], index: 1 })
      },
    ],
    [
      'finish_reason',
      (body) => {
        Object.assign(body.choices[0] ?? {}, { finish_reason: 'content_filter' })
      },
    ],
    [
      'octets',
      (body) => {
        body.extra = 1
      },
    ],
    [
      'octets',
      (body) => {
        Object.assign(body.choices[0] ?? {}, { tool_calls: [] })
      },
    ],
  ])('parts in %s alone', async (part, change) => {
    const answer = await recorded({ temperature: 0, max_tokens: 4 })
    const body = JSON.parse(responseText(answer))
    change(body)
    expect((await divergent(withResponse(answer, JSON.stringify(body)))).divergence.part).toBe(part)
  })

  it('that is a call parts at the token of its arguments', async () => {
    const answer = await recorded({ ...FORCED, temperature: 0 })
    const body = JSON.parse(responseText(answer))
    const called = body.choices[0].message.tool_calls[0].function
    called.arguments = called.arguments.replace(/"note":".*"/, '"note":"Zq"')
    const { divergence, why } = await divergent(withResponse(answer, JSON.stringify(body)))
    expect(divergence).toMatchObject({ part: 'arguments', choice: 0, token: expect.any(Number) })
    expect(divergence.token).toBeGreaterThan(10)
    expect(why).toBe('the model does not choose these arguments: they were altered, or are of another request or model')
  })

  it('that is a streamed call parts at the token whose block was altered', async () => {
    const answer = await recorded({ ...FORCED, seed: 3, stream: true })
    const list = blocks(answer)
    const token = list.length - 8
    list[token + 1] = (list[token + 1] ?? '').replace(/"arguments":".*?"\}/, '"arguments":"Zq"}')
    const { divergence, why } = await divergent(withResponse(answer, list.join('\n\n')))
    expect(divergence).toMatchObject({ part: 'arguments', choice: 0, token })
    expect(why).toContain('under this seed')
  })

  it.each<readonly [string, (text: string) => string]>([
    ['under another id', (text) => text.replace(/call_[0-9a-f]{4}/, 'call_zzzz')],
    ['of another function', (text) => text.replace('"name":"search"', '"name":"delete"')],
    ['that is none', (text) => text.replace(/"tool_calls":\[.*?\}\]/, '"tool_calls":[]')],
  ])('that is a call %s parts in the call', async (_, change) => {
    const answer = await recorded({ ...FORCED, temperature: 0 })
    const { divergence, why } = await divergent(withResponse(answer, change(responseText(answer))))
    expect(divergence).toMatchObject({ part: 'tool_calls', replayed: expect.stringMatching(/^\[\["search","call_/) })
    expect(why).toContain('altered')
  })

  it('in text to which a call was added parts in the call', async () => {
    const answer = await recorded({ temperature: 0, max_tokens: 4 })
    const body = JSON.parse(responseText(answer))
    body.choices[0].message.tool_calls = ROUND[0].tool_calls
    const { divergence } = await divergent(withResponse(answer, JSON.stringify(body)))
    expect(divergence).toMatchObject({ part: 'tool_calls', recorded: '[["search","call_1"]]', replayed: 'none' })
  })

  it('that is no answer parts as a whole', async () => {
    const answer = await recorded({ temperature: 0, max_tokens: 4 })
    for (const text of ['', 'Hello', '[]', '{"choices":{}}'])
      expect((await divergent(withResponse(answer, text))).divergence.part).toBe('octets')
  })

  it('that the model gives, where another one was signed, parts from what was signed', async () => {
    const answer = await recorded({ temperature: 0, max_tokens: 4 })
    const { response } = answer.receipt.disclosed
    if (response === undefined) throw new Error('no response')
    const { divergence } = await divergent(
      withDisclosed(answer, { response: { ...response, digest: `sha256:${'0'.repeat(64)}` } }),
    )
    expect(divergence.part).toBe('digest')
  })
})

describe('without the octets of the answer', () => {
  const withoutResponse = async (members: object): Promise<RecordedAnswer> => ({
    ...(await recorded(members)),
    response: 'not-held',
  })
  const signing = (answer: RecordedAnswer, output_digest: string | undefined): RecordedAnswer => {
    const { response } = answer.receipt.disclosed
    if (response === undefined) throw new Error('no response')
    const { output_digest: _, ...rest } = response
    return withDisclosed(answer, { response: { ...rest, ...(output_digest !== undefined && { output_digest }) } })
  }

  it('says that nothing can be compared', async () => {
    const answer = signing(await withoutResponse({ temperature: 0, max_tokens: 4 }), undefined)
    const { result } = await replayAnswer(answer, loaded)
    expect(result).toMatchObject({ kind: 'not-compared', tokens: 4 })
  })

  it.each<readonly [string, object]>([
    ['two choices', { ...WILD, seed: 4, n: 2 }],
    ['a stream', { ...WILD, seed: 4, stream: true }],
    ['a call', FORCED],
    ['a streamed call', { ...FORCED, stream: true }],
  ])('compares the digest of the output where the receipt shows one: %s', async (_, members) => {
    const answer = await withoutResponse(members)
    const same = await replayAnswer(answer, loaded)
    expect(same.result).toMatchObject({ kind: 'identical', by: 'output-digest' })
    const other = await replayAnswer(signing(answer, digestUri(encodeJcs([]))), loaded)
    expect(other.result).toMatchObject({ kind: 'divergent', divergence: { part: 'output-digest' } })
  })
})

describe('under other conditions', () => {
  const refused = async (
    answer: RecordedAnswer,
    model: Partial<LoadedModel> = {},
  ): Promise<readonly [string, string]> => {
    const { conditions, result } = await replayAnswer(answer, { ...loaded, ...model })
    if (result.kind !== 'refused') throw new Error(`${result.kind}, not refused`)
    const failed =
      conditions.find(({ status }) => status === 'fail') ??
      conditions.find(({ status, required }) => required && status !== 'pass')
    return [result.code, failed?.name ?? '']
  }
  const OTHER = `sha256:${'1'.repeat(64)}`
  let answer: RecordedAnswer
  beforeAll(async () => {
    answer = await recorded({ temperature: 0, max_tokens: 4 })
  })

  it.each<readonly [string, Partial<LoadedModel>]>([
    ['weights', { digests: [OTHER] }],
    ['chat-template', { chatTemplate: OTHER }],
    ['tokenizer', { tokenizer: OTHER }],
    ['engine', { engine: { name: 'countersign-engine', version: '9.9.9', determinism: 'bit-exact', flags: 'none' } }],
    [
      'engine',
      { engine: { name: 'countersign-engine', version: SOFTWARE_VERSION, determinism: 'bit-exact', flags: OTHER } },
    ],
    ['engine', { engine: { name: 'another', version: SOFTWARE_VERSION, determinism: 'bit-exact', flags: 'none' } }],
  ])('another %s refuses', async (name, model) => {
    expect(await refused(answer, model)).toEqual(['REPLAY_PRECONDITION', name])
  })

  it('weights may be named by their file or by their folder', async () => {
    const { result } = await replayAnswer(answer, { ...loaded, digests: [OTHER, ...loaded.digests] })
    expect(result.kind).toBe('identical')
  })

  it.each(['best-effort', 'batch-invariant', 'bit-exact'] as const)(
    'an engine behind HTTP refuses: %s',
    async (determinism) => {
      const { engine } = answer.receipt.claims
      const remote = withClaims(answer, { engine: { ...engine, determinism }, upstream: { kind: 'local' } })
      expect(await refused(remote)).toEqual(['REPLAY_PRECONDITION', 'determinism'])
      const { result } = await replayAnswer(remote, loaded)
      expect(result.kind === 'refused' && result.why).toContain(
        determinism === 'best-effort' ? 'promises nothing' : 'behind HTTP',
      )
    },
  )

  it.each(['incomplete', 'client_aborted', 'upstream_error', 'refused', 'error'] as const)(
    'an outcome of %s refuses',
    async (outcome) => {
      expect(await refused(withClaims(answer, { outcome }))).toEqual(['REPLAY_PRECONDITION', 'outcome'])
    },
  )

  it('another request refuses, also one that differs in its seed alone', async () => {
    const other = await recorded({ temperature: 0, max_tokens: 4, seed: 5 })
    expect(await refused({ ...answer, request: other.request })).toEqual(['REPLAY_PRECONDITION', 'request'])
    expect(await refused({ ...withhold(answer, 'request'), request: other.request })).toEqual([
      'REPLAY_PRECONDITION',
      'forwarded',
    ])
  })

  it('what is withheld or not at hand is named', async () => {
    expect(await refused({ ...answer, request: 'not-held' })).toEqual(['CHECK_NOT_PERFORMED', 'request'])
    expect(await refused(withhold(answer, 'forwarded'))).toEqual(['CHECK_NOT_PERFORMED', 'forwarded'])
    const { conditions, result } = await replayAnswer(withhold(answer, 'dependencies', 'request', 'response'), loaded)
    expect(result.kind).toBe('identical')
    expect(statuses(conditions)).toMatchObject({
      'chat-template': 'not-performed',
      tokenizer: 'not-performed',
      'sampling-parameters': 'not-performed',
      request: 'not-performed',
    })
  })

  it('sampling parameters that were used otherwise refuse', async () => {
    const { dependencies } = (await recorded({ temperature: 0, max_tokens: 5 })).receipt.disclosed
    if (dependencies === undefined) throw new Error('no dependencies')
    expect(await refused(withDisclosed(answer, { dependencies }))).toEqual([
      'REPLAY_PRECONDITION',
      'sampling-parameters',
    ])
  })

  it('an archive of a gateway holds no answer', async () => {
    const { receipt: _, ...gatewayAlone } = await record(gateway, { temperature: 0, max_tokens: 1 })
    expect(() => recordedAnswer(gatewayAlone)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })
})
