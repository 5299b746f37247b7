/**
 * RFC 6962 Merkle trees: hashing, and the roots that inclusion and consistency proofs lead to.
 * Sizes go up to 2^53 - 1: halving is by division, because `>>` would cut them to 32 bits. @module
 */
import { CountersignError, MalformedError } from '../../errors.ts'
import { sha256 } from '../crypto/index.ts'
import { sameBytes } from '../encoding/bytes.ts'

/** Octets of a hash. */
export const HASH_SIZE = 32

// RFC 6962 2.1: the prefixes keep a leaf that reads 0x01 || left || right from passing as the node over left and right.
const LEAF_PREFIX = 0x00
const NODE_PREFIX = 0x01

// What is hashed is put together in place: an array for each node would cost as much as its hash. Nothing awaits in between.
const node = Uint8Array.of(NODE_PREFIX, ...new Uint8Array(2 * HASH_SIZE))
let leaf = Uint8Array.of(LEAF_PREFIX)

/** The hash of an entry as a leaf: SHA-256(0x00 || entry). */
export function hashLeaf(entry: Uint8Array): Uint8Array {
  if (leaf.length !== entry.length + 1) leaf = new Uint8Array(entry.length + 1)
  leaf.set(entry, 1)
  return sha256(leaf)
}

/** The hash of a node over two others: SHA-256(0x01 || left || right). */
export function hashChildren(left: Uint8Array, right: Uint8Array): Uint8Array {
  // Hashes of another length would leave octets of an earlier node in place.
  if (left.length !== HASH_SIZE || right.length !== HASH_SIZE)
    throw new CountersignError('ERR_USAGE', 'a node is made of two hashes of 32 octets')
  node.set(left, 1)
  node.set(right, 1 + HASH_SIZE)
  return sha256(node)
}

/**
 * The hash over neighbouring complete subtrees of falling size, left to right: MTH of the range that they span. One hash is its own.
 * @throws CountersignError ERR_USAGE for none
 */
export function hashRange(subtrees: readonly Uint8Array[]): Uint8Array {
  const last = subtrees.at(-1)
  if (last === undefined) throw new CountersignError('ERR_USAGE', 'a range without leaves has no hash')
  return subtrees.slice(0, -1).reduceRight((right, left) => hashChildren(left, right), last)
}

/** The root of the tree without leaves: SHA-256 of nothing. */
export function emptyRoot(): Uint8Array {
  return sha256()
}

/** What an inclusion proof claims. All of it is the attacker's, but for `leafHash`, which the verifier computes. */
export interface InclusionClaim {
  readonly leafHash: Uint8Array
  /** Zero-based place of the leaf. */
  readonly index: number
  /** Leaves of the tree. */
  readonly size: number
  /** From the leaf's sibling up to a child of the root, 32 octets each. */
  readonly proof: readonly Uint8Array[]
}

/**
 * The root to which an inclusion proof leads (RFC 9162 section 2.1.3.2, steps 1 to 4).
 * @throws MalformedError LOG_INCLUSION when the index is outside the tree or the proof has another length than that place asks for
 */
export function inclusionRoot({ leafHash, index, size, proof }: InclusionClaim): Uint8Array {
  if (!isSize(size) || !isSize(index) || index >= size) throw notIncluded(`index ${index} is outside a tree of ${size}`)
  const at = new Path(index, size - 1)
  let root = leafHash
  for (const sibling of proof) {
    if (sibling.length !== HASH_SIZE) throw notIncluded('a proof hash is not 32 octets')
    if (at.last === 0) throw notIncluded('the proof is longer than the path to the root')
    if (at.isRightChild()) {
      root = hashChildren(sibling, root)
      at.skipLevelsWithoutSibling()
    } else {
      root = hashChildren(root, sibling)
    }
    at.climb()
  }
  if (at.last !== 0) throw notIncluded('the proof is shorter than the path to the root')
  return root
}

/**
 * Passes only if the claim leads to `root`.
 * @throws MalformedError LOG_INCLUSION
 */
