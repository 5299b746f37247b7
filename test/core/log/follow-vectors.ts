/** Vectors of a log that is followed, and of files that prove its fork. */
import { encodeBase64 } from '../../../src/core/encoding/base64.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import type { FailureCode } from '../../../src/core/failure-codes.ts'
import {
  createEntry,
  encodeCheckpoint,
  encodeForkProof,
  encodeVkey,
  hashLeaf,
  logOrigin,
  MerkleTree,
  type NoteSigner,
  noteKey,
  signNote,
} from '../../../src/core/log/index.ts'
import { logKey } from './log-key.ts'
import {
  type FollowingVector,
  type ForkVector,
  type FreshnessVector,
  fails,
  GOOD,
  type LogVector,
} from './log-vector.ts'

const KEY = logKey(1)
const ORIGIN = logOrigin('gw.example.com', KEY.publicKey)
const VKEY = encodeVkey(noteKey(ORIGIN, KEY.publicKey))

/** A log of 13 entries; the forked one has another entry 5. */
function treeOf(fork: boolean): MerkleTree {
  const tree = new MerkleTree()
  for (let i = 0; i < 13; i++)
    tree.append(hashLeaf(createEntry('receipt', encodeUtf8(fork && i === 5 ? 'rewritten' : `preimage ${i}`))))
  return tree
}
const TREE = treeOf(false)
const FORK = treeOf(true)

function note(size: number, tree = TREE, origin = ORIGIN, signer: NoteSigner = KEY): string {
  return signNote(encodeCheckpoint({ origin, size, root: tree.root(size) }), origin, signer)
}

const FRESH: FreshnessVector = {
  provenTime: 1_790_000_000,
  now: 1_790_000_600,
  maxStalenessSeconds: 600,
  skewSeconds: 60,
}
const FOLLOWING = {
  kind: 'following',
  previous: note(8),
  next: note(13),
  proof: TREE.consistencyProof(8, 13).map(encodeBase64),
  vkey: VKEY,
  origin: ORIGIN,
  freshness: FRESH,
} as const

function accept(row: string, title: string, change: Partial<FollowingVector> = {}): FollowingVector {
  return { row, title, expected: GOOD, ...FOLLOWING, ...change }
}

function refuse(
  row: string,
  title: string,
  { check, code, ...change }: Partial<FollowingVector> & { readonly check: string; readonly code: FailureCode },
): FollowingVector {
  return { row, title, base: 'following', expected: fails(check, code), ...FOLLOWING, ...change }
}

function aged(seconds: number): Partial<FollowingVector> {
  return { freshness: { ...FRESH, provenTime: FRESH.now - seconds } }
}

function otherLog(size: number): string {
  return note(size, TREE, logOrigin('gw.example.com', logKey(2).publicKey), logKey(2))
}

function followingVectors(): Record<string, LogVector> {
  return {
    following: accept('L2', 'accepts that a log went on from 8 leaves to 13'),
    'following-same': accept('L7', 'accepts the same tree again', { next: note(8), proof: [] }),
    'following-first': accept('L7', 'accepts the first checkpoint of a log, and shows that nothing was compared', {
      previous: 'none',
      proof: [],
    }),
    'following-timeless': accept('L9', 'accepts a checkpoint for which the caller knows no time, and shows that', {
      freshness: 'unchecked',
    }),
    'split-view-fail': refuse('L7', 'rejects another root of the same size', {
      check: 'split-view',
      code: 'LOG_SPLIT_VIEW',
      next: note(8, FORK),
      proof: [],
    }),
    'rollback-fail': refuse('L8', 'rejects a tree smaller than the last one', {
      check: 'rollback',
      code: 'LOG_ROLLBACK',
      next: note(7),
      proof: [],
    }),
    'rollback-empty-fail': refuse('L8', 'rejects an empty tree after one with leaves', {
      check: 'rollback',
      code: 'LOG_ROLLBACK',
      next: note(0),
      proof: [],
    }),
    'following-fork-fail': refuse('L2', 'rejects a larger tree that does not contain the last one', {
      check: 'consistency',
      code: 'LOG_CONSISTENCY',
      next: note(13, FORK),
      proof: FORK.consistencyProof(8, 13).map(encodeBase64),
    }),
    'following-no-proof-fail': refuse('L2', 'rejects a larger tree without a proof', {
      check: 'consistency',
      code: 'LOG_CONSISTENCY',
      proof: [],
    }),
    'following-other-log-fail': refuse('L4', 'rejects the next checkpoint of another log', {
      check: 'log-origin',
      code: 'LOG_ORIGIN',
      next: note(13, TREE, logOrigin('test.example.com', KEY.publicKey)),
      vkey: encodeVkey(noteKey(logOrigin('test.example.com', KEY.publicKey), KEY.publicKey)),
    }),
    'following-other-key-fail': refuse('L3', 'rejects a next checkpoint that the log did not sign', {
      check: 'checkpoint-signature',
      code: 'CHECKPOINT_SIGNATURE',
      next: otherLog(13),
    }),
    'following-garbled-fail': refuse('L5', 'rejects a next checkpoint out of form', {
      check: 'checkpoint-format',
      code: 'CHECKPOINT_FORMAT',
      next: note(13).replace('\n13\n', '\n013\n'),
    }),
    'following-kept-other-log-fail': refuse('L3', 'accuses no log on a kept checkpoint that it did not sign', {
      check: 'previous',
      code: 'CHECKPOINT_SIGNATURE',
      previous: otherLog(13),
    }),
    'following-kept-garbled-fail': refuse('L5', 'accuses no log on a kept checkpoint out of form', {
      check: 'previous',
      code: 'CHECKPOINT_FORMAT',
      previous: note(8).slice(0, -1),
    }),
    'stale-fail': refuse('L9', 'rejects a log whose newest proven time is older than the limit', {
      check: 'freshness',
      code: 'LOG_STALE',
      ...aged(601),
    }),
    'future-near': accept('L9', 'accepts a proven time ahead of the own clock by the skew', aged(-60)),
    'future-fail': refuse('L9', 'rejects a proven time ahead of the own clock by more than the skew', {
      check: 'clock',
      code: 'LOG_TIME',
      ...aged(-61),
    }),
  }
}

