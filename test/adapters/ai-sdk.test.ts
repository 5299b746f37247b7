/** The provider for the AI SDK: where receipts are, and what becomes of answers that do not verify. */
import { embed, generateText, streamText } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CountersignProvider, createCountersign, notVerifiedOf } from '../../src/adapters/ai-sdk/index.ts'
import type { AttestedReceipt } from '../../src/client/index.ts'
import { MODEL, type Scene, startScene, withoutReceipts } from './scene.ts'

let scene: Scene
let provider: CountersignProvider
const receipts: AttestedReceipt[] = []
beforeAll(async () => {
  scene = await startScene()
  const onReceipt = (receipt: AttestedReceipt): void => void receipts.push(receipt)
  provider = createCountersign({ baseURL: scene.base, apiKey: 'unused', ...scene.trust, onReceipt })
})
afterAll(() => scene.close())

/** What must stand beside an answer, by the receipt that was told of last. */
function lastRecord(): object {
  const last = receipts.at(-1)
  if (last === undefined) throw new Error('no receipt')
  const { token, claims, grade, simulated, checks } = last
  return {
    token,
    jti: claims.jti,
    grade,
    simulated,
    checks: checks.map(({ name, status, detail }) => ({ name, status, detail })),
  }
}

describe('a receipt', () => {
  it('is in the metadata of a text', async () => {
    const { text, providerMetadata } = await generateText({ model: provider(MODEL), prompt: 'Say hello.' })
    expect(text).toBe('Hello')
    expect(providerMetadata?.['countersign']).toEqual(lastRecord())
    expect(providerMetadata?.['countersign']).toMatchObject({ grade: 'signed', simulated: true })
  })

  it('is in the metadata of a stream, in the part that finishes it', async () => {
    const result = streamText({ model: provider.chatModel(MODEL), prompt: 'Say hello.' })
    const kinds: string[] = []
    let atFinish: unknown
    for await (const part of result.fullStream) {
      kinds.push(part.type)
      if (part.type === 'finish-step') atFinish = part.providerMetadata?.['countersign']
    }
    expect(kinds).not.toContain('error')
    expect(atFinish).toEqual(lastRecord())
    expect((await result.providerMetadata)?.['countersign']).toEqual(atFinish)
  })

  it('is in the metadata of a completion and of an embedding', async () => {
    const completed = await generateText({ model: provider.completionModel(MODEL), prompt: 'Once' })
    expect(completed.providerMetadata?.['countersign']).toEqual(lastRecord())
    const embedded = await embed({ model: provider.embeddingModel(MODEL), value: 'Hello' })
    expect(embedded.embedding).toEqual([0.5, -0.25])
    expect(embedded.providerMetadata?.['countersign']).toEqual(lastRecord())
  })

  it('is of its own call, among calls that run at once', async () => {
    const before = receipts.length
    const results = await Promise.all(
      [1, 2, 3, 4].map(() => generateText({ model: provider(MODEL), prompt: 'Say hello.' })),
    )
    const told = results.map(({ providerMetadata }) => String(providerMetadata?.['countersign']?.['token']))
    expect(told.toSorted()).toEqual(
      receipts
        .slice(before)
        .map(({ token }) => token)
        .toSorted(),
    )
    expect(new Set(told).size).toBe(4)
  })

  it('is that of the attempt that answered', async () => {
    scene.failNext(1)
    const { providerMetadata } = await generateText({ model: provider(MODEL), prompt: 'Say hello.', maxRetries: 1 })
    expect(receipts.at(-2)?.claims.outcome).not.toBe('complete')
    expect(providerMetadata?.['countersign']).toEqual(lastRecord())
  })
})

describe('without a receipt', () => {
  let asked = 0
  const stripped = (): CountersignProvider =>
    createCountersign({
      baseURL: scene.base,
      ...scene.trust,
      deps: {
        fetch: (input, init) => {
          if (String(input).endsWith('/chat/completions')) asked += 1
          return withoutReceipts(input, init)
        },
      },
    })

  it('a text is an error that names the check, and is not asked for again', async () => {
    asked = 0
    const error = await generateText({ model: stripped()(MODEL), prompt: 'Say hello.', maxRetries: 2 }).catch(
      (thrown: unknown) => thrown,
    )
    expect(notVerifiedOf(error)?.failure).toBe('RECEIPT_MISSING')
    expect(asked).toBe(1)
  })

  it('a stream throws in place of its end, whichever way it is read', async () => {
    const ask = (): ReturnType<typeof streamText> => streamText({ model: stripped()(MODEL), prompt: 'Say hello.' })
    const result = ask()
    const kinds: string[] = []
    const parts = async (): Promise<void> => {
      for await (const { type } of result.fullStream) kinds.push(type)
    }
    const text = async (): Promise<void> => {
      for await (const _ of ask().textStream);
    }
    for (const read of [parts, text]) {
      const error = await read().catch((thrown: unknown) => thrown)
      expect(notVerifiedOf(error)?.failure).toBe('RECEIPT_MISSING')
    }
    expect(kinds).toContain('text-delta')
    expect(kinds).not.toContain('finish-step')
    for (const promised of [result.text, result.finishReason, result.providerMetadata])
      await expect(promised).rejects.toThrow()
  })
})
