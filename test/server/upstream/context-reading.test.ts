/** What engines show of their context: each in its own members. */
import { describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { readContext } from '../../../src/server/upstream/context-reading.ts'

describe('what an answer shows of its context', () => {
  it.each([
    ['nothing', { id: 'c', choices: [{ index: 0 }] }, {}],
    [
      'a verbose answer',
      { __verbose: { truncated: false, tokens_evaluated: 12, prompt: 'Hé' } },
      { promptTokens: 12, truncated: 'no', renderedPrompt: digestUri(encodeUtf8('Hé')) },
    ],
    ['a cut prompt', { truncated: true, tokens_evaluated: 12 }, { promptTokens: 12, truncated: 'yes' }],
    ['times, and what was at hand', { timings: { prompt_n: 3, cache_n: 9 } }, { promptTokens: 12 }],
    ['times of an unknown rest', { timings: { prompt_n: 3 } }, {}],
    ['token ids of a chat', { prompt_token_ids: [1, 2, 3] }, { promptTokens: 3 }],
    ['token ids of a completion', { choices: [{ index: 0, prompt_token_ids: [1, 2] }] }, { promptTokens: 2 }],
    ['a prompt that nobody rendered', { prompt: 'Hi', truncated: 'no' }, {}],
    ['a prompt without octets', { __verbose: { prompt: '\ud800' } }, {}],
    ['counts that are none', { tokens_evaluated: -1, prompt_token_ids: null, timings: [] }, {}],
  ])('is read of %s', (_title, answer, expected) => {
    expect(readContext(answer)).toEqual(expected)
  })
})
