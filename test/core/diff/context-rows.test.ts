/** What a comparison shows of the context of two answers, and of the parameters that they were made with. */
import { describe, expect, it } from 'vitest'
import { archiveOf, changesBetween, dependency, EXCHANGE, hex, type Planted, rowsBetween } from './answers.ts'

const context = { prompt_tokens: 40, context_limit: 4096, truncated: 'no', rendered_prompt: `sha256:${hex('one')}` }
const withContext = (change: object): Planted => ({ exchange: { ...EXCHANGE, context: { ...context, ...change } } })

describe('the context of two answers', () => {
  it.each([
    ['another length of the prompt', { prompt_tokens: 41 }, 'changed request: tokens of the prompt'],
    ['another limit', { context_limit: 2048 }, 'changed engine: context'],
    ['a prompt that was cut', { truncated: 'yes' }, 'changed request: truncated'],
    [
      'another text of the template',
      { rendered_prompt: `sha256:${hex('two')}` },
      'changed request: prompt as rendered',
    ],
  ])('shows %s', (_title, change, row) => {
    expect(changesBetween(archiveOf(withContext({})), archiveOf(withContext(change)))).toEqual([row])
  })

  it('shows where one of them does not say', () => {
    const rows = rowsBetween(archiveOf(withContext({})), archiveOf())
    expect(rows.filter(({ state }) => state === 'removed').map(({ name }) => name)).toEqual([
      'context',
      'tokens of the prompt',
      'truncated',
      'prompt as rendered',
    ])
  })
})

describe('the parameters of two answers', () => {
  it('show a default that the gateway filled in, and whose word they are', () => {
    const parameters = (name: string, source: 'client' | 'gateway'): Planted => {
      const one = dependency('sampling-parameters', name, name)
      return { dependencies: { 'sampling-parameters': [{ ...one, annotations: { ...one.annotations, source } }] } }
    }
    const changes = changesBetween(
      archiveOf(parameters('temperature=0.7', 'client')),
      archiveOf(parameters('temperature=0.7 top_p=0.9', 'gateway')),
    )
    expect(changes).toEqual(['added sampling-parameters: top_p', 'changed sampling-parameters: vouched for by'])
  })
})
