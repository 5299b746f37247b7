/** Vectors of checkpoints that witnesses cosigned. */
import { encodeBase64 } from '../../../src/core/encoding/base64.ts'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  cosignCheckpoint,
  createEntry,
  encodeCheckpoint,
  encodeVkey,
  encodeWitnessVkey,
  hashLeaf,
  logOrigin,
  MerkleTree,
  noteKey,
  signNote,
  witnessKey,
} from '../../../src/core/log/index.ts'
import { logKey } from './log-key.ts'
import { fails, GOOD, type LogVector, type WitnessedVector } from './log-vector.ts'

const KEY = logKey(1)
const ORIGIN = logOrigin('gw.example.com', KEY.publicKey)
const VKEY = encodeVkey(noteKey(ORIGIN, KEY.publicKey))
const TIME = 1_790_000_000

const TREE = new MerkleTree()
for (let i = 0; i < 13; i++) TREE.append(hashLeaf(createEntry('receipt', encodeUtf8(`preimage ${i}`))))
const BODY = encodeCheckpoint({ origin: ORIGIN, size: 13, root: TREE.root() })
const OTHER_BODY = encodeCheckpoint({ origin: ORIGIN, size: 12, root: TREE.root(12) })
const NOTE = signNote(BODY, ORIGIN, KEY)

/** Witness n, 1 to 6: its key is made from its number. */
function witness(n: number): { readonly name: string; readonly signer: ReturnType<typeof logKey> } {
  return { name: `w${n}.example.org`, signer: logKey(100 + n) }
}

function vkeyOf(n: number): string {
  const { name, signer } = witness(n)
  return encodeWitnessVkey(witnessKey(name, signer.publicKey))
}

/** Its cosignature, dated n minutes after the first hour. */
function cosigned(n: number, { body = BODY, time = TIME + 60 * n }: { body?: string; time?: number } = {}): string {
  return cosignCheckpoint(body, witness(n), time)
}

function policy(...lines: readonly string[]): string {
  const witnesses = [1, 2, 3, 4, 5, 6].map((n) => `witness w${n} ${vkeyOf(n)}`)
  return [...witnesses, ...lines, ''].join('\n')
}

const TWO_OF_THREE = policy('group g 2 w1 w2 w3', 'quorum g')
const NESTED = policy('group x 2 w1 w2 w3', 'group y any w4 w5', 'group all-of-it all x y w6', 'quorum all-of-it')

const BASE = { kind: 'witnessed', row: 'L10', vkey: VKEY, origin: ORIGIN, policy: TWO_OF_THREE, time: 0 } as const

function accept(
  title: string,
  [lines, minutes]: readonly [lines: readonly string[], minutes: number],
  change: Partial<WitnessedVector> = {},
): WitnessedVector {
  return { ...BASE, title, expected: GOOD, checkpoint: NOTE + lines.join(''), ...change, time: TIME + 60 * minutes }
}

function refuse(title: string, lines: readonly string[], change: Partial<WitnessedVector> = {}): WitnessedVector {
  const expected = fails('witness-quorum', 'WITNESS_QUORUM')
  return { ...BASE, title, base: 'witnessed', expected, checkpoint: NOTE + lines.join(''), ...change }
}

/** A signature line whose octets are changed, behind the dash, the name and the base64. */
function editOctets(line: string, edit: (octets: Uint8Array) => Uint8Array): string {
  const start = line.lastIndexOf(' ') + 1
  return `${line.slice(0, start)}${encodeBase64(edit(Uint8Array.from(Buffer.from(line.slice(start), 'base64'))))}\n`
}

function flip(line: string, offset: number): string {
  return editOctets(line, (octets) => octets.map((octet, i) => (i === offset ? octet ^ 1 : octet)))
}

/** Signed as a note, as the log signs, not as a cosignature. */
function plainSignature(n: number): string {
  const { name, signer } = witness(n)
  return signNote(BODY, name, signer).slice(BODY.length + 1)
}

/** A line under the key id of witness `n` whose octets behind it are `signature`. */
function lineOf(n: number, signature: Uint8Array): string {
  const { name, signer } = witness(n)
  return `\u2014 ${name} ${encodeBase64(concatBytes(witnessKey(name, signer.publicKey).id, signature))}\n`
}

/** What cosignCheckpoint refuses to sign: dated at no time. */
function timeless(n: number): string {
  return lineOf(
    n,
    concatBytes(new Uint8Array(8), witness(n).signer.sign(encodeUtf8(`cosignature/v1\ntime 0\n${BODY}`))),
  )
}

/** Dated 2^63 - 1, which no date holds. */
function endless(n: number): string {
  const time = Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
  const signed = encodeUtf8(`cosignature/v1\ntime ${2n ** 63n - 1n}\n${BODY}`)
  return lineOf(n, concatBytes(time, witness(n).signer.sign(signed)))
}

