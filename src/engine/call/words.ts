/**
 * Passages of a text that may be the value of an argument. A model this small says nothing sensible where it is made to write an argument
 * freely; what the user wrote does. @module
 */

/** Where a word stands in its text. */
export interface Word {
  readonly start: number
  readonly end: number
}

/** Words from `first` to `last`, both included. */
export interface Passage {
  readonly first: number
  readonly last: number
  readonly text: string
}

/** Of a longer text the last words count: what is asked for mostly stands at the end. */
const MAX_WORDS = 48
const MAX_PASSAGE_WORDS = 16
// A text without spaces is cut, so that no passage is beyond all bounds. By code points: no character is cut.
const WORDS = /\S{1,32}/gu
const SPACES = /\s+/gu
const OPENING = /^["'([{<«„“‘]+/u
const CLOSING = /["')\]}>»”’.,;:!?…]+$/u

/** The words without the punctuation around them; what is punctuation alone counts as it stands. */
export function wordsOf(text: string): readonly Word[] {
  return [...text.matchAll(WORDS)].slice(-MAX_WORDS).map(({ 0: word, index }) => {
    const opened = word.replace(OPENING, '')
    const bare = opened.replace(CLOSING, '')
    if (bare === '') return { start: index, end: index + word.length }
    const start = index + word.length - opened.length
    return { start, end: start + bare.length }
  })
}

/** All passages, by where they begin and then by length. A line end in one is a space. */
export function passagesOf(text: string, words: readonly Word[]): readonly Passage[] {
  return words.flatMap(({ start }, first) =>
    words.slice(first, first + MAX_PASSAGE_WORDS).map(({ end }, more) => ({
      first,
      last: first + more,
      text: text.slice(start, end).replace(SPACES, ' '),
    })),
  )
}
