/**
 * Makes the fixtures below attestation-fixtures/log: a few good vectors, and for each rule vectors that differ from one of them in exactly
 * one thing. `npx vitest run test/core/log -u` writes them. @module
 */
import { encodeBase64 } from '../../../src/core/encoding/base64.ts'
import { concatBytes, encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  createEntry,
  encodeCheckpoint,
  encodeTlogProof,
  encodeVkey,
  hashChildren,
  hashLeaf,
  logOrigin,
  MerkleTree,
  noteKey,
  signNote,
} from '../../../src/core/log/index.ts'
import { followVectors } from './follow-vectors.ts'
import { logKey } from './log-key.ts'
import {
  type ConsistencyVector,
  type Expected,
  fails,
  GOOD,
  type InclusionVector,
  type LogVector,
} from './log-vector.ts'
import { witnessVectors } from './witness-vectors.ts'

const HOST = 'gw.example.com'
const KEY = logKey(1)
const OTHER_KEY = logKey(2)
const ORIGIN = logOrigin(HOST, KEY.publicKey)
const VKEY = encodeVkey(noteKey(ORIGIN, KEY.publicKey))
const SIZE = 13

const ENTRIES = Array.from({ length: SIZE }, (_, i) =>
  createEntry(i === 0 ? 'genesis' : 'receipt', encodeUtf8(`preimage ${i}`)),
)
const TREE = new MerkleTree()
for (const entry of ENTRIES) TREE.append(hashLeaf(entry))

interface Recipe {
  readonly index: number
  readonly claimedIndex?: number
  readonly hashes?: (proof: readonly Uint8Array[]) => readonly Uint8Array[]
  /** The checkpoint body that is signed. */
  readonly body?: string
  /** Edits the signed checkpoint. */
  readonly note?: (note: string) => string
  /** Edits the whole proof text. */
  readonly text?: (proof: string) => string
  readonly entry?: Uint8Array
  readonly origin?: string
  readonly vkey?: string
  readonly signer?: typeof KEY
  readonly signerName?: string
}

const BODY = encodeCheckpoint({ origin: ORIGIN, size: SIZE, root: TREE.root() })

function inclusion(row: string, title: string, expected: Expected, recipe: Recipe, base?: string): InclusionVector {
  const { index, hashes = (proof) => proof, note = (text) => text, text = (proof) => proof, body = BODY } = recipe
  const { signer = KEY, signerName = ORIGIN, origin = ORIGIN, vkey = VKEY } = recipe
  const proof = encodeTlogProof({
    index: recipe.claimedIndex ?? index,
    hashes: hashes(TREE.inclusionProof(index, SIZE)),
    checkpoint: note(signNote(body, signerName, signer)),
  })
  const entry = encodeHex(recipe.entry ?? at(ENTRIES, index))
  const named = { kind: 'inclusion', row, title, ...(base === undefined ? {} : { base }), expected } as const
  return { ...named, proof: text(proof), entry, vkey, origin }
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index]
  if (item === undefined) throw new Error(`nothing at ${index}`)
  return item
}

function flipFirstBit(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  copy[0] = (copy[0] ?? 0) ^ 1
  return copy
}

/** Replaces exactly one occurrence. */
function swap(text: string, old: string, fresh: string): string {
  if (text.split(old).length !== 2) throw new Error(`not exactly one ${JSON.stringify(old)}`)
  return text.replace(old, () => fresh)
}

const NOT_INCLUDED = fails('inclusion', 'LOG_INCLUSION')
const BAD_SIGNATURE = fails('checkpoint-signature', 'CHECKPOINT_SIGNATURE')
const BAD_ORIGIN = fails('log-origin', 'LOG_ORIGIN')
const BAD_CHECKPOINT = fails('checkpoint-format', 'CHECKPOINT_FORMAT')
const BAD_PROOF = fails('proof-format', 'PROOF_FORMAT')
const INCONSISTENT = fails('consistency', 'LOG_CONSISTENCY')

