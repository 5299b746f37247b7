/**
 * The terms of a text or a query: runs of letters and digits, in lower case. No stemming and no list of stop words: both would be of one
 * language, and BM25 weighs a word that is everywhere at next to nothing.
 *
 * Scripts that write without spaces give one term for each letter. Lower case and normal form are Unicode's, never a locale's.
 * @module
 */

/** Longer runs are no words: digests, base64. Both sides are cut alike, so they still meet. */
const MAX_TERM = 64
const UNSPACED = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}`
const TERM = new RegExp(String.raw`[${UNSPACED}]\p{M}*|(?:(?![${UNSPACED}])[\p{L}\p{N}\p{M}])+`, 'gu')

/** In the order of the text, repeated as they are there. */
export function termsOf(text: string): string[] {
  return (text.normalize('NFKC').toLowerCase().match(TERM) ?? []).map((term) => term.slice(0, MAX_TERM))
}
