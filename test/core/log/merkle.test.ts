/** RFC 6962 known answers and the laws of Merkle proofs. @module */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeHex, encodeHex } from '../../../src/core/encoding/bytes.ts'
import {
  assertConsistency,
  assertInclusion,
  emptyRoot,
  hashChildren,
  hashLeaf,
  inclusionRoot,
  MerkleTree,
} from '../../../src/core/log/index.ts'
import { MalformedError } from '../../../src/errors.ts'

// The test tree of certificate-transparency's merkletree tests, used by every RFC 6962 implementation since.
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
] as const
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
] as const
// PATH(m, D[n]) as the Certificate Transparency test data has it, index counted from 0.
const PATHS = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
] as const
const CONSISTENCY = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
] as const

function treeOf(entries: readonly Uint8Array[]): MerkleTree {
  const tree = new MerkleTree()
  for (const entry of entries) tree.append(hashLeaf(entry))
  return tree
}

function numberedEntries(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, i) => Uint8Array.of(i & 0xff, i >> 8))
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index]
  if (item === undefined) throw new Error(`nothing at ${index}`)
  return item
}

/** RFC 6962 section 2.1, word for word: the oracle. */
function recursiveRoot(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) return emptyRoot()
  if (entries.length === 1) return hashLeaf(at(entries, 0))
  let k = 1
  while (k * 2 < entries.length) k *= 2
  return hashChildren(recursiveRoot(entries.slice(0, k)), recursiveRoot(entries.slice(k)))
}

function flip(hash: Uint8Array, bit: number): Uint8Array {
  const copy = hash.slice()
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}

function refusal(run: () => void): string {
  try {
    run()
  } catch (error) {
    if (error instanceof MalformedError) return error.failure
    throw error
  }
  return 'accepted'
}

describe('RFC 6962 known answers', () => {
  const tree = treeOf(LEAVES.map(decodeHex))

  test.each(ROOTS.map((root, size) => ({ root, size })))('the root of the first $size leaves', ({ root, size }) => {
    expect(encodeHex(tree.root(size))).toBe(root)
    expect(encodeHex(recursiveRoot(LEAVES.slice(0, size).map(decodeHex)))).toBe(root)
  })

  test.each(PATHS.map(([index, size, path]) => ({ index, size, path })))(
    'the path of leaf $index of $size',
    ({ index, size, path }) => {
      expect(tree.inclusionProof(index, size).map(encodeHex)).toEqual(path)
    },
  )

  test.each(CONSISTENCY.map(([older, newer, proof]) => ({ older, newer, proof })))(
    'the consistency of $older and $newer',
    ({ older, newer, proof }) => {
      expect(tree.consistencyProof(older, newer).map(encodeHex)).toEqual(proof)
    },
  )
})