function inclusionVectors(): Record<string, LogVector> {
  const vary = (title: string, recipe: Partial<Recipe>): InclusionVector =>
    inclusion('L1', title, NOT_INCLUDED, { index: 5, ...recipe }, 'inclusion')
  const last = (title: string, size: number): InclusionVector => {
    const body = encodeCheckpoint({ origin: ORIGIN, size, root: TREE.root() })
    return inclusion('L1', title, NOT_INCLUDED, { index: 12, body }, 'inclusion-last')
  }
  const flips = Array.from({ length: 4 }, (_, place) => [
    `inclusion-hash-${place}-fail`,
    vary(`rejects an inclusion proof with a flipped bit in hash ${place}`, {
      hashes: (proof) => proof.map((hash, i) => (i === place ? flipFirstBit(hash) : hash)),
    }),
  ])
  return {
    inclusion: inclusion('L1', 'accepts the inclusion of leaf 5 of 13', GOOD, { index: 5 }),
    'inclusion-last': inclusion('L1', 'accepts the inclusion of the last leaf of 13', GOOD, { index: 12 }),
    'inclusion-extra-line': inclusion('L1', 'accepts a proof with an extra line, and does not trust it', GOOD, {
      index: 5,
      text: (proof) => swap(proof, 'index 5\n', 'extra b3BhcXVl\nindex 5\n'),
    }),
    ...Object.fromEntries(flips),
    'inclusion-index-before-fail': vary('rejects an inclusion proof for the index before', { claimedIndex: 4 }),
    'inclusion-index-after-fail': vary('rejects an inclusion proof for the index after', { claimedIndex: 6 }),
    'inclusion-index-outside-fail': vary('rejects an index outside the tree', { claimedIndex: 13 }),
    'inclusion-size-smaller-fail': last('rejects an inclusion proof for a tree of one leaf less', 12),
    'inclusion-size-larger-fail': last('rejects an inclusion proof for a tree of one leaf more', 14),
    'inclusion-missing-hash-fail': vary('rejects an inclusion proof without its last hash', {
      hashes: (proof) => proof.slice(0, -1),
    }),
    'inclusion-extra-hash-fail': vary('rejects an inclusion proof with one hash too many', {
      hashes: (proof) => [...proof, at(proof, 0)],
    }),
    'inclusion-no-hashes-fail': vary('rejects an inclusion proof without hashes', { hashes: () => [] }),
    'inclusion-other-entry-fail': vary('rejects the entry of another leaf', { entry: at(ENTRIES, 6) }),
    'inclusion-other-type-fail': vary('rejects the same digest as a leaf of another type', {
      entry: createEntry('recovered', encodeUtf8('preimage 5')),
    }),
    'inclusion-root-fail': vary('rejects an inclusion proof under a checkpoint of another root', {
      body: encodeCheckpoint({ origin: ORIGIN, size: SIZE, root: flipFirstBit(TREE.root()) }),
    }),
  }
}

