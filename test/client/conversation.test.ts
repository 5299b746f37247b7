/** A conversation's fetch: what it sends, what it waits for, and which turns are links. */
import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/client/deferred.ts'
import {
  type AttestedFetch,
  type AttestedReceipt,
  createAttestedFetch,
  createConversation,
  receiptOf,
  receiptSink,
  type SinkInit,
  withReceipt,
} from '../../src/client/index.ts'
import { receiptDigest } from '../../src/core/receipt/conversation.ts'
import { createForgedScene, post } from './forged-scene.ts'

const scene = await createForgedScene()
const honest = scene.gateway()
const genuine = await receiptOf(await createAttestedFetch(scene.options(honest))(honest.url, post()))
const named = (token: string): AttestedReceipt => ({ ...genuine, token })

/** Stands for an attested fetch: notes what each request says it follows; receipts come when the test gives them. */
function script(): {
  readonly fetch: AttestedFetch
  readonly sent: (string | null)[]
  readonly receipts: ReturnType<typeof deferred<AttestedReceipt>>[]
} {
  const sent: (string | null)[] = []
  const receipts: ReturnType<typeof deferred<AttestedReceipt>>[] = []
  const fetch = async (_: unknown, init: SinkInit = {}): Promise<Response> => {
    sent.push(new Headers(init.headers).get('inference-receipt-prev'))
    const receipt = deferred<AttestedReceipt>()
    receipts.push(receipt)
    init[receiptSink]?.(receipt.promise)
    return new Response('')
  }
  return { fetch, sent, receipts }
}

describe('a conversation', () => {
  it('names in each request the receipt of the answer before', async () => {
    const { fetch, sent, receipts } = script()
    const conversation = createConversation(fetch)
    for (const token of ['a~', 'b~', 'c~']) {
      await conversation.fetch('https://x/v1/y', post())
      receipts.at(-1)?.resolve(named(token))
    }
    expect(sent).toEqual([null, receiptDigest('a~'), receiptDigest('b~')])
    await receipts.at(-1)?.promise
    expect(conversation.receipts.map(({ token }) => token)).toEqual(['a~', 'b~', 'c~'])
  })

  it('sends nothing before the receipt of the answer before is there, however many ask', async () => {
    const { fetch, sent, receipts } = script()
    const conversation = createConversation(fetch)
    await conversation.fetch('https://x/v1/y', post())
    const second = conversation.fetch('https://x/v1/y', post())
    const third = conversation.fetch('https://x/v1/y', post())
    await Promise.resolve()
    expect(sent).toHaveLength(1)
    receipts[0]?.resolve(named('a~'))
    await second
    expect(sent).toHaveLength(2)
    receipts[1]?.resolve(named('b~'))
    await third
    expect(sent).toEqual([null, receiptDigest('a~'), receiptDigest('b~')])
  })

  it('follows the last receipt that verified when a turn came to nothing', async () => {
    const { fetch, sent, receipts } = script()
    const conversation = createConversation(fetch)
    await conversation.fetch('https://x/v1/y', post())
    receipts[0]?.resolve(named('a~'))
    await conversation.fetch('https://x/v1/y', post())
    receipts[1]?.reject(new Error('the stream was cancelled'))
    await conversation.fetch('https://x/v1/y', post())
    expect(sent).toEqual([null, receiptDigest('a~'), receiptDigest('a~')])
  })

  it('goes on when a request fails', async () => {
    let fails = true
    const { fetch, sent } = script()
    const conversation = createConversation(async (input, init) => {
      if (!fails) return fetch(input, init)
      fails = false
      throw new Error('no connection')
    })
    await expect(conversation.fetch('https://x/v1/y', post())).rejects.toThrow('no connection')
    await conversation.fetch('https://x/v1/y', post())
    expect(sent).toEqual([null])
  })

  it('keeps headers and sink of the request', async () => {
    const { fetch, sent, receipts } = script()
    const seen: Promise<AttestedReceipt>[] = []
    const init = withReceipt({ method: 'POST', headers: { 'inference-receipt-prev': 'sha256:0' } }, (one) =>
      seen.push(one),
    )
    await createConversation(fetch).fetch('https://x/v1/y', init)
    receipts[0]?.resolve(named('a~'))
    expect((await seen[0])?.token).toBe('a~')
    expect(sent).toEqual(['sha256:0'])
  })

  it('[R6] refuses an answer whose receipt follows none although it was asked to', async () => {
    const init = { ...post(), headers: { 'inference-receipt-prev': receiptDigest('a~') } }
    const fetch = createAttestedFetch(scene.options(honest))
    await expect(fetch(honest.url, init)).rejects.toMatchObject({
      failure: 'RECEIPT_CONTEXT',
      failed: { name: 'prev' },
    })
  })

  it('[R6] refuses an answer whose receipt follows another than it was asked to, and one that was asked to follow none', async () => {
    const following = scene.gateway({
      answer: { disclosed: (values) => ({ ...values, exchange: { ...values.exchange, prev: receiptDigest('b~') } }) },
    })
    const fetch = createAttestedFetch(scene.options(following))
    const init = { ...post(), headers: { 'inference-receipt-prev': receiptDigest('a~') } }
    for (const asked of [init, post()])
      await expect(fetch(following.url, asked)).rejects.toMatchObject({ failed: { name: 'prev' } })
    init.headers['inference-receipt-prev'] = receiptDigest('b~')
    expect((await fetch(following.url, init)).status).toBe(200)
  })
})
