/** Memory: what went before is put into a request as it was written, and what it comes to is kept for the next one. */
import { describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { JsonEdits } from '../../../src/core/transform/json-edit.ts'
import { createMemory, type PreparedMemory } from '../../../src/server/context/memory/memory.ts'
import { CONFIG, DAY, RECEIPT, RESPONSES, remember, START } from './memory-fixture.ts'

const ANSWER = '{"role":"assistant","content":"Yes."}'
// Nothing of this is as a serialiser would write it.
const FIRST = '{ "role":"system" ,"content":"Be \\u006bind." }'
const SECOND = '{"content": "Is 1.0 one?","role":"user"}'
const NEXT = '{"role":"user","content":"Sure?"}'

const described = (role: string, count: number, octets: string) => [
  {
    name: count === 1 ? '1 message' : `${count} messages`,
    digest: { sha256: digestUri(encodeUtf8(octets)).slice('sha256:'.length) },
    annotations: { scheme: 'raw', role, source: 'gateway' },
  },
]
const chat = (more: string, messages = NEXT): string => `{"model":"m","messages":[${messages}]${more}}`
const afterOf = ({ turn }: PreparedMemory) => turn?.after([encodeUtf8(ANSWER)]).dependencies

describe('a chat that is remembered', () => {
  it('goes on with the octets of everything before, in one splice', async () => {
    const memory = remember()
    const first = await memory.turn(chat(',"store":true', `${FIRST} , ${SECOND}`), { id: 'chatcmpl-1' })
    expect(first.forwarded).toBe(`{"model":"m","messages":[${FIRST} , ${SECOND}]}`)
    expect(first.dependencies).toEqual({})
    expect(first.turn?.parents).toEqual([])
    const before = `${FIRST},${SECOND},${ANSWER}`
    expect(afterOf(first)).toEqual({ 'memory-after': described('memory-after', 3, before) })

    const second = await memory.turn(chat(',"previous_response_id":"chatcmpl-1"'), { id: 'chatcmpl-2' })
    expect(second.forwarded).toBe(`{"model":"m","messages":[${before},${NEXT}]}`)
    expect(second.splices.map(({ role }) => role)).toEqual(['memory-before', 'memory-before'])
    expect(second.dependencies).toEqual({ 'memory-before': described('memory-before', 3, before) })
    expect(second.turn?.parents).toEqual([RECEIPT])
    const after = `${before},${NEXT},${ANSWER}`
    expect(afterOf(second)).toEqual({ 'memory-after': described('memory-after', 5, after) })

    const third = await memory.prepare(chat(',"previous_response_id":"chatcmpl-2"'))
    expect(third.dependencies).toEqual({ 'memory-before': described('memory-before', 5, after) })
    expect(third.forwarded).toBe(`{"model":"m","messages":[${after},${NEXT}]}`)
  })

  it('holds what the run added, before the answer', async () => {
    const call = '{"role":"assistant","tool_calls":[]}'
    const result = '{"role":"tool","content":"42"}'
    const { turn } = await remember().prepare(chat(',"store":true'))
    expect(turn?.after([call, result, ANSWER].map(encodeUtf8)).dependencies).toEqual({
      'memory-after': described('memory-after', 4, [NEXT, call, result, ANSWER].join(',')),
    })
  })

  it('names the receipt of each turn before', async () => {
    const memory = remember()
    const receipt = `sha256:${'01'.repeat(32)}`
    await memory.turn(chat(',"store":true'), { id: 'a', receipt })
    expect((await memory.prepare(chat(',"previous_response_id":"a"'))).turn?.parents).toEqual([receipt])
  })

  it('may fork: two turns go on from one answer, each with its own end', async () => {
    const memory = remember()
    await memory.turn(chat(',"store":true'), { id: 'root' })
    const go = ',"previous_response_id":"root"'
    const left = await memory.turn(chat(go, '{"role":"user","content":"left"}'), { id: 'l' })
    const right = await memory.turn(chat(go, '{"role":"user","content":"right"}'), { id: 'r' })
    expect(left.dependencies).toEqual(right.dependencies)
    expect((await memory.prepare(chat(',"previous_response_id":"l"'))).forwarded).not.toContain('right')
    expect((await memory.prepare(chat(',"previous_response_id":"r"'))).forwarded).not.toContain('left')
  })

  it.each([
    ['neither store nor an answer before', ''],
    ['`store` false', ',"store":false'],
    ['both null', ',"store":null,"previous_response_id":null'],
  ])('is none with %s: the request stays as it is', async (_title, more) => {
    const { forwarded, dependencies, turn } = await remember().prepare(chat(more))
    expect({ forwarded, dependencies, turn }).toEqual({ forwarded: chat(more), dependencies: {}, turn: undefined })
  })

  it('is gone on from without being kept where `store` is false', async () => {
    const memory = remember()
    await memory.turn(chat(',"store":true'), { id: 'a' })
    const turned = await memory.turn(chat(',"store":false,"previous_response_id":"a"'), { id: 'b' })
    expect(turned.forwarded).toBe(`{"model":"m","messages":[${NEXT},${ANSWER},${NEXT}],"store":false}`)
    expect(turned.turn?.parents).toEqual([RECEIPT])
    expect(afterOf(turned)).toEqual({ 'memory-after': 'none' })
    expect(memory.kept()).toHaveLength(1)
  })
})

describe('a response', () => {
  const ask = (more: string, input = '"Hi"'): string => `{"model":"m","input":${input}${more}}`
  const TEXT = '{"role":"user","content":"Hi"}'

  it.each(['', ',"store":true', ',"store":null'])(
    'is remembered as its default is, and only here (%s)',
    async (more) => {
      const memory = remember()
      const first = await memory.turn(ask(`${more},"instructions":"Be kind."`), { id: 'resp_1', path: RESPONSES })
      expect(JSON.parse(first.forwarded)).toEqual({ model: 'm', input: 'Hi', instructions: 'Be kind.', store: false })
      expect(first.splices.map(({ role }) => role)).toEqual(['memory-after'])
      const second = await memory.prepare(
        ask(',"previous_response_id":"resp_1"', '[{"role":"user","content":"Go on"}]'),
        {
          path: RESPONSES,
        },
      )
      // Instructions are those of one request, as in the API that this follows.
      expect(JSON.parse(second.forwarded)).toEqual({
        model: 'm',
        input: [JSON.parse(TEXT), JSON.parse(ANSWER), { role: 'user', content: 'Go on' }],
        store: false,
      })
    },
  )

  it('whose input is a text becomes a list of messages, and is remembered as one', async () => {
    const memory = remember()
    await memory.turn(ask(''), { id: 'resp_1', path: RESPONSES })
    const second = await memory.prepare(ask(',"previous_response_id":"resp_1"'), { path: RESPONSES })
    expect(second.forwarded).toBe(`{"model":"m","input":[${TEXT},${ANSWER},${TEXT}],"store":false}`)
    expect(second.dependencies).toEqual({ 'memory-before': described('memory-before', 2, `${TEXT},${ANSWER}`) })
    expect(afterOf(second)).toEqual({
      'memory-after': described('memory-after', 4, [TEXT, ANSWER, TEXT, ANSWER].join(',')),
    })
  })

  it('is not kept where `store` is false', async () => {
    const body = ask(',"store":false')
    expect(await remember().prepare(body, { path: RESPONSES })).toMatchObject({ forwarded: body, dependencies: {} })
  })

  it('with nothing but a stored prompt is kept; going on from it needs input', async () => {
    const memory = remember()
    const body = '{"model":"m"}'
    expect(afterOf(await memory.turn(body, { id: 'resp_1', path: RESPONSES }))).toEqual({
      'memory-after': described('memory-after', 1, ANSWER),
    })
    for (const input of ['', ',"input":null'])
      expect(
        await memory.refusal(`{"model":"m","previous_response_id":"resp_1"${input}}`, { path: RESPONSES }),
      ).toMatchObject({ param: 'input' })
  })
})

describe('a conversation is refused', () => {
  it.each([
    ['a number for the answer before', ',"previous_response_id":7', 'previous_response_id', undefined],
    ['`store` that is no truth value', ',"store":"yes"', 'store', undefined],
    ['a conversation object', ',"conversation":"conv_1"', 'conversation', 'unsupported_parameter'],
    ['an unknown answer', ',"previous_response_id":"nope"', 'previous_response_id', 'previous_response_not_found'],
  ])('for %s', async (_title, more, param, code) => {
    const memory = remember()
    expect(await memory.refusal(chat(more))).toMatchObject({ param, code })
    expect(memory.kept()).toEqual([])
  })

  it('in other APIs', async () => {
    const body = '{"model":"m","prompt":"x","previous_response_id":"a"}'
    expect(await remember().refusal(body, { path: '/v1/completions' })).toMatchObject({ param: 'previous_response_id' })
    const plain = '{"model":"m","prompt":"x","store":true}'
    expect((await remember().prepare(plain, { path: '/v1/completions' })).forwarded).toBe(plain)
  })

  it('when its days are over, to the second', async () => {
    const memory = remember({ ...CONFIG, retentionDays: 2 })
    await memory.turn(chat(',"store":true'), { id: 'a' })
    const next = chat(',"previous_response_id":"a"')
    memory.pass(2 - 1 / DAY)
    expect((await memory.prepare(next)).turn?.parents).toEqual([RECEIPT])
    memory.pass(1 / DAY)
    expect(memory.now()).toBe(START + 2 * DAY)
    expect(await memory.refusal(next)).toMatchObject({ code: 'previous_response_not_found' })
    expect(memory.kept()).toHaveLength(1)
  })

  it('before the model is asked, when it is larger than what is kept of one', async () => {
    const big = (length: number): string => JSON.stringify({ role: 'user', content: 'x'.repeat(length) })
    const memory = remember({ ...CONFIG, maxBytes: 1024 })
    const overhead = big(0).length
    const exact = chat(',"store":true', big(1024 - overhead))
    expect((await memory.prepare(exact)).turn).toMatchObject({ parents: [] })
    const over = chat(',"store":true', big(1025 - overhead))
    expect(await memory.refusal(over)).toMatchObject({ param: 'messages', code: 'conversation_too_large' })
    await memory.turn(chat(',"store":true', big(500)), { id: 'a' })
    const next = (more: string): string => chat(`,"previous_response_id":"a"${more}`, big(500))
    expect(await memory.refusal(next(''))).toMatchObject({
      param: 'previous_response_id',
      code: 'conversation_too_large',
    })
    // Nothing has to be kept of this one.
    expect((await memory.prepare(next(',"store":false'))).forwarded).toContain('xx')
  })

  it('when it has as many answers as are kept of one', async () => {
    const memory = remember({ ...CONFIG, maxTurns: 2 })
    await memory.turn(chat(',"store":true'), { id: 'a' })
    await memory.turn(chat(',"previous_response_id":"a"'), { id: 'b' })
    const next = (more: string): string => chat(`,"previous_response_id":"b"${more}`)
    expect(await memory.refusal(next(''))).toMatchObject({ code: 'conversation_too_long' })
    expect((await memory.prepare(next(',"store":false'))).turn?.parents).toEqual([RECEIPT])
  })
})

describe('memory', () => {
  it('keeps nothing of a turn whose answer is too large, and the receipt says so', async () => {
    const memory = remember({ ...CONFIG, maxBytes: 1024 })
    const { turn } = await memory.prepare(chat(',"store":true'))
    const after = turn?.after([encodeUtf8(JSON.stringify({ content: 'x'.repeat(1024) }))])
    expect(after?.dependencies).toEqual({ 'memory-after': 'none' })
    await after?.save({ responseId: 'a', receipt: RECEIPT })
    expect(memory.kept()).toEqual([])
    expect(await memory.refusal(chat(',"previous_response_id":"a"'))).toMatchObject({
      code: 'previous_response_not_found',
    })
  })

  it('leaves requests as they are where none is configured', async () => {
    const { store } = remember()
    const { signal } = new AbortController()
    const body = chat(',"store":true,"previous_response_id":"a","conversation":"c"')
    const edits = new JsonEdits(encodeUtf8(body))
    const memory = createMemory(undefined, {
      clock: { now: () => new Date(0) },
      random: (size) => new Uint8Array(size),
    })
    const request = { path: RESPONSES, fields: JSON.parse(body), modelId: 'm', edits, tenant: '', store, signal }
    expect(await memory.prepare(request)).toEqual({ dependencies: {} })
    expect(edits.splices()).toEqual([])
  })

  it('does nothing without a key to seal with', async () => {
    await expect(remember().prepare(chat(',"store":true'), { apiKey: '' })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})
