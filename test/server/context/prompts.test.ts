/** Measured prompts: which one a request gets, what is inserted where, and what is refused. */
import { describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { JsonEdits } from '../../../src/core/transform/json-edit.ts'
import { applySplices } from '../../../src/core/transform/splice.ts'
import type { MeasuredConfig, PromptConfig } from '../../../src/server/config/types.ts'
import { loadPrompts } from '../../../src/server/context/templates/prompts.ts'
import type { AddedDependencies } from '../../../src/server/context/types.ts'
import { createMemoryStore } from '../../kit/memory-store.ts'

const FILES: Readonly<Record<string, string>> = {
  'greet-1.liquid': 'Greet {{ name }}.',
  'greet-2.liquid': 'Greet {{ name | upcase }}{% if loud %}!{% endif %}',
  'plain.liquid': 'Answer in "one" line.',
  'loop.liquid': '{% for i in (1..100000000) %}{{ x }}{% endfor %}',
}

function prompt(id: string, version: string, file: string, role: PromptConfig['role'] = 'system'): PromptConfig {
  return { id, version, file, role, digest: digestUri(encodeUtf8(FILES[file] ?? '')) }
}

const PROMPTS = [
  prompt('greet', '1', 'greet-1.liquid'),
  prompt('greet', '2', 'greet-2.liquid', 'developer'),
  prompt('plain', 'a', 'plain.liquid'),
  prompt('loop', '1', 'loop.liquid'),
]
const MODELS: MeasuredConfig['models'] = [
  { id: 'm', upstream: 'u', name: 'm', digest: 'none' },
  { id: 'greeter', upstream: 'u', name: 'm', digest: 'none', prompt: { id: 'plain', version: 'a' } },
]
const files = { read: async (file: string) => encodeUtf8(FILES[file] ?? '') }

interface Prepared {
  readonly forwarded: unknown
  readonly added: AddedDependencies
}

async function prepare(
  fields: Readonly<Record<string, unknown>>,
  { path = '/v1/chat/completions', prompts = PROMPTS }: { path?: string; prompts?: readonly PromptConfig[] } = {},
): Promise<Prepared> {
  const context = await loadPrompts({ models: MODELS, ...(prompts.length > 0 && { prompts }) }, files)
  const text = JSON.stringify({ model: 'm', ...fields })
  const body = encodeUtf8(text)
  const edits = new JsonEdits(body)
  const added = await context.prepare({
    path,
    fields: JSON.parse(text),
    modelId: String(fields['model'] ?? 'm'),
    edits,
    signal: new AbortController().signal,
    tenant: '',
    store: createMemoryStore(),
  })
  return { forwarded: JSON.parse(decodeUtf8(applySplices(body, edits.splices()))), added }
}

const messages = [{ role: 'user', content: 'Hi' }]
const hex = (text: string) => digestUri(encodeUtf8(text)).slice('sha256:'.length)

describe('a measured prompt', () => {
  it('is put before the messages of a chat, and the request loses the member that asked for it', async () => {
    const asked = { id: 'greet', version: '1', variables: { name: 'Ada "A"' } }
    const { forwarded, added } = await prepare({ prompt: asked, messages })
    expect(forwarded).toEqual({ model: 'm', messages: [{ role: 'system', content: 'Greet Ada "A".' }, ...messages] })
    const annotations = { scheme: 'raw', role: 'prompt-template', source: 'gateway' }
    expect(added).toEqual({
      'prompt-template': [
        { name: 'greet@1', digest: { sha256: hex(FILES['greet-1.liquid'] ?? '') }, annotations },
        { name: 'greet@1 rendered', digest: { sha256: hex('Greet Ada "A".') }, annotations },
      ],
    })
  })

  it('is the last of its versions where the request names none', async () => {
    const { forwarded } = await prepare({ prompt: { id: 'greet', variables: { name: 'Ada', loud: true } }, messages })
    expect(forwarded).toMatchObject({ messages: [{ role: 'developer', content: 'Greet ADA!' }, {}] })
  })

  it('comes with a model alias', async () => {
    const { forwarded } = await prepare({ model: 'greeter', messages })
    expect(forwarded).toEqual({
      model: 'greeter',
      messages: [{ role: 'system', content: 'Answer in "one" line.' }, ...messages],
    })
  })

  it.each([
    ['where there are none', {}, 'Answer in "one" line.'],
    ['that are null', { instructions: null }, 'Answer in "one" line.'],
    ["before the client's", { instructions: 'Be kind.' }, 'Answer in "one" line.\n\nBe kind.'],
  ])('becomes instructions of a response %s', async (_title, more, instructions) => {
    const asked = { prompt: { id: 'plain' }, input: 'Hi', ...more }
    const { forwarded } = await prepare(asked, { path: '/v1/responses' })
    expect(forwarded).toEqual({ model: 'm', input: 'Hi', instructions })
  })

  it('leaves requests alone that ask for none, and all where the configuration has none', async () => {
    expect(await prepare({ messages })).toEqual({ forwarded: { model: 'm', messages }, added: {} })
    const theirs = { prompt: { id: 'stored' }, input: 'Hi' }
    expect(await prepare(theirs, { path: '/v1/responses', prompts: [] })).toEqual({
      forwarded: { model: 'm', ...theirs },
      added: {},
    })
    const completion = { prompt: 'Once upon' }
    expect((await prepare(completion, { path: '/v1/completions' })).added).toEqual({})
  })

  it.each([
    ['an unknown id', { id: 'none' }, 'prompt', 'prompt_not_found'],
    ['an unknown version', { id: 'greet', version: '9' }, 'prompt', 'prompt_not_found'],
    ['a version that is no text', { id: 'greet', version: 1 }, 'prompt', 'prompt_not_found'],
    ['a member that it does not know', { id: 'plain', temperature: 1 }, 'prompt', undefined],
    ['a missing variable', { id: 'greet', version: '1' }, 'prompt.variables', undefined],
    ['a variable that it does not have', { id: 'plain', variables: { name: 'x' } }, 'prompt.variables', undefined],
    [
      'a variable that is an object',
      { id: 'greet', version: '1', variables: { name: {} } },
      'prompt.variables',
      undefined,
    ],
    ['variables that are a list', { id: 'plain', variables: [] }, 'prompt.variables', undefined],
    [
      'a variable that is too long',
      { id: 'greet', version: '1', variables: { name: 'x'.repeat(65_537) } },
      'prompt.variables',
      undefined,
    ],
    ['more work than is allowed', { id: 'loop', variables: { x: 'x' } }, 'prompt.variables', undefined],
  ])('is refused for %s', async (_title, asked, param, code) => {
    const refused = await prepare({ prompt: asked, messages }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ name: 'ContextRefusal', param })
    expect(refused).toHaveProperty('code', code)
  })

  it('is refused beside an alias, and where the API has no messages', async () => {
    const refusal = { name: 'ContextRefusal', param: 'prompt' }
    await expect(prepare({ model: 'greeter', prompt: { id: 'plain' }, messages })).rejects.toMatchObject(refusal)
    await expect(prepare({ prompt: { id: 'plain' }, input: 'x' }, { path: '/v1/embeddings' })).rejects.toMatchObject(
      refusal,
    )
    await expect(prepare({ model: 'greeter', input: 'x' }, { path: '/v1/embeddings' })).rejects.toMatchObject(refusal)
  })

  it.each([
    ['another text than the one measured', 'greet-1.liquid', 'sha256:'.padEnd(71, '0')],
    ['no template', '{% if %}', undefined],
    ['an unknown filter', '{{ a | no_such_filter }}', undefined],
    ['another file in it', '{% include "greet-1.liquid" %}', undefined],
    ['a layout', '{% layout "greet-1.liquid" %}', undefined],
  ])('is not taken from a file with %s', async (_title, content, digest) => {
    const octets = encodeUtf8(FILES[content] ?? content)
    const config = { ...prompt('p', '1', content), digest: digest ?? digestUri(octets) }
    const loading = loadPrompts({ models: [], prompts: [config] }, { read: async () => octets })
    await expect(loading).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})