function consistencyVectors(): Record<string, LogVector> {
  const OLDER = 6
  const body = (size: number, root = TREE.root(size), origin = ORIGIN): string =>
    encodeCheckpoint({ origin, size, root })
  const good = { older: body(OLDER), newer: body(SIZE), proof: TREE.consistencyProof(OLDER, SIZE).map(encodeBase64) }
  const same = { older: body(OLDER), newer: body(OLDER), proof: [] }
  const accept = (title: string, inputs: typeof good): ConsistencyVector => ({
    kind: 'consistency',
    row: 'L2',
    title,
    expected: GOOD,
    ...inputs,
  })
  const vary = (title: string, change: Partial<typeof good>, base = 'consistency'): ConsistencyVector => {
    const inputs = base === 'consistency' ? good : same
    return { kind: 'consistency', row: 'L2', title, base, expected: INCONSISTENT, ...inputs, ...change }
  }
  const hashes = TREE.consistencyProof(OLDER, SIZE)
  const flips = hashes.map((_, place) => [
    `consistency-hash-${place}-fail`,
    vary(`rejects a consistency proof with a flipped bit in hash ${place}`, {
      proof: hashes.map((hash, i) => encodeBase64(i === place ? flipFirstBit(hash) : hash)),
    }),
  ])
  const foreign = body(SIZE, TREE.root(), logOrigin('test.example.com', KEY.publicKey))
  return {
    consistency: accept('accepts that 13 leaves continue 6', good),
    'consistency-power-of-two': accept('accepts that 13 leaves continue 8', {
      older: body(8),
      newer: body(SIZE),
      proof: TREE.consistencyProof(8, SIZE).map(encodeBase64),
    }),
    'consistency-same': accept('accepts that a checkpoint continues itself', same),
    'consistency-empty': accept('accepts that any tree continues the empty one', {
      ...good,
      older: body(0),
      proof: [],
    }),
    ...Object.fromEntries(flips),
    'consistency-missing-hash-fail': vary('rejects a consistency proof without its first hash', {
      proof: good.proof.slice(1),
    }),
    'consistency-extra-hash-fail': vary('rejects a consistency proof with one hash too many', {
      proof: [...good.proof, at(good.proof, 0)],
    }),
    'consistency-no-hashes-fail': vary('rejects a consistency proof without hashes', { proof: [] }),
    'consistency-older-root-fail': vary('rejects a rewritten older root', {
      older: body(OLDER, flipFirstBit(TREE.root(OLDER))),
    }),
    'consistency-newer-root-fail': vary('rejects a rewritten newer root', {
      newer: body(SIZE, flipFirstBit(TREE.root())),
    }),
    'consistency-shrunk-fail': vary('rejects a newer tree that is smaller', { newer: body(5) }),
    'consistency-same-size-fail': vary(
      'rejects another root of the same size',
      { newer: body(OLDER, flipFirstBit(TREE.root(OLDER))) },
      'consistency-same',
    ),
    'consistency-same-with-proof-fail': vary(
      'rejects hashes where nothing is to prove',
      { proof: good.proof },
      'consistency-same',
    ),
    'consistency-other-log-fail': {
      ...vary('rejects a newer checkpoint of another log', { newer: foreign }),
      row: 'L4',
      expected: BAD_ORIGIN,
    },
  }
}

function signatureVectors(): Record<string, LogVector> {
  const vary = (title: string, recipe: Partial<Recipe>): InclusionVector =>
    inclusion('L3', title, BAD_SIGNATURE, { index: 5, ...recipe }, 'inclusion')
  const editSignature = (edit: (base64: string) => string): Partial<Recipe> => ({
    note: (note) => {
      const start = note.lastIndexOf(' ') + 1
      return `${note.slice(0, start)}${edit(note.slice(start, -1))}\n`
    },
  })
  const editBytes = (place: number): Partial<Recipe> =>
    editSignature((base64) => {
      const bytes = Buffer.from(base64, 'base64')
      bytes[place] = (bytes[place] ?? 0) ^ 1
      return encodeBase64(bytes)
    })
  return {
    'signature-cosigned': inclusion('L3', 'accepts a checkpoint that others have signed too', GOOD, {
      index: 5,
      note: (note) => `${note}${at(signNote(BODY, 'witness.example', OTHER_KEY).split('\n\n'), 1)}`,
    }),
    'signature-other-key-fail': vary('rejects a checkpoint that another key signed under the same name', {
      signer: OTHER_KEY,
    }),
    'signature-other-name-fail': vary('rejects a checkpoint that only a witness signed', {
      signer: OTHER_KEY,
      signerName: 'witness.example',
    }),
    'signature-key-hint-fail': vary('rejects a signature with the wrong key hint', editBytes(0)),
    'signature-bit-fail': vary('rejects a signature with a flipped bit', editBytes(40)),
    'signature-garbage-fail': vary(
      'rejects a signature that is not base64',
      editSignature((text) => `!!${text.slice(2)}`),
    ),
    'signature-unpadded-fail': vary(
      'rejects a signature without its base64 padding',
      editSignature((text) => text.replace(/=+$/, '')),
    ),
    'signature-truncated-fail': vary(
      'rejects a signature of 63 octets',
      editSignature((text) => encodeBase64(Buffer.from(text, 'base64').subarray(0, -1))),
    ),
    'signature-body-fail': vary('rejects a checkpoint whose size was changed after signing', {
      note: (note) => swap(note, '\n13\n', '\n14\n'),
    }),
    'signature-line-fail': vary('rejects a signature line with a hyphen for its dash', {
      note: (note) => swap(note, '\n\u2014 ', '\n- '),
    }),
  }
}

