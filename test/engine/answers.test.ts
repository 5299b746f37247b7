/** The embedded model knows its subject: fixed questions, greedy answers, the facts they must hold. @module */
import { describe, expect, it } from 'vitest'
import type { ChatMessage } from '../../src/engine/index.ts'
import cases from './answers.json' with { type: 'json' }
import { answer } from './embedded-model.ts'

describe('the embedded model', () => {
  it.each(cases)('answers $chat', ({ chat, says }) => {
    const messages: ChatMessage[] = []
    for (const content of chat) {
      messages.push({ role: 'user', content })
      const { text, finish } = answer(messages, { maxTokens: 150 })
      expect(finish).toBe('stop')
      expect(text).toMatch(/^[A-Z].*[.?]$/s)
      messages.push({ role: 'assistant', content: text })
    }
    for (const fact of says) expect(messages.at(-1)?.content).toContain(fact)
  })
})
