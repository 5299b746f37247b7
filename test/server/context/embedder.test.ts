/** What is sent to an embedding model, and which of its failures are told in which words. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { UnitVector } from '../../../src/retrieval/index.ts'
import type { ModelConfig } from '../../../src/server/config/types.ts'
import { createEmbedder, type FindModel } from '../../../src/server/context/retrieval/embedder.ts'
import { NO_DEPENDENCIES } from '../../../src/server/upstream/dependencies.ts'
import { modelSplice } from '../../../src/server/upstream/model-splice.ts'
import type { ServedModel, UpstreamRequest } from '../../../src/server/upstream/types.ts'
import { UpstreamFailure } from '../../../src/server/upstream/upstream-failure.ts'
import { measureWeights } from '../../../src/server/weights/measure-weights.ts'

const MODEL: ServedModel = {
  id: 'e5',
  claim: { name: 'e5-small', digest: 'none' },
  engine: { name: 'x', version: '1', determinism: 'best-effort', flags: 'none' },
  upstream: 'local',
  created: 0,
}
const GOOD = '{"data":[{"index":0,"embedding":[3,4]}]}'

async function* inParts(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array, void, void> {
  for (const part of parts) yield typeof part === 'string' ? new TextEncoder().encode(part) : part
}

interface Answer {
  readonly status?: number
  readonly body?: AsyncIterable<Uint8Array>
  readonly failure?: UpstreamFailure
}

/** An upstream that answers once, and keeps what it was given. */
function given({ status = 200, body = inParts(GOOD), failure }: Answer): { find: FindModel; sent: UpstreamRequest[] } {
  const sent: UpstreamRequest[] = []
  const upstream = {
    serves: () => true,
    transforms: modelSplice,
    dependencies: () => NO_DEPENDENCIES,
    send: async (request: UpstreamRequest) => {
      sent.push(request)
      if (failure !== undefined) throw failure
      return { status, mediaType: 'application/json', body }
    },
    healthy: async () => true,
    close: async () => undefined,
  }
  return { sent, find: () => ({ model: MODEL, upstream }) }
}

const embed = (find: FindModel, text: string = 'pear'): Promise<readonly UnitVector[]> =>
  createEmbedder('e5', find).embed([text], new AbortController().signal)

describe('an embedding model', () => {
  it('is given well-formed text under its own name, by a splice as in any request', async () => {
    const { find, sent } = given({ body: inParts(GOOD.slice(0, 9), GOOD.slice(9)) })
    const [vector] = await embed(find, 'pear \ud800')
    expect(vector).toHaveLength(2)
    expect(sent[0]?.path).toBe('/v1/embeddings')
    expect(new TextDecoder().decode(sent[0]?.body.octets)).toBe(
      '{"model":"e5-small","input":["pear \ufffd"],"encoding_format":"float"}',
    )
    expect(sent[0]?.body.splices.map(({ role }) => role)).toEqual(['model'])
  })

  it.each([
    ['a status', { status: 400, body: inParts('{"error":"pear is too long"}') }, 'answered with status 400'],
    ['no end', { body: inParts(new Uint8Array(300_000), new Uint8Array(300_000)) }, 'answered with more than 327680'],
    ['silence', { failure: new UpstreamFailure('aborted', 'was given up by the client') }, 'gave no answer in time'],
    ['no connection', { failure: new UpstreamFailure('unreachable', 'upstream u: ECONNREFUSED') }, 'ECONNREFUSED'],
  ])('that answers with %s fails without a word of what was embedded', async (_title, answer, told) => {
    const failed = embed(given(answer).find)
    await expect(failed).rejects.toMatchObject({ code: 'ERR_UPSTREAM', message: expect.stringContaining(told) })
    await expect(failed).rejects.not.toThrow('pear')
  })

  it('that is not served is not asked, nor one whose weights changed on disk', async () => {
    await expect(embed(() => undefined)).rejects.toMatchObject({ code: 'ERR_UPSTREAM' })
    const directory = await mkdtemp(join(tmpdir(), 'embedder-'))
    await writeFile(join(directory, 'weights.bin'), 'measured')
    const model: ModelConfig = { id: 'e5', upstream: 'u', name: 'e5', digest: 'none', weights: { directory } }
    const measured = (await measureWeights([model], { monotonicMs: () => 0, tell: () => {} })).get('e5')
    if (measured === undefined) throw new Error('nothing was measured')
    const { find, sent } = given({})
    const changed: FindModel = (id) => {
      const served = find(id)
      return served && { ...served, model: { ...served.model, ...measured } }
    }
    expect(await embed(changed)).toHaveLength(1)
    await writeFile(join(directory, 'more.bin'), 'added')
    await measured.weights.look()
    await rm(directory, { recursive: true })
    await expect(embed(changed)).rejects.toThrow('the embedding model has weights that changed on disk')
    expect(sent).toHaveLength(1)
  })
})
