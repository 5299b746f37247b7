/** What the configuration says of sampling parameters: ranges, names, and what contradicts itself. */
import { describe, expect, it } from 'vitest'
import { decodeConfig } from '../../../src/server/config/index.ts'

function configured(lines: readonly string[], kind = 'http'): ReturnType<typeof decodeConfig> {
  const upstream =
    kind === 'http' ? ['{ kind: http, location: local, baseUrl: "http://127.0.0.1:9" }'] : ['{ kind: embedded }']
  return decodeConfig(
    [
      'measured:',
      '  host: gw.example.com',
      `  upstreams: { engine: ${upstream} }`,
      '  models:',
      '    - id: m',
      '      upstream: engine',
      ...lines.map((line) => `      ${line}`),
      'operational: { apiKeys: dangerously-none }',
    ].join('\n'),
    { env: {} },
  )
}

describe('sampling parameters of a model', () => {
  it('are read as they are written, and change the digest of the configuration', () => {
    const config = configured([
      'defaults: { temperature: 0.2, top_k: -1, seed: 7, max_completion_tokens: 512 }',
      'rename: { max_tokens: max_completion_tokens }',
      'contextTokens: 32768',
    ])
    expect(config.measured.models[0]).toMatchObject({
      defaults: { temperature: 0.2, top_k: -1, seed: 7, max_completion_tokens: 512 },
      rename: { max_tokens: 'max_completion_tokens' },
      contextTokens: 32768,
    })
    expect(config.digest).not.toBe(configured([]).digest)
  })

  it.each([
    ['a value out of range', 'defaults: { temperature: 2.5 }', 'defaults.temperature: must be at most 2'],
    ['text', 'defaults: { top_p: much }', 'defaults.top_p: must be a number'],
    ['half a token', 'defaults: { max_tokens: 1.5 }', 'defaults.max_tokens: must be a whole number'],
    ['a number of choices', 'defaults: { n: 2 }', 'defaults.n: is not a known field'],
    ['a name that no API has', 'rename: { max_tokens: num_predict }', 'rename.max_tokens: must be one of'],
    [
      'a name that is renamed itself',
      'rename: { max_tokens: max_completion_tokens, max_completion_tokens: max_output_tokens }',
      'rename.max_tokens: names max_completion_tokens, which is renamed itself',
    ],
    ['its own name', 'rename: { seed: seed }', 'rename.seed: names seed, which is renamed itself'],
    [
      'one name for two',
      'rename: { max_tokens: max_output_tokens, max_completion_tokens: max_output_tokens }',
      'rename.max_completion_tokens: names max_output_tokens, as another one does',
    ],
    [
      'a default under a name that is renamed',
      '{ defaults: { max_tokens: 5 }, rename: { max_tokens: max_completion_tokens } }',
      'defaults.max_tokens: is renamed: write it as max_completion_tokens',
    ],
    [
      'one limit twice',
      'defaults: { max_tokens: 5, max_completion_tokens: 6 }',
      'defaults.max_tokens: is the same limit as max_completion_tokens',
    ],
    ['no context at all', 'contextTokens: 0', 'contextTokens: must be at least 1'],
  ])('refuses %s', (_title, text, message) => {
    const lines = text.startsWith('{') ? text.slice(2, -2).split(/, (?=rename)/) : [text]
    expect(() => configured(lines)).toThrow(`measured.models[0].${message}`)
  })

  it('refuses to be told the context of the embedded model', () => {
    expect(() => configured(['contextTokens: 100'], 'embedded')).toThrow(
      'measured.models[0].contextTokens: is known of the embedded model',
    )
  })
})
