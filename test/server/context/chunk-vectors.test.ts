/** The vectors of a collection's chunks: had once, in batches, again where it failed, and never from two models. */
import { afterEach, describe, expect, it } from 'vitest'
import { CountersignError } from '../../../src/errors.ts'
import type { Chunk, UnitVector } from '../../../src/retrieval/index.ts'
import { ChunkVectors } from '../../../src/server/context/retrieval/chunk-vectors.ts'

const chunksOf = (count: number, text = 'x'): readonly Chunk[] =>
  Array.from({ length: count }, (_, n) => ({
    id: `a.txt#${n}`,
    digest: '',
    size: text.length,
    document: '',
    text,
  }))

const vector = (...values: readonly number[]): UnitVector => Float32Array.from(values)

interface Asked {
  readonly texts: readonly string[]
  readonly signal: AbortSignal
  answer(vectors: readonly UnitVector[]): void
  fail(): void
}

/** Chunk vectors whose model server answers as the test says. */
function made(count: number, text?: string): { vectors: ChunkVectors; asked: Asked[]; next(): Promise<Asked> } {
  const asked: Asked[] = []
  const waiting: ((one: Asked) => void)[] = []
  let seen = 0
  const vectors = new ChunkVectors(
    chunksOf(count, text),
    (texts, signal) =>
      new Promise((resolve, reject) => {
        const fail = (): void => reject(new CountersignError('ERR_UPSTREAM', 'down'))
        const one = { texts, signal, answer: resolve, fail }
        asked.push(one)
        waiting.shift()?.(one)
      }),
  )
  const next = (): Promise<Asked> => {
    const there = asked[seen++]
    return there === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(there)
  }
  opened.push(vectors)
  return { vectors, asked, next }
}

const opened: ChunkVectors[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})
const patience = (): AbortSignal => new AbortController().signal
const fill = ({ texts, answer }: Asked, of = vector(1, 0)): void => answer(texts.map(() => of))

describe('vectors of chunks', () => {
  it('are had in batches of bounded count and size, once for all that wait', async () => {
    const { vectors, asked, next } = made(40)
    const both = [vectors.ready(patience()), vectors.ready(patience())]
    fill(await next())
    fill(await next())
    const [one, other] = await Promise.all(both)
    expect(asked.map(({ texts }) => texts.length)).toEqual([32, 8])
    expect(one?.size).toBe(40)
    expect(other).toBe(one)
    expect(await vectors.ready(patience())).toBe(one)
    expect(asked).toHaveLength(2)
    const large = made(40, 'x'.repeat(8000))
    void large.vectors.ready(patience()).catch(() => undefined)
    expect((await large.next()).texts).toHaveLength(8)
  })

  it('are gone on with where the model server failed', async () => {
    const { vectors, asked, next } = made(40)
    const failed = vectors.ready(patience())
    fill(await next())
    ;(await next()).fail()
    await expect(failed).rejects.toMatchObject({ code: 'ERR_UPSTREAM', message: 'down' })
    const ready = vectors.ready(patience())
    fill(await next())
    expect((await ready).size).toBe(40)
    expect(asked.map(({ texts }) => texts.length)).toEqual([32, 8, 8])
  })

  it('of another dimension than those before make all of them be had anew', async () => {
    const { vectors, asked, next } = made(40)
    const failed = vectors.ready(patience())
    fill(await next())
    fill(await next(), vector(1, 0, 0))
    await expect(failed).rejects.toMatchObject({ code: 'ERR_UPSTREAM', message: expect.stringContaining('dimensions') })
    const ready = vectors.ready(patience())
    fill(await next(), vector(1, 0, 0))
    fill(await next(), vector(1, 0, 0))
    expect((await ready).size).toBe(40)
    expect(asked.map(({ texts }) => texts.length)).toEqual([32, 8, 32, 8])
  })

  it('go on being had for others when one gives up, and end with the gateway', async () => {
    const { vectors, next } = made(1)
    const impatient = new AbortController()
    const given = vectors.ready(impatient.signal)
    const patient = vectors.ready(patience())
    impatient.abort()
    await expect(given).rejects.toMatchObject({ message: 'the chunks are still being embedded' })
    const asked = await next()
    expect(asked.signal.aborted).toBe(false)
    vectors.close()
    expect(asked.signal.aborted).toBe(true)
    asked.fail()
    await expect(patient).rejects.toMatchObject({ message: 'down' })
  })

  it('that a query cannot be compared with are forgotten, and no later ones with them', async () => {
    const { vectors, next } = made(1)
    const first = vectors.ready(patience())
    fill(await next())
    const stale = await first
    vectors.forget(stale)
    const second = vectors.ready(patience())
    fill(await next())
    const fresh = await second
    vectors.forget(stale)
    expect(fresh).not.toBe(stale)
    expect(await vectors.ready(patience())).toBe(fresh)
  })
})
