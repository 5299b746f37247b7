/** Text to tokens and back, by byte-pair merges. Any text comes back exactly; text never becomes a special token. @module */
import type { Vocabulary } from './vocabulary.ts'

// ASCII classes only, so that no Unicode version can change the cut. Matches every character: nothing is left out.
const PIECES = / ?[A-Za-z]+|[0-9]| ?[^A-Za-z0-9 \t\r\n]+|[ \t\r\n]+/g

/** Tokens of a text. A lone surrogate counts as U+FFFD, as in every UTF-8 encoder. */
export function encode(vocabulary: Vocabulary, text: string): Int32Array {
  const tokens: number[] = []
  for (const [piece] of text.matchAll(PIECES)) {
    for (const token of mergePiece(vocabulary, new TextEncoder().encode(piece))) tokens.push(token)
  }
  return Int32Array.from(tokens)
}

/**
 * Joins the pair of the lowest rank wherever it stands, from left to right, until no pair is left.
 * Each round uses up one rank, so the work is at most (number of merges) * length, also for hostile text.
 */
function mergePiece({ byteTokens, merges, size }: Vocabulary, bytes: Uint8Array): readonly number[] {
  let tokens: readonly number[] = Array.from(bytes, (byte) => byteTokens[byte] ?? 0)
  for (;;) {
    let bestKey = -1
    let bestRank = Number.POSITIVE_INFINITY
    let bestResult = 0
    for (let i = 0; i + 1 < tokens.length; i++) {
      const key = (tokens[i] ?? 0) * size + (tokens[i + 1] ?? 0)
      const merge = merges.get(key)
      if (merge !== undefined && merge.rank < bestRank) {
        bestKey = key
        bestRank = merge.rank
        bestResult = merge.result
      }
    }
    if (bestKey < 0) return tokens
    tokens = joinPairs(tokens, { key: bestKey, size, result: bestResult })
  }
}

function joinPairs(
  tokens: readonly number[],
  { key, size, result }: { readonly key: number; readonly size: number; readonly result: number },
): readonly number[] {
  const joined: number[] = []
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? 0
    const next = tokens[i + 1]
    const isPair = next !== undefined && token * size + next === key
    joined.push(isPair ? result : token)
    if (isPair) i += 1
  }
  return joined
}

/** The bytes of one token; none for a number that is no token. */
export function tokenBytes({ bytes }: Vocabulary, token: number): Uint8Array {
  return bytes[token] ?? new Uint8Array(0)
}

/** The bytes of tokens, joined. They need not be whole UTF-8 characters. */
export function decode(vocabulary: Vocabulary, tokens: ArrayLike<number>): Uint8Array {
  const out: number[] = []
  for (const token of Array.from(tokens)) for (const byte of tokenBytes(vocabulary, token)) out.push(byte)
  return Uint8Array.from(out)
}