function originVectors(): Record<string, LogVector> {
  const vary = (title: string, recipe: Partial<Recipe>): InclusionVector =>
    inclusion('L4', title, BAD_ORIGIN, { index: 5, ...recipe }, 'inclusion')
  const testOrigin = logOrigin('test.example.com', KEY.publicKey)
  const otherOrigin = logOrigin(HOST, OTHER_KEY.publicKey)
  return {
    'origin-other-host-fail': vary('rejects a log of this key at another host than the pinned one', {
      origin: testOrigin,
    }),
    'origin-other-gateway-fail': vary('rejects the log of another key than the pinned one', { origin: otherOrigin }),
    'origin-in-body-fail': vary('rejects a checkpoint for another log that the key of this one signed', {
      body: encodeCheckpoint({ origin: testOrigin, size: SIZE, root: TREE.root() }),
    }),
    'origin-not-certified-fail': vary('rejects a key that the origin does not certify', {
      signer: OTHER_KEY,
      vkey: encodeVkey(noteKey(ORIGIN, OTHER_KEY.publicKey)),
    }),
  }
}

function checkpointVectors(): Record<string, LogVector> {
  const root = encodeBase64(TREE.root())
  const vary = (title: string, body: string): InclusionVector =>
    inclusion('L5', title, BAD_CHECKPOINT, { index: 5, body }, 'inclusion')
  const edit = (title: string, note: (note: string) => string): InclusionVector =>
    inclusion('L5', title, BAD_CHECKPOINT, { index: 5, note }, 'inclusion')
  return {
    'checkpoint-no-size-fail': vary('rejects a checkpoint without its size', `${ORIGIN}\n${root}\n`),
    'checkpoint-no-root-fail': vary('rejects a checkpoint without its root', `${ORIGIN}\n13\n`),
    'checkpoint-negative-size-fail': vary('rejects a negative size', `${ORIGIN}\n-13\n${root}\n`),
    'checkpoint-leading-zero-fail': vary('rejects a size with a leading zero', `${ORIGIN}\n013\n${root}\n`),
    'checkpoint-plus-size-fail': vary('rejects a size with a sign', `${ORIGIN}\n+13\n${root}\n`),
    'checkpoint-huge-size-fail': vary('rejects a size of 2^53', `${ORIGIN}\n9007199254740992\n${root}\n`),
    'checkpoint-origin-not-first-fail': vary('rejects an origin that is not first', `13\n${ORIGIN}\n${root}\n`),
    'checkpoint-empty-origin-fail': vary('rejects an empty origin', `\n13\n${root}\n`),
    'checkpoint-space-origin-fail': vary('rejects an origin with a space', `${ORIGIN} \n13\n${root}\n`),
    'checkpoint-crlf-fail': vary('rejects line ends CR LF', `${ORIGIN}\r\n13\r\n${root}\r\n`),
    'checkpoint-extension-fail': vary('rejects an extension line', `${ORIGIN}\n13\n${root}\nextension\n`),
    'checkpoint-short-root-fail': vary(
      'rejects a root of 31 octets',
      `${ORIGIN}\n13\n${encodeBase64(TREE.root().subarray(1))}\n`,
    ),
    'checkpoint-loose-root-fail': vary(
      'rejects a root with loose trailing bits',
      `${ORIGIN}\n13\n${root.slice(0, -2)}${root.at(-2) === 'F' ? 'G' : 'F'}=\n`,
    ),
    'checkpoint-body-not-ended-fail': edit('rejects a body without its final newline', (note) =>
      note.replace('\n\n\u2014', '\n\u2014'),
    ),
    'checkpoint-note-not-ended-fail': edit('rejects a note without its final newline', (note) => note.slice(0, -1)),
    'checkpoint-unsigned-fail': edit('rejects a body without signatures', (note) =>
      note.slice(0, note.indexOf('\n\n') + 2),
    ),
  }
}