export function assertInclusion(claim: InclusionClaim, root: Uint8Array): void {
  if (!sameBytes(inclusionRoot(claim), root)) throw notIncluded('the proof does not lead to the root of the checkpoint')
}

/** A tree head: how many leaves, and the root over them. */
export interface TreeHead {
  readonly size: number
  readonly root: Uint8Array
}

/**
 * Passes only if `proof` shows that the first `older.size` leaves of `newer` are the leaves of `older` (RFC 9162 section 2.1.4.2).
 * Every tree continues the empty one; trees of equal size must have equal roots.
 * @throws MalformedError LOG_CONSISTENCY
 */
export function assertConsistency(older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): void {
  if (!isSize(older.size) || !isSize(newer.size) || older.size > newer.size)
    throw inconsistent(`a tree of ${newer.size} cannot continue one of ${older.size}`)
  if (older.size === 0 && !sameBytes(older.root, emptyRoot())) throw inconsistent('a tree without leaves has one root')
  if (older.size === newer.size && !sameBytes(older.root, newer.root)) throw inconsistent('same size, other root')
  if (older.size === 0 || older.size === newer.size) {
    if (proof.length !== 0) throw inconsistent('nothing is to prove, yet the proof has hashes')
    return
  }
  const [olderRoot, newerRoot] = consistencyRoots(older, newer.size, proof)
  if (!sameBytes(olderRoot, older.root)) throw inconsistent('the proof does not lead to the older root')
  if (!sameBytes(newerRoot, newer.root)) throw inconsistent('the proof does not lead to the newer root')
}

/** Both roots to which the proof leads, for 0 < older.size < size. */
function consistencyRoots(
  older: TreeHead,
  size: number,
  proof: readonly Uint8Array[],
): readonly [Uint8Array, Uint8Array] {
  if (proof.some((hash) => hash.length !== HASH_SIZE)) throw inconsistent('a proof hash is not 32 octets')
  // A complete older tree is a node of the newer one: its root is the start of the path and is left out of the proof.
  const [start, ...path] = isPowerOfTwo(older.size) ? [older.root, ...proof] : proof
  if (start === undefined || proof.length === 0) throw inconsistent('the proof is empty')
  const at = new Path(older.size - 1, size - 1)
  at.skipRightChildren()
  let olderRoot = start
  let newerRoot = start
  for (const hash of path) {
    if (at.last === 0) throw inconsistent('the proof is longer than the path to the root')
    if (at.isRightChild()) {
      olderRoot = hashChildren(hash, olderRoot)
      newerRoot = hashChildren(hash, newerRoot)
      at.skipLevelsWithoutSibling()
    } else {
      newerRoot = hashChildren(newerRoot, hash)
    }
    at.climb()
  }
  if (at.last !== 0) throw inconsistent('the proof is shorter than the path to the root')
  return [olderRoot, newerRoot]
}

/** The way from a node to the root: its index and that of the last node, level by level. */
class Path {
  #node: number
  #last: number

  constructor(node: number, last: number) {
    this.#node = node
    this.#last = last
  }

  get last(): number {
    return this.#last
  }

  /** Whether the sibling stands on the left: for odd nodes, and for the last node, whose sibling is further up. */
  isRightChild(): boolean {
    return isOdd(this.#node) || this.#node === this.#last
  }

  climb(): void {
    this.#node = half(this.#node)
    this.#last = half(this.#last)
  }

  /** The last node of an incomplete level moves up until it has a left sibling. */
  skipLevelsWithoutSibling(): void {
    while (!isOdd(this.#node) && this.#node !== 0) this.climb()
  }

  skipRightChildren(): void {
    while (isOdd(this.#node)) this.climb()
  }
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isOdd(value: number): boolean {
  return value % 2 === 1
}

function half(value: number): number {
  return Math.floor(value / 2)
}

function isPowerOfTwo(value: number): boolean {
  return value === 1 || (value > 1 && !isOdd(value) && isPowerOfTwo(value / 2))
}

function notIncluded(message: string): MalformedError {
  return new MalformedError('LOG_INCLUSION', message)
}

function inconsistent(message: string): MalformedError {
  return new MalformedError('LOG_CONSISTENCY', message)
}
