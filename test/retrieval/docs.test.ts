/** The real collection: this project's own docs. */
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { verifyChunk } from '../../src/core/resources/chunk-proof.ts'
import { type Collection, loadCollection } from '../../src/retrieval/index.ts'
import { QUESTIONS } from './questions.ts'

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url))
let docs: Collection
beforeAll(async () => {
  docs = await loadCollection(DOCS)
})

describe("this project's docs as a collection", () => {
  test('have one root as long as they have one content', async () => {
    const again = await loadCollection(DOCS)
    expect(again.root).toBe(docs.root)
    expect(again.chunks).toEqual(docs.chunks)
  })

  test.each(QUESTIONS)('"%s" finds the right chunk of %s among the first three', (question, document, words) => {
    const answers = (chunk: { readonly id: string; readonly text: string }): boolean =>
      chunk.id.startsWith(`${document}#`) && chunk.text.includes(words)
    expect(docs.chunks.some(answers)).toBe(true)
    expect(docs.search(question, { limit: 3 }).some(answers)).toBe(true)
  })

  test('what was found is proven against the root, and what stands next to it is not taken for it', async () => {
    const [best, next] = docs.search('what makes an answer quoted', { limit: 2 })
    if (best === undefined || next === undefined) throw new Error('two chunks were expected')
    const evidence = { id: best.id, text: encodeUtf8(best.text), root: docs.root }
    expect((await verifyChunk({ ...evidence, proof: docs.prove(best.id) })).ok).toBe(true)
    expect(await verifyChunk({ ...evidence, proof: docs.prove(next.id) })).toMatchObject({
      ok: false,
      code: 'INDEX_PROOF',
    })
  })
})
