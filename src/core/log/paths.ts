/** Which nodes of an RFC 6962 tree a root or a proof is made of. Places only, no hashes: a tree in memory and tiles share it. @module */
import { CountersignError } from '../../errors.ts'

/** The complete subtree of 2^level leaves, `index`-th of its level from the left. */
export interface TreeNode {
  readonly level: number
  readonly index: number
}

/** MTH(D[start:end]) as complete subtrees, left to right: hashed from the right, two by two, they give it. */
export type Range = readonly TreeNode[]

/** The range of a whole tree; empty for none. */
export function wholeTree(size: number): Range {
  return rangeOf(0, size)
}

/** RFC 6962 2.1.1: PATH(index, D[size]), from the sibling of the leaf upwards. */
export function inclusionPath(index: number, size: number): readonly Range[] {
  if (!isIndex(size, Number.MAX_SAFE_INTEGER + 1) || !isIndex(index, size))
    throw new CountersignError('ERR_USAGE', `no leaf ${index} in a tree of ${size}`)
  const path: Range[] = []
  let start = 0
  let end = size
  while (end - start > 1) {
    const middle = start + splitPoint(end - start)
    if (index < middle) {
      path.push(rangeOf(middle, end))
      end = middle
    } else {
      path.push(rangeOf(start, middle))
      start = middle
    }
  }
  return path.reverse()
}

/** RFC 6962 2.1.2: PROOF(older, D[newer]); empty where nothing is to prove. */
export function consistencyPath(older: number, newer: number): readonly Range[] {
  if (!isIndex(newer, Number.MAX_SAFE_INTEGER + 1) || !isIndex(older, newer + 1))
    throw new CountersignError('ERR_USAGE', `a tree of ${newer} does not continue one of ${older}`)
  if (older === 0 || older === newer) return []
  const path: Range[] = []
  let start = 0
  let end = newer
  while (older !== end) {
    const middle = start + splitPoint(end - start)
    if (older <= middle) {
      path.push(rangeOf(middle, end))
      end = middle
    } else {
      path.push(rangeOf(start, middle))
      start = middle
    }
  }
  // Where the older tree is itself a complete subtree from leaf 0, the verifier has its root already.
  if (start > 0) path.push(rangeOf(start, end))
  return path.reverse()
}

/** `start` is a multiple of the smallest power of two that holds the range, as in every RFC 6962 split. */
function rangeOf(start: number, end: number): Range {
  const nodes: TreeNode[] = []
  for (let at = start; at < end; ) {
    let level = 0
    let span = 1
    while (span * 2 <= end - at) {
      span *= 2
      level++
    }
    nodes.push({ level, index: at / span })
    at += span
  }
  return nodes
}

/** RFC 6962: the largest power of two smaller than `count`, for count > 1. */
function splitPoint(count: number): number {
  let k = 1
  while (k * 2 < count) k *= 2
  return k
}

function isIndex(value: number, end: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < end
}