function quorums(): Record<string, LogVector> {
  const nested = (title: string, lines: readonly string[]): WitnessedVector => ({
    ...refuse(title, lines, { policy: NESTED }),
    base: 'witnessed-nested',
  })
  return {
    witnessed: accept('accepts two of three witnesses', [[cosigned(1), cosigned(2)], 2]),
    'witnessed-more': accept('accepts more witnesses than are due, and dates by the earliest quorum', [
      [cosigned(3), cosigned(2), cosigned(1)],
      2,
    ]),
    'witnessed-one': accept('accepts a quorum of one witness', [[cosigned(4)], 4], { policy: policy('quorum w4') }),
    'witnessed-any': accept('accepts any one of a group', [[cosigned(5)], 5], {
      policy: policy('group g any w4 w5', 'quorum g'),
    }),
    'witnessed-all': accept('accepts all of a group', [[cosigned(4), cosigned(5)], 5], {
      policy: policy('group g all w4 w5', 'quorum g'),
    }),
    'witnessed-nested': accept('accepts a quorum of groups', [[1, 3, 4, 6].map((n) => cosigned(n)), 6], {
      policy: NESTED,
    }),
    'witnessed-unknown-lines': accept('accepts cosignatures that the policy does not know, and counts none', [
      [cosigned(1), cosigned(2), cosignCheckpoint(BODY, { name: 'w3.example.org', signer: logKey(9) }, TIME)],
      2,
    ]),
    'witnessed-listed': accept('accepts the log that the policy lists', [[cosigned(1), cosigned(2)], 2], {
      policy: `log ${VKEY}\n${TWO_OF_THREE}`,
    }),
    'witnessed-no-line-fail': refuse('rejects a checkpoint that no witness cosigned', []),
    'witnessed-too-few-fail': refuse('rejects one witness where two of three are due', [cosigned(1)]),
    'witnessed-other-witnesses-fail': refuse('rejects witnesses that are not of the quorum', [
      cosigned(1),
      cosigned(4),
      cosigned(5),
    ]),
    'witnessed-none-fail': refuse(
      'rejects a policy that asks for no witness: nothing is witnessed by it',
      [cosigned(1)],
      {
        policy: policy('quorum none'),
      },
    ),
    'witnessed-all-fail': {
      ...refuse('rejects a group of which one is missing', [cosigned(4)], {
        policy: policy('group g all w4 w5', 'quorum g'),
      }),
      base: 'witnessed-all',
    },
    'witnessed-nested-inner-fail': nested('rejects a quorum of groups of which one lacks a witness', [
      cosigned(1),
      cosigned(4),
      cosigned(6),
    ]),
    'witnessed-nested-outer-fail': nested('rejects a quorum of groups that lacks its own witness', [
      cosigned(1),
      cosigned(3),
      cosigned(4),
    ]),
    'witnessed-unlisted-fail': {
      ...refuse('rejects a log that the policy does not list', [cosigned(1), cosigned(2)], {
        policy: `log ${encodeVkey(noteKey(logOrigin('gw.example.com', logKey(2).publicKey), logKey(2).publicKey))}\n${TWO_OF_THREE}`,
      }),
      row: 'L4',
      base: 'witnessed-listed',
      expected: fails('log-origin', 'LOG_ORIGIN'),
    },
  }
}

function cosignatures(): Record<string, LogVector> {
  return {
    'witnessed-twice-fail': refuse('rejects one witness twice', [cosigned(1), cosigned(1, { time: TIME + 600 })]),
    'witnessed-thrice-fail': refuse('rejects a quorum with one witness twice', [cosigned(1), cosigned(2), cosigned(2)]),
    'witnessed-other-body-fail': refuse('rejects a cosignature over another tree', [
      cosigned(1),
      cosigned(2, { body: OTHER_BODY }),
    ]),
    'witnessed-spare-bad-fail': refuse('rejects a quorum with a bad cosignature beside it', [
      cosigned(1),
      cosigned(2),
      cosigned(3, { body: OTHER_BODY }),
    ]),
    'witnessed-time-zero-fail': refuse('rejects a cosignature without a time', [cosigned(1), timeless(2)]),
    'witnessed-time-endless-fail': refuse('rejects a cosignature at a time that no date holds', [
      cosigned(1),
      endless(2),
    ]),
    'witnessed-time-changed-fail': refuse('rejects a cosignature whose time was changed', [
      cosigned(1),
      flip(cosigned(2), 4 + 7),
    ]),
    'witnessed-bit-fail': refuse('rejects a cosignature with a flipped bit', [cosigned(1), flip(cosigned(2), 40)]),
    'witnessed-key-id-fail': refuse('does not count a cosignature under another key id', [
      cosigned(1),
      flip(cosigned(2), 0),
    ]),
    'witnessed-key-type-fail': refuse('does not count a plain note signature of a witness', [
      cosigned(1),
      plainSignature(2),
    ]),
    'witnessed-plain-fail': refuse('rejects a plain signature under the key id of a cosignature', [
      cosigned(1),
      lineOf(2, witness(2).signer.sign(encodeUtf8(BODY))),
    ]),
    'witnessed-long-fail': refuse('rejects a cosignature with an octet too many', [
      cosigned(1),
      editOctets(cosigned(2), (octets) => Uint8Array.of(...octets, 0)),
    ]),
    'witnessed-by-log-fail': refuse('does not count the log as its own witness', [
      cosigned(1),
      cosignCheckpoint(BODY, { name: ORIGIN, signer: KEY }, TIME),
    ]),
    'witnessed-unsigned-fail': {
      ...refuse('rejects a checkpoint that witnesses cosigned and its log did not sign', []),
      checkpoint: `${BODY}\n${cosigned(1)}${cosigned(2)}`,
      row: 'L3',
      expected: fails('checkpoint-signature', 'CHECKPOINT_SIGNATURE'),
    },
  }
}

/** Every vector by the name of its folder. */
export function witnessVectors(): Record<string, LogVector> {
  return { ...quorums(), ...cosignatures() }
}