const GOOD_FORK = { kind: 'fork', row: 'L7', origin: ORIGIN } as const

function forkVectors(): Record<string, LogVector> {
  const forked = { first: note(8), second: note(8, FORK) }
  const accept = (title: string, proof: string): ForkVector => ({ ...GOOD_FORK, title, expected: GOOD, proof })
  const refuse = (title: string, [check, code]: readonly [string, FailureCode], proof: string): ForkVector => ({
    ...GOOD_FORK,
    title,
    base: 'fork-proof',
    expected: fails(check, code),
    proof,
  })
  const good = encodeForkProof(forked)
  return {
    'fork-proof': accept('proves a fork by two signed roots of one size', good),
    'fork-proof-same-fail': refuse(
      'proves no fork by one tree twice',
      ['contradiction', 'PARSE_INVALID'],
      encodeForkProof({ ...forked, second: forked.first }),
    ),
    'fork-proof-sizes-fail': refuse(
      'proves no fork by two sizes: a missing consistency proof proves nothing',
      ['contradiction', 'CHECK_NOT_PERFORMED'],
      encodeForkProof({ ...forked, second: note(7, FORK) }),
    ),
    'fork-proof-first-signature-fail': refuse(
      'accuses no log on a first checkpoint that was changed after signing',
      ['first', 'CHECKPOINT_SIGNATURE'],
      good.replace(encodeBase64(TREE.root(8)), encodeBase64(TREE.root(7))),
    ),
    'fork-proof-second-signature-fail': refuse(
      'accuses no log on a second checkpoint that was changed after signing',
      ['second', 'CHECKPOINT_SIGNATURE'],
      good.replace(encodeBase64(FORK.root(8)), encodeBase64(FORK.root(7))),
    ),
    'fork-proof-other-log-fail': refuse(
      'proves no fork by the checkpoints of two logs',
      ['second', 'CHECKPOINT_SIGNATURE'],
      encodeForkProof({ ...forked, second: otherLog(8) }),
    ),
    'fork-proof-other-origin-fail': refuse(
      'proves no fork by two origins of one key',
      ['second', 'CHECKPOINT_SIGNATURE'],
      encodeForkProof({ ...forked, second: note(8, FORK, logOrigin('test.example.com', KEY.publicKey)) }),
    ),
    'fork-proof-version-fail': refuse(
      'refuses a fork proof of another version',
      ['proof-format', 'PARSE_INVALID'],
      good.replace('fork-proof:1', 'fork-proof:2'),
    ),
    'fork-proof-one-fail': refuse(
      'refuses a fork proof of one checkpoint',
      ['proof-format', 'PARSE_INVALID'],
      good.slice(0, good.lastIndexOf('gw.example.com/log/', good.lastIndexOf('\n\n')) - 1),
    ),
    'fork-proof-cut-fail': refuse(
      'refuses a fork proof that was cut',
      ['proof-format', 'PARSE_INVALID'],
      good.slice(0, -1),
    ),
    'fork-proof-origin-fail': {
      ...refuse('refuses an origin that certifies no key', ['log-origin', 'LOG_ORIGIN'], good),
      origin: 'gw.example.com/log/x',
    },
  }
}

/** Every vector by the name of its folder. */
export function followVectors(): Record<string, LogVector> {
  return { ...followingVectors(), ...forkVectors() }
}