function confusionVectors(): Record<string, LogVector> {
  // An inner node over leaves 4 and 5, passed off as an entry: its octets are what the hash of the node is made of.
  const node = concatBytes(Uint8Array.of(1), hashLeaf(at(ENTRIES, 4)), hashLeaf(at(ENTRIES, 5)))
  const above = TREE.inclusionProof(5, 8).slice(1)
  const root = TREE.root(8)
  const subtree = { index: 2, size: 4, proof: above.map(encodeBase64), root: encodeBase64(root) }
  const pair = new MerkleTree()
  for (const leaf of [0, 2, 4, 6])
    pair.append(hashChildren(hashLeaf(at(ENTRIES, leaf)), hashLeaf(at(ENTRIES, leaf + 1))))
  const leaves = new MerkleTree()
  for (const entry of ENTRIES.slice(0, 4)) leaves.append(hashLeaf(entry))
  return {
    leaf: {
      kind: 'leaf',
      row: 'L6',
      title: 'accepts leaf 2 of 4',
      expected: GOOD,
      entry: encodeHex(at(ENTRIES, 2)),
      index: 2,
      size: 4,
      proof: leaves.inclusionProof(2).map(encodeBase64),
      root: encodeBase64(leaves.root()),
    },
    'leaf-is-node-fail': {
      kind: 'leaf',
      row: 'L6',
      title: 'rejects an inner node passed off as a leaf of a smaller tree',
      base: 'leaf',
      expected: NOT_INCLUDED,
      entry: encodeHex(node),
      ...subtree,
    },
    'inclusion-node-fail': inclusion(
      'L6',
      'rejects an inner node passed off as an entry',
      NOT_INCLUDED,
      { index: 5, entry: node },
      'inclusion',
    ),
  }
}

function proofVectors(): Record<string, LogVector> {
  const vary = (title: string, text: (proof: string) => string): InclusionVector =>
    inclusion('', title, BAD_PROOF, { index: 5, text }, 'inclusion')
  return {
    'proof-header-fail': vary('rejects a proof of another version', (text) => swap(text, 'proof@v1', 'proof@v2')),
    'proof-no-index-fail': vary('rejects a proof without an index', (text) => swap(text, 'index 5\n', '')),
    'proof-index-zero-fail': vary('rejects an index with a leading zero', (text) => swap(text, 'index 5', 'index 05')),
    'proof-empty-extra-fail': vary('rejects an empty extra line', (text) => swap(text, 'index 5', 'extra \nindex 5')),
    'proof-extra-behind-fail': vary('rejects an extra line behind the index', (text) =>
      swap(text, 'index 5\n', 'index 5\nextra b3BhcXVl\n'),
    ),
    'proof-crlf-fail': vary('rejects line ends CR LF', (text) => swap(text, 'index 5\n', 'index 5\r\n')),
    'proof-hash-fail': vary('rejects a hash without its base64 padding', (text) => text.replace('=\n', '\n')),
    'proof-no-checkpoint-fail': vary('rejects a proof without a checkpoint', (text) =>
      text.slice(0, text.indexOf('\n\n')),
    ),
    'proof-too-many-hashes-fail': vary('rejects a proof of 54 hashes', (text) =>
      swap(text, 'index 5\n', `index 5\n${`${encodeBase64(new Uint8Array(32))}\n`.repeat(50)}`),
    ),
  }
}

/** Every vector by the name of its folder. */
export function makeLogVectors(): Record<string, LogVector> {
  return {
    ...inclusionVectors(),
    ...consistencyVectors(),
    ...signatureVectors(),
    ...originVectors(),
    ...checkpointVectors(),
    ...confusionVectors(),
    ...proofVectors(),
    ...followVectors(),
    ...witnessVectors(),
  }
}