describe('laws', () => {
  const LIMIT = 40
  const entries = numberedEntries(LIMIT)
  const tree = treeOf(entries)

  test('every root is the one of the recursive definition', () => {
    for (let size = 0; size <= LIMIT; size++) expect(tree.root(size)).toEqual(recursiveRoot(entries.slice(0, size)))
  })

  test('every leaf of every size is included, and nowhere else', () => {
    for (let size = 1; size <= LIMIT; size++) {
      for (let index = 0; index < size; index++) {
        const proof = tree.inclusionProof(index, size)
        const leafHash = hashLeaf(at(entries, index))
        expect(inclusionRoot({ leafHash, index, size, proof })).toEqual(tree.root(size))
        for (const other of [index - 1, index + 1])
          expect(refusal(() => assertInclusion({ leafHash, index: other, size, proof }, tree.root(size)))).toBe(
            'LOG_INCLUSION',
          )
      }
    }
  })

  test('every pair of sizes up to 40 is consistent, and no other root passes', () => {
    for (let newer = 0; newer <= LIMIT; newer++) {
      for (let older = 0; older <= newer; older++) {
        const proof = tree.consistencyProof(older, newer)
        const a = { size: older, root: tree.root(older) }
        const b = { size: newer, root: tree.root(newer) }
        expect(refusal(() => assertConsistency(a, b, proof))).toBe('accepted')
        expect(refusal(() => assertConsistency({ ...a, root: flip(a.root, 7) }, b, proof))).toBe('LOG_CONSISTENCY')
        if (older > 0)
          expect(refusal(() => assertConsistency(a, { ...b, root: flip(b.root, 7) }, proof))).toBe('LOG_CONSISTENCY')
        expect(refusal(() => assertConsistency(a, b, [...proof, a.root]))).toBe('LOG_CONSISTENCY')
        if (proof.length > 0) expect(refusal(() => assertConsistency(a, b, proof.slice(1)))).toBe('LOG_CONSISTENCY')
      }
    }
  })

  test('a larger tree is not continued by a smaller one', () => {
    const older = { size: 9, root: tree.root(9) }
    expect(refusal(() => assertConsistency(older, { size: 8, root: tree.root(8) }, []))).toBe('LOG_CONSISTENCY')
  })

  test('a proof fails with a flipped bit, a missing, an extra or a moved hash, or another size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 600 }),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        (count, leaf, which, bit) => {
          const all = numberedEntries(count)
          const grown = treeOf(all)
          const index = leaf % count
          const leafHash = hashLeaf(at(all, index))
          const root = grown.root()
          const proof = grown.inclusionProof(index)
          const place = which % proof.length
          const judge = (hashes: readonly Uint8Array[], size = count): string =>
            refusal(() => assertInclusion({ leafHash, index, size, proof: hashes }, root))
          expect(judge(proof)).toBe('accepted')
          expect(judge(proof.map((hash, i) => (i === place ? flip(hash, bit) : hash)))).toBe('LOG_INCLUSION')
          expect(judge(proof.filter((_, i) => i !== place))).toBe('LOG_INCLUSION')
          expect(judge([...proof.slice(0, place), root, ...proof.slice(place)])).toBe('LOG_INCLUSION')
          expect(judge([...proof].reverse())).toBe(proof.length > 1 ? 'LOG_INCLUSION' : 'accepted')
          expect(
            refusal(() => assertInclusion({ leafHash: flip(leafHash, bit), index, size: count, proof }, root)),
          ).toBe('LOG_INCLUSION')
        },
      ),
      { numRuns: 60 },
    )
  })

  test('a consistency proof fails with any flipped, missing, extra or moved hash', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 300 }),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        (newer, pick, which, bit) => {
          const older = 1 + (pick % (newer - 1))
          const grown = treeOf(numberedEntries(newer))
          const proof = grown.consistencyProof(older, newer)
          const place = which % proof.length
          const a = { size: older, root: grown.root(older) }
          const b = { size: newer, root: grown.root(newer) }
          const judge = (hashes: readonly Uint8Array[]): string => refusal(() => assertConsistency(a, b, hashes))
          expect(judge(proof)).toBe('accepted')
          expect(judge(proof.map((hash, i) => (i === place ? flip(hash, bit) : hash)))).toBe('LOG_CONSISTENCY')
          expect(judge(proof.filter((_, i) => i !== place))).toBe('LOG_CONSISTENCY')
          expect(judge([...proof, b.root])).toBe('LOG_CONSISTENCY')
        },
      ),
      { numRuns: 60 },
    )
  })

  test('sizes beyond 2^32 are counted exactly', () => {
    // Leaf 0 of a tree of 2^52 + 1 leaves: 52 siblings, then the lone last leaf.
    const leafHash = hashLeaf(at(entries, 0))
    const siblings = Array.from({ length: 52 }, (_, level) => hashLeaf(Uint8Array.of(level)))
    const last = hashLeaf(at(entries, 1))
    const complete = siblings.reduce((root, sibling) => hashChildren(root, sibling), leafHash)
    const size = 2 ** 52 + 1
    expect(inclusionRoot({ leafHash, index: 0, size, proof: [...siblings, last] })).toEqual(
      hashChildren(complete, last),
    )
    expect(inclusionRoot({ leafHash: last, index: 2 ** 52, size, proof: [complete] })).toEqual(
      hashChildren(complete, last),
    )
    const older = { size: 2 ** 52, root: complete }
    expect(refusal(() => assertConsistency(older, { size, root: hashChildren(complete, last) }, [last]))).toBe(
      'accepted',
    )
    expect(refusal(() => inclusionRoot({ leafHash, index: 0, size: 1, proof: [last] }))).toBe('LOG_INCLUSION')
    expect(refusal(() => inclusionRoot({ leafHash, index: 0, size: 2 ** 53, proof: siblings }))).toBe('LOG_INCLUSION')
  })

  test('hashes that are not 32 octets are refused', () => {
    const leafHash = hashLeaf(at(entries, 0))
    expect(refusal(() => inclusionRoot({ leafHash, index: 0, size: 2, proof: [leafHash.subarray(1)] }))).toBe(
      'LOG_INCLUSION',
    )
    const head = { size: 1, root: leafHash }
    expect(refusal(() => assertConsistency(head, { size: 2, root: leafHash }, [leafHash.subarray(1)]))).toBe(
      'LOG_CONSISTENCY',
    )
  })
})

describe('the tree', () => {
  test('gives out copies: a caller cannot change it', () => {
    const tree = treeOf(numberedEntries(5))
    const root = tree.root()
    for (const hash of [tree.root(4), tree.leafHash(2), ...tree.inclusionProof(0), ...tree.consistencyProof(3)])
      hash.fill(0)
    expect(tree.root()).toEqual(root)
  })

  test.each([
    ['a leaf hash of 31 octets', (tree: MerkleTree) => tree.append(new Uint8Array(31))],
    ['a root of a size not reached', (tree: MerkleTree) => tree.root(6)],
    ['a proof of a leaf outside the size', (tree: MerkleTree) => tree.inclusionProof(3, 3)],
    ['a consistency proof backwards', (tree: MerkleTree) => tree.consistencyProof(4, 3)],
    ['hashes of incomplete subtrees', (tree: MerkleTree) => tree.hashes(1, 0, 3)],
    ['a leaf that is not there', (tree: MerkleTree) => tree.leafHash(5)],
  ])('refuses %s as misuse', (_, use) => {
    expect(() => use(treeOf(numberedEntries(5)))).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })
})
