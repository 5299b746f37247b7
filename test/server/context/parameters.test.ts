/** Sampling parameters that the gateway fills in and renames: what becomes of the request, octet by octet. */
import { describe, expect, it } from 'vitest'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { JsonEdits } from '../../../src/core/transform/json-edit.ts'
import { applySplices } from '../../../src/core/transform/splice.ts'
import type { ModelConfig } from '../../../src/server/config/types.ts'
import { createParameters } from '../../../src/server/context/parameters/parameters.ts'
import { requestDependencies } from '../../../src/server/upstream/request-dependencies.ts'
import { createMemoryStore } from '../../kit/memory-store.ts'

const CHAT = '/v1/chat/completions'
const MODEL: ModelConfig = { id: 'm', upstream: 'u', name: 'm', digest: 'none' }

type Said = Pick<ModelConfig, 'defaults' | 'rename'>

async function forwarded(text: string, said: Said, path: string = CHAT): Promise<string> {
  const body = encodeUtf8(text)
  const edits = new JsonEdits(body)
  const { signal } = new AbortController()
  const request = {
    path,
    fields: JSON.parse(text),
    modelId: 'm',
    edits,
    tenant: '',
    store: createMemoryStore(),
    signal,
  }
  expect(await createParameters({ models: [{ ...MODEL, ...said }] }).prepare(request)).toEqual({})
  const splices = edits.splices()
  expect(splices.every(({ role }) => role === 'sampling-parameters')).toBe(true)
  return decodeUtf8(applySplices(body, splices))
}

describe('defaults', () => {
  const defaults = { temperature: 0.2, seed: 7, max_tokens: 64 } as const

  it('are put behind what the client wrote, where it says nothing', async () => {
    expect(await forwarded('{ "model": "m", "seed":1 }', { defaults })).toBe(
      '{ "model": "m", "seed":1,"temperature":0.2,"max_tokens":64 }',
    )
  })

  it('take the place of null', async () => {
    expect(await forwarded('{"temperature" : null,"seed":1,"max_tokens":1}', { defaults })).toBe(
      '{"temperature" : 0.2,"seed":1,"max_tokens":1}',
    )
  })

  it('change nothing where the client says it all, also a limit under its other name', async () => {
    const text = '{"temperature":0,"seed":0,"max_completion_tokens":5}'
    expect(await forwarded(text, { defaults })).toBe(text)
  })

  it.each([
    ['/v1/completions', '{"a":1,"temperature":0.2,"max_tokens":64}'],
    ['/v1/responses', '{"a":1,"temperature":0.2,"max_output_tokens":32}'],
    ['/v1/embeddings', '{"a":1}'],
  ])('of %s are those that this API has', async (path, expected) => {
    const all = { temperature: 0.2, max_tokens: 64, max_output_tokens: 32 }
    expect(await forwarded('{"a":1}', { defaults: all }, path)).toBe(expected)
  })
})

describe('another name', () => {
  const rename = { max_tokens: 'max_completion_tokens' } as const

  it('is put in the place of the key; the value stays as it was written', async () => {
    expect(await forwarded('{ "max_tokens" : 1e2, "model":"m"}', { rename })).toBe(
      '{ "max_completion_tokens" : 1e2, "model":"m"}',
    )
  })

  it('stays out of an API that does not have it', async () => {
    expect(await forwarded('{"max_tokens":5}', { rename }, '/v1/completions')).toBe('{"max_tokens":5}')
  })

  it('takes the place of a null, and a null gets none', async () => {
    expect(await forwarded('{"max_completion_tokens":null,"max_tokens":5}', { rename })).toBe(
      '{"max_completion_tokens":5}',
    )
    expect(await forwarded('{"a":1,"max_tokens":null}', { rename })).toBe('{"a":1}')
  })

  it('counts as given, and else its default is filled in', async () => {
    const said = { rename, defaults: { max_completion_tokens: 9 } } as const
    expect(await forwarded('{"max_tokens":5}', said)).toBe('{"max_completion_tokens":5}')
    expect(await forwarded('{"a":1,"max_tokens":null}', said)).toBe('{"a":1,"max_completion_tokens":9}')
    expect(await forwarded('{"max_completion_tokens":null,"max_tokens":null}', said)).toBe(
      '{"max_completion_tokens":9}',
    )
  })

  it('is refused beside the one that it stands for', async () => {
    await expect(forwarded('{"max_tokens":5,"max_completion_tokens":6}', { rename })).rejects.toMatchObject({
      name: 'ContextRefusal',
      param: 'max_tokens',
    })
  })
})

describe('the descriptor of the parameters that were used', () => {
  const used = (body: string, given: string): unknown =>
    requestDependencies(encodeUtf8(body), { forwarded: encodeUtf8(given) })['sampling-parameters']

  it('is of the octets that the model server is given', () => {
    const filled = used('{"seed":1}', '{"seed":1,"temperature":0.2}')
    expect(filled).toMatchObject([
      { name: 'temperature=0.2 seed=1', annotations: { scheme: 'jcs', source: 'gateway' } },
    ])
    expect(filled).not.toEqual(used('{"seed":1}', '{"seed":1,"temperature":0.3}'))
    expect(used('{"max_tokens":1}', '{"max_completion_tokens":1}')).toMatchObject([
      { name: 'max_completion_tokens=1', annotations: { source: 'gateway' } },
    ])
    expect(used('{"seed":1}', '{"model":"other"}')).toBe('none')
  })

  it("is the client's own where other octets changed", () => {
    expect(used('{"seed":1,"model":"m"}', '{"seed":1,"model":"other"}')).toMatchObject([
      { name: 'seed=1', annotations: { source: 'client' } },
    ])
  })
})
