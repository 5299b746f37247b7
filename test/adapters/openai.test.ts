/** Receipts of what the OpenAI SDK asks: of each form of call, each attempt, and of calls that run at once. */
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { notVerifiedOf, receiptOf, receiptOption } from '../../src/adapters/openai/index.ts'
import { createAttestedFetch, NotVerifiedError } from '../../src/client/index.ts'
import { CountersignError, MalformedError } from '../../src/errors.ts'
import { MODEL, type Scene, startScene, withoutReceipts } from './scene.ts'

const messages = [{ role: 'user' as const, content: 'Say hello.' }]
const params = { model: MODEL, messages }

let scene: Scene
let client: OpenAI
beforeAll(async () => {
  scene = await startScene()
  client = new OpenAI({ baseURL: scene.base, apiKey: 'unused', fetch: createAttestedFetch(scene.trust) })
})
afterAll(() => scene.close())

const read = async (stream: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of stream);
}

describe('a receipt', () => {
  it('is found by the completion, and by the response', async () => {
    const { data, response } = await client.chat.completions.create(params).withResponse()
    const receipt = await receiptOf(data)
    expect(receipt.claims.outcome).toBe('complete')
    expect(await receiptOf(response)).toBe(receipt)
  })

  const calls: Readonly<Record<string, (option: OpenAI.RequestOptions) => Promise<unknown>>> = {
    'chat completion': (option) => client.chat.completions.create(params, option),
    'chat completion with its response': (option) => client.chat.completions.create(params, option).withResponse(),
    'parsed chat completion': (option) => client.chat.completions.parse(params, option),
    'chat stream': async (option) => read(await client.chat.completions.create({ ...params, stream: true }, option)),
    'chat stream with its response': async (option) =>
      read((await client.chat.completions.create({ ...params, stream: true }, option).withResponse()).data),
    'stream runner': (option) => client.chat.completions.stream(params, option).finalChatCompletion(),
    response: (option) => client.responses.create({ model: MODEL, input: 'Hello' }, option),
    'response stream': async (option) =>
      read(await client.responses.create({ model: MODEL, input: 'Hello', stream: true }, option)),
    embedding: (option) => client.embeddings.create({ model: MODEL, input: 'Hello', encoding_format: 'float' }, option),
  }

  it.each(Object.entries(calls))('comes by the option of a %s', async (_name, call) => {
    const asked = receiptOption()
    await expect(asked.receipt()).rejects.toMatchObject({ code: 'ERR_USAGE' })
    await call(asked.option)
    const { token, claims, grade } = await asked.receipt()
    expect(token).toContain('~')
    expect(claims.outcome).toBe('complete')
    expect(grade).toBe('signed')
    expect(asked.attempts).toHaveLength(1)
  })

  it('is of its own call, among calls that run at once', async () => {
    const asked = Array.from({ length: 4 }, () => receiptOption())
    const completions = await Promise.all(asked.map(({ option }) => client.chat.completions.create(params, option)))
    const found = await Promise.all(completions.map((completion) => receiptOf(completion)))
    const told = await Promise.all(asked.map(({ receipt }) => receipt()))
    expect(told.map(({ token }) => token)).toEqual(found.map(({ token }) => token))
    expect(new Set(told.map(({ token }) => token)).size).toBe(4)
  })

  it('is that of the last attempt, with those of the earlier ones beside it', async () => {
    scene.failNext(1)
    const asked = receiptOption()
    await read(await client.chat.completions.create({ ...params, stream: true }, { ...asked.option, maxRetries: 1 }))
    const [failed, answered] = await Promise.all(asked.attempts)
    expect(failed?.claims.outcome).not.toBe('complete')
    expect(answered?.claims.outcome).toBe('complete')
    expect(await asked.receipt()).toBe(answered)
  })
})

describe('without a receipt', () => {
  const stripped = (): OpenAI => {
    const fetch = createAttestedFetch({ ...scene.trust, deps: { fetch: withoutReceipts } })
    return new OpenAI({ baseURL: scene.base, apiKey: 'unused', fetch, maxRetries: 0 })
  }

  it('an answer is an error whose cause names the check, and the option tells the same', async () => {
    const asked = receiptOption()
    const error = await stripped()
      .chat.completions.create(params, asked.option)
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OpenAI.APIConnectionError)
    expect(notVerifiedOf(error)?.failure).toBe('RECEIPT_MISSING')
    await expect(asked.receipt()).rejects.toBeInstanceOf(NotVerifiedError)
  })

  it('a stream throws before its end, and the option tells the same', async () => {
    const asked = receiptOption()
    const stream = await stripped().chat.completions.create({ ...params, stream: true }, asked.option)
    const error = await read(stream).catch((thrown: unknown) => thrown)
    expect(notVerifiedOf(error)?.failure).toBe('RECEIPT_MISSING')
    await expect(asked.receipt()).rejects.toBe(notVerifiedOf(error))
  })

  it('an error quotes no word that the SDK takes for an abort', () => {
    const word = 'FetchRequestCanceledException'
    const check = { name: 'decode', status: 'fail', required: true, detail: `unknown claim ${word}` } as const
    for (const { message } of [
      new CountersignError('ERR_NETWORK', `the gateway said ${word}`),
      new MalformedError('PARSE_INVALID', `unknown claim ${word}`),
      new NotVerifiedError('PARSE_INVALID', [{ ...check, code: 'PARSE_INVALID' }]),
    ])
      expect(message).toMatch(/(?:said|claim) \?/)
  })

  it('nothing else is taken for such an error', () => {
    expect(notVerifiedOf(new Error('no', { cause: new TypeError('no') }))).toBeUndefined()
    const loop = new Error('round')
    loop.cause = loop
    expect(notVerifiedOf(loop)).toBeUndefined()
    expect(notVerifiedOf('text')).toBeUndefined()
  })
})
