/** Limits, seeds, log-probabilities, usage and errors of a generation. @module */
import { describe, expect, it } from 'vitest'
import type { GenerateOptions } from '../../src/engine/index.ts'
import { EngineError, encodeText, generateChat } from '../../src/engine/index.ts'
import { answer, model } from './embedded-model.ts'

const QUESTION = 'What is a transparency log?'

describe('generateChat', () => {
  it('reads the prompt in steps, then writes the answer and ends it', () => {
    const { prefills, usage, steps, finish } = answer(QUESTION)
    const promptTokens = encodeText(model, QUESTION).length + 3
    expect(usage).toEqual({ promptTokens, completionTokens: steps.length - 1 })
    expect(prefills).toEqual(Array.from({ length: promptTokens }, (_, i) => ({ done: i + 1, total: promptTokens })))
    expect(finish).toBe('stop')
    expect(steps.at(-1)).toEqual({
      kind: 'token',
      text: '',
      token: model.vocabulary.special['<|end|>'],
      finish: 'stop',
    })
  })

  it('stops after maxTokens', () => {
    const whole = answer(QUESTION)
    const cut = answer(QUESTION, { maxTokens: 7 })
    expect(cut.usage.completionTokens).toBe(7)
    expect(cut.finish).toBe('length')
    expect(cut.steps.map(({ token }) => token)).toEqual(whole.steps.slice(0, 7).map(({ token }) => token))
    expect(whole.text.startsWith(cut.text)).toBe(true)
  })

  it('gives the same answer for the same seed and others for other seeds and choices', () => {
    const draw = (options: GenerateOptions): string =>
      answer(QUESTION, { temperature: 2, maxTokens: 40, ...options }).text
    expect(draw({ seed: 11 })).toBe(draw({ seed: 11 }))
    const texts = [{ seed: 11 }, { seed: 12 }, { seed: -11 }, { seed: 11, choice: 1 }, { seed: 11, choice: 2 }].map(
      draw,
    )
    expect(new Set(texts).size).toBe(texts.length)
  })

  it('runs generations side by side without mixing them', () => {
    const one = generateChat(model, [{ role: 'user', content: QUESTION }], { maxTokens: 12 })
    const two = generateChat(model, [{ role: 'user', content: 'who are you?' }], { maxTokens: 12 })
    const texts = ['', '']
    const open = new Set([0, 1])
    while (open.size > 0) {
      for (const i of open) {
        const { value, done } = (i === 0 ? one : two).next()
        if (done) open.delete(i)
        else if (value.kind === 'token') texts[i] += value.text
      }
    }
    expect(texts).toEqual([answer(QUESTION, { maxTokens: 12 }).text, answer('who are you?', { maxTokens: 12 }).text])
  })

  it('reports log-probabilities that add up', () => {
    const { steps } = answer(QUESTION, { topLogprobs: 20, maxTokens: 10, temperature: 1.5, seed: 3 })
    for (const { logprob, token } of steps) {
      if (logprob === undefined) throw new Error('a log-probability is due')
      const sum = logprob.top.reduce((total, entry) => total + Math.exp(entry.logprob), 0)
      expect(sum).toBeLessThanOrEqual(1 + 1e-9)
      expect(logprob.top.map((entry) => entry.logprob)).toEqual(
        logprob.top.map((entry) => entry.logprob).toSorted((a, b) => b - a),
      )
      expect(logprob.logprob).toBeLessThanOrEqual(0)
      expect(Uint8Array.from(logprob.bytes)).toEqual(model.vocabulary.bytes[token])
    }
    expect(answer(QUESTION, { topLogprobs: 0, maxTokens: 1 }).steps[0]?.logprob?.top).toEqual([])
    expect(answer(QUESTION, { maxTokens: 1 }).steps[0]).not.toHaveProperty('logprob')
  })

  it('fills the context to its last token and no further', () => {
    const content = 'a '.repeat(model.contextLength - 12)
    const room = model.contextLength - (encodeText(model, content).length + 3)
    expect(room).toBeGreaterThan(0)
    const { usage } = answer(content, { temperature: 2, stop: [] })
    expect(usage.promptTokens).toBe(model.contextLength - room)
    expect(usage.completionTokens).toBeLessThanOrEqual(room)
  })

  it.each([2000, 100_000, 5_000_000])('refuses a prompt of %d words before any work', (words) => {
    const generation = generateChat(model, [{ role: 'user', content: 'word '.repeat(words) }])
    expect(() => generation.next()).toThrow(EngineError)
    const again = generateChat(model, [{ role: 'user', content: 'word '.repeat(words) }])
    expect(() => again.next()).toThrow(expect.objectContaining({ code: 'context_length_exceeded' }))
  })

  it.each<GenerateOptions>([
    { maxTokens: 0 },
    { maxTokens: 1.5 },
    { temperature: -1 },
    { temperature: Number.NaN },
    { topP: 1.1 },
    { seed: 0.5 },
    { seed: 2 ** 53 },
    { choice: -1 },
    { stop: [''] },
    { stop: ['\ud800'] },
    { stop: Array.from({ length: 17 }, String) },
    { topLogprobs: 21 },
  ])('refuses %o', (options) => {
    expect(() => answer(QUESTION, options)).toThrow(expect.objectContaining({ code: 'invalid_option' }))
  })
})
