/** How applications find the receipt of what they hold: a response, a clone, a parsed object, a stream that an SDK wraps. */
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import {
  type AttestedReceipt,
  createAttestedFetch,
  receiptOf,
  receiptSink,
  withReceipt,
} from '../../src/client/index.ts'
import { createForgedScene, post, STREAM } from './forged-scene.ts'

const scene = await createForgedScene()
const honest = scene.gateway()
const streaming = scene.gateway({ answer: STREAM })
const jti = ({ claims }: AttestedReceipt): string => claims.jti

describe('the receipt of an answer', () => {
  it('is found by what the response parses to, and not by a copy of that', async () => {
    const response = await createAttestedFetch(scene.options(honest))(honest.url, post())
    const completion = Object(await response.json())
    expect(await receiptOf(completion)).toBe(await receiptOf(response))
    expect(() => receiptOf({ ...completion })).toThrow('attested fetch')
  })

  it.each(['json', 'arrayBuffer', 'blob'] as const)('is found by %s of a clone', async (read) => {
    const response = await createAttestedFetch(scene.options(honest))(honest.url, post())
    const clone = response.clone()
    expect(await receiptOf(clone)).toBe(await receiptOf(response))
    expect(await receiptOf(Object(await clone[read]()))).toBe(await receiptOf(response))
    expect(await response.text()).toContain('What was asked')
  })

  it('is found by a completion of the OpenAI SDK', async () => {
    const client = new OpenAI({
      baseURL: honest.url.replace('/chat/completions', ''),
      apiKey: 'none',
      fetch: createAttestedFetch(scene.options(honest)),
      maxRetries: 0,
    })
    const completion = await client.chat.completions.create({ model: 'demo', messages: [] })
    expect((await receiptOf(completion)).grade).toBe('signed')
  })
})

describe('a receipt sink', () => {
  it('is given the receipt of a stream through the OpenAI SDK, once the stream has been read', async () => {
    const client = new OpenAI({
      baseURL: streaming.url.replace('/chat/completions', ''),
      apiKey: 'none',
      fetch: createAttestedFetch(scene.options(streaming)),
      maxRetries: 0,
    })
    const given: Promise<AttestedReceipt>[] = []
    const options = { fetchOptions: withReceipt({}, (receipt) => given.push(receipt)) }
    const stream = await client.chat.completions.create({ model: 'demo', messages: [], stream: true }, options)
    expect(given).toHaveLength(1)
    for await (const _ of stream);
    expect((await given[0])?.disclosed.response?.media_type).toBe('text/event-stream')
  })

  it('is given a promise that rejects where the answer does not verify', async () => {
    const cut = scene.gateway({ sent: (answer) => ({ ...answer, body: answer.body.slice(1) }) })
    const given: Promise<AttestedReceipt>[] = []
    const asked = createAttestedFetch(scene.options(cut))(
      cut.url,
      withReceipt(post(), (receipt) => given.push(receipt)),
    )
    await expect(asked).rejects.toMatchObject({ failure: 'RESPONSE_INCOMPLETE' })
    await expect(given[0]).rejects.toMatchObject({ failure: 'RESPONSE_INCOMPLETE' })
  })

  it('keeps what the init asks for otherwise', async () => {
    const init = withReceipt({ method: 'POST', headers: { a: 'b' } }, () => undefined)
    expect(init).toMatchObject({ method: 'POST', headers: { a: 'b' } })
    expect(Object.getOwnPropertySymbols(init)).toEqual([receiptSink])
  })

  it('is given a receipt that names one exchange alone', async () => {
    const seen: string[] = []
    const fetch = createAttestedFetch({ ...scene.options(honest), onReceipt: (receipt) => seen.push(jti(receipt)) })
    const response = await fetch(
      honest.url,
      withReceipt(post(), (receipt) => void receipt.then((one) => seen.push(jti(one)))),
    )
    expect(seen).toEqual([jti(await receiptOf(response)), jti(await receiptOf(response))])
  })
})
