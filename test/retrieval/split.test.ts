import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitText } from '../../src/retrieval/split.ts'
import { processorMs } from '../kit/own-time.ts'

function textsOf(text: string, { markdown = true, maxCharacters = 200 } = {}): readonly string[] {
  return splitText(text, { markdown, maxCharacters }).map((chunk) => chunk.text)
}

const paragraph = (letter: string, size: number) => `${letter.repeat(9)} `.repeat(size / 10).trim()

describe('splitting a document', () => {
  test('a heading begins a chunk, stays with its text, and headings without text between them stay together', () => {
    const text = '# One\n\n## Two\n\nSome words.\n\nMore words.\n\n### Three\nOther words.\n'
    expect(textsOf(text)).toEqual(['# One\n\n## Two\n\nSome words.\n\nMore words.', '### Three\nOther words.'])
  })

  test('each chunk knows the headings above it', () => {
    const text = '# A\n\n## B\n\nb\n\n## C\n\nc\n\n# D\n\nd\n'
    const trails = splitText(text, { markdown: true, maxCharacters: 200 }).map(({ headings }) => headings.join('/'))
    expect(trails).toEqual(['A/B', 'A/C', 'D'])
  })

  test('paragraphs are added while they fit, and one that fits alone is not cut', () => {
    const [a, b, c] = [paragraph('a', 90), paragraph('b', 100), paragraph('c', 120)]
    expect(textsOf(`${a}\n\n${b}\n\n${c}\n`)).toEqual([`${a}\n\n${b}`, c])
  })

  test('a long table is cut behind a line, and the next piece knows its heading', () => {
    const rows = Array.from({ length: 20 }, (_, i) => `| row ${String(i).padStart(2, '0')} | ${'x'.repeat(40)} |`)
    const chunks = splitText(`# Table\n\n${rows.join('\n')}\n`, { markdown: true, maxCharacters: 200 })
    expect(chunks.flatMap(({ text }) => text.split('\n').filter((line) => line.startsWith('|')))).toEqual(rows)
    expect(chunks.length).toBeGreaterThan(4)
    expect(chunks.every(({ headings }) => headings[0] === 'Table')).toBe(true)
  })

  test('a long line is cut behind a space', () => {
    const words = Array.from({ length: 60 }, (_, i) => `word${i}`)
    expect(textsOf(words.join(' ')).flatMap((text) => text.split(' '))).toEqual(words)
  })

  test('letters without a space are cut between code points', () => {
    const pieces = textsOf(`x${'😀'.repeat(300)}`)
    expect(pieces.join('')).toBe(`x${'😀'.repeat(300)}`)
    expect(pieces.every((piece) => piece.length <= 200 && !/\p{Surrogate}/u.test(piece))).toBe(true)
    expect(pieces[0]?.length).toBe(199)
  })

  test('what looks like a heading is none in a fence, nor in plain text', () => {
    const text = 'words\n```sh\n# a comment\n\n# another\n``\n```\n# Heading\nend\n'
    expect(textsOf(text)).toEqual(['words\n```sh\n# a comment\n\n# another\n``\n```', '# Heading\nend'])
    expect(textsOf('a\n# b\nc', { markdown: false })).toEqual(['a\n# b\nc'])
  })

  test('a fence is closed by its own letter alone, and one that is never closed ends with the text', () => {
    expect(textsOf('~~~\n```\n# a\n~~~~\n# b\n')).toEqual(['~~~\n```\n# a\n~~~~', '# b'])
    expect(textsOf('```\n# a\n\n# b\n')).toEqual(['```\n# a\n\n# b'])
  })

  test('line ends of both kinds are kept within chunks and left out around them', () => {
    expect(textsOf('# A\r\n\r\none\r\ntwo\r\n\r\n\r\n# B\r\nthree')).toEqual(['# A\r\n\r\none\r\ntwo', '# B\r\nthree'])
  })

  test('a byte order mark hides no heading', () => {
    expect(splitText('\ufeff# A\nwords', { markdown: true, maxCharacters: 200 })).toEqual([
      { text: '# A\nwords', headings: ['A'] },
    ])
  })

  test('a document of nothing but white space has no chunk', () => {
    for (const text of ['', '\n', ' \t\r\n\u3000\n']) expect(textsOf(text)).toEqual([])
  })

  test('any text: pieces in order, none too long, nothing lost but white space, none that breaks a code point', () => {
    const line = fc.oneof(
      fc.constantFrom('', '# h', '### h h', '```', '~~~~', ' ', '\r', '\ufeff', '```x', '#'),
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.nat(700).map((size) => 'ab '.repeat(size / 3)),
      fc.nat(300).map((size) => '𝒳'.repeat(size)),
    )
    const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'))
    fc.assert(
      fc.property(text, fc.boolean(), fc.integer({ min: 200, max: 500 }), (source, markdown, maxCharacters) => {
        const pieces = textsOf(source, { markdown, maxCharacters })
        let at = 0
        let lost = ''
        for (const piece of pieces) {
          const start = source.indexOf(piece, at)
          if (start < 0 || piece.length > maxCharacters || /\p{Surrogate}/u.test(piece) || piece.trim() === '')
            return false
          lost += source.slice(at, start)
          at = start + piece.length
        }
        return (lost + source.slice(at)).trim() === ''
      }),
      { numRuns: 500 },
    )
  })

  test('hostile texts take time in proportion to their size', () => {
    const took = (text: string): number =>
      processorMs(() => {
        textsOf(text, { maxCharacters: 1200 })
      })
    for (const unit of ['#', '# ', '`', ' ', 'a', '\n', '# a\n', '```\n', '\r', 'a \n\n'])
      expect(took(unit.repeat((1 << 20) / unit.length))).toBeLessThan(5000)
  })
})
