/** Hashes side by side, as tiles hold them, reduced to the hash of the subtree that they span. @module */
import { HASH_SIZE, hashChildren } from './merkle.ts'
import { wholeTree } from './paths.ts'

/** The hash over 2^n neighbouring hashes. */
export function completeRoot(hashes: Uint8Array): Uint8Array {
  // Not slice(): of a Node Buffer it would share the memory, and the hashes would be overwritten.
  const row = new Uint8Array(hashes)
  for (let width = row.length / HASH_SIZE / 2; width >= 1; width /= 2)
    for (let i = 0; i < width; i++) row.set(hashChildren(hashAt(row, 2 * i), hashAt(row, 2 * i + 1)), i * HASH_SIZE)
  return row.slice(0, HASH_SIZE)
}

/** The complete subtrees of which a tile of any width is made, from the left, each as its level above the tile's and its hash. */
export function subtreesOf(hashes: Uint8Array): readonly { readonly level: number; readonly hash: Uint8Array }[] {
  return wholeTree(hashes.length / HASH_SIZE).map(({ level, index }) => {
    const size = 2 ** level * HASH_SIZE
    return { level, hash: completeRoot(hashes.subarray(index * size, (index + 1) * size)) }
  })
}

/** A view of one of them. */
export function hashAt(hashes: Uint8Array, index: number): Uint8Array {
  return hashes.subarray(index * HASH_SIZE, (index + 1) * HASH_SIZE)
}
