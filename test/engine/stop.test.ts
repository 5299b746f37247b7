/** Only whole characters come out, and nothing of a stop string, however the bytes are cut. @module */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TextRelease } from '../../src/engine/stop.ts'
import { answer } from './embedded-model.ts'

function run(chunks: readonly Uint8Array[], stops: readonly string[]): { texts: string[]; stopped: boolean } {
  const release = new TextRelease(stops)
  const texts: string[] = []
  for (const chunk of chunks) {
    const { text, stopped } = release.push(chunk)
    texts.push(text)
    if (stopped) return { texts, stopped }
  }
  const { text, stopped } = release.end()
  texts.push(text)
  return { texts, stopped }
}

const bytewise = (text: string): Uint8Array[] =>
  Array.from(new TextEncoder().encode(text), (byte) => Uint8Array.of(byte))

describe('text release', () => {
  it('cuts before the stop string that is complete first, for every way of cutting the bytes', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀'), maxLength: 30 })
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀'), minLength: 1, maxLength: 4 }))
    fc.assert(
      fc.property(letters, stops, fc.infiniteStream(fc.integer({ min: 1, max: 5 })), (text, list, sizes) => {
        const bytes = new TextEncoder().encode(text)
        const chunks: Uint8Array[] = []
        for (let at = 0; at < bytes.length; ) {
          const size = sizes.next().value ?? 1
          chunks.push(bytes.subarray(at, at + size))
          at += size
        }
        const found = list
          .map((stop) => ({ at: text.indexOf(stop), end: text.indexOf(stop) + stop.length }))
          .filter(({ at }) => at >= 0)
        const [first] = found.sort((a, b) => a.end - b.end || a.at - b.at)
        const { texts, stopped } = run(chunks, list)
        expect(texts.join('')).toBe(text.slice(0, first?.at))
        expect(stopped).toBe(first !== undefined)
        for (const piece of texts) expect(/\p{Surrogate}|\ufffd/u.test(piece)).toBe(false)
      }),
    )
  })

  it('does not wait for a longer stop string when a shorter one inside it is complete', () => {
    expect(run(bytewise('éab'), ['éab', 'a'])).toMatchObject({ stopped: true })
    expect(run(bytewise('éab'), ['éab', 'a']).texts.join('')).toBe('é')
    expect(run([new TextEncoder().encode('éab')], ['éab', 'a']).texts.join('')).toBe('é')
  })

  it('gives held text free when it turns out to be no stop string', () => {
    expect(run(bytewise('ab abc'), ['abx'])).toEqual({ texts: ['', '', 'ab ', '', '', 'abc', ''], stopped: false })
  })

  it('turns an unfinished character at the end into the replacement character', () => {
    expect(run([Uint8Array.of(0x61, 0xf0, 0x9f)], []).texts).toEqual(['a', '\ufffd'])
  })

  it('keeps a byte order mark', () => {
    expect(run(bytewise('\ufeffa'), []).texts.join('')).toBe('\ufeffa')
  })
})

describe('stop strings in answers', () => {
  const { text } = answer('What is a receipt?')

  it('end the answer where they begin, at any place and across tokens', () => {
    for (const at of [0, 3, 10, 17, 25]) {
      const stop = text.slice(at, at + 9)
      const cut = answer('What is a receipt?', { stop: ['never said', stop] })
      expect(cut.text).toBe(text.slice(0, text.indexOf(stop)))
      expect(cut.finish).toBe('stop')
    }
  })

  it('change nothing when they do not come up', () => {
    const whole = answer('What is a receipt?', { stop: [`${text}!`, 'xyzzy'] })
    expect(whole.text).toBe(text)
  })
})
