/** Fixtures of the rule for witnessed: rows L10 and L11, and wire.md section 5. */
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { createEntry } from '../../../src/core/log/index.ts'
import { testKey } from '../../kit/ed25519.ts'
import { type AnswerRecipe, ISSUED_AT } from '../../kit/issue-answer.ts'
import { type Cosigned, WITNESSES, type WitnessRecipe } from '../../kit/witness-quote.ts'
import type { AnswerFixture } from './recipe.ts'

const leaf = (name: string): Uint8Array => createEntry('receipt', encodeUtf8(name))
const genesis = createEntry('genesis', encodeUtf8('genesis'))
const RECORD = encodeUtf8('{"previous":{"origin":"gw.example.com/log/before","source":"disk"},"session":"none"}')
const FIRST: Cosigned = [1, ISSUED_AT + 5]
const SECOND: Cosigned = [2, ISSUED_AT + 9]
const BOTH = [FIRST, SECOND] as const
const YEARS = 63_000_000

/** What an auditor holds: no nonce of its own, a policy of two witnesses of three, and a clock years later. */
const AUDIT = {
  policy: { grade: 'witnessed', audit: { time: 'witnessed', witnesses: WITNESSES } },
  held: { nonce: 'unchecked' },
  judgedAfter: YEARS,
} as const

function witnessed(recipe: Partial<WitnessRecipe> = {}): AnswerRecipe {
  return { witnessed: { cosigned: BOTH, between: [leaf('a')], beyond: [leaf('b')], ...recipe } }
}

const SIGNED = { ...AUDIT, policy: { ...AUDIT.policy, grade: 'signed' }, withoutProof: true } as const
const promise = (seconds: number): AnswerRecipe => ({
  claims: ({ log }) => ({ log: { ...log, merge_by: ISSUED_AT + seconds } }),
})

export const WITNESSED_FIXTURES: readonly AnswerFixture[] = [
  {
    ...AUDIT,
    row: 'L10',
    name: 'witnessed',
    title: 'an answer whose quote two of three witnesses saw, years later',
    code: 'ok',
    recipe: witnessed(),
    grade: 'witnessed',
    time: { source: 'witnessed', at: 9 },
  },
  {
    ...AUDIT,
    row: 'L10',
    name: 'witnessed-least-time',
    title: 'the time at which the quorum was met first, whatever the order of the lines',
    code: 'ok',
    recipe: witnessed({ cosigned: [[3, ISSUED_AT + 90], SECOND, FIRST, [4, ISSUED_AT + 1]] }),
    grade: 'witnessed',
    time: { source: 'witnessed', at: 9 },
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-own-nonce',
    title: 'a nonce of the verifier as the stronger proof of now, with the grade that witnesses give',
    code: 'ok',
    recipe: witnessed(),
    held: {},
    judgedAfter: 2,
    grade: 'witnessed',
    time: { source: 'nonce', at: 2 },
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-quorum-not-needed',
    title: 'an answer that lacks a quorum where policy asks for quoted and a nonce proves the time',
    code: 'ok',
    policy: { audit: AUDIT.policy.audit },
    recipe: witnessed({ cosigned: [FIRST] }),
    held: {},
    judgedAfter: 2,
    grade: 'quoted',
    time: { source: 'nonce', at: 2 },
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-row-since-expired',
    title: 'a row of the lock that was in force at the witnessed time',
    code: 'ok',
    recipe: witnessed(),
    lock: { notAfter: new Date((ISSUED_AT + 9) * 1000).toISOString().replace('.000Z', 'Z') },
    grade: 'witnessed',
    time: { source: 'witnessed', at: 9 },
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-row-expired',
    title: 'a row of the lock that ended a second before the witnessed time',
    code: 'MEASUREMENT_RETIRED',
    recipe: witnessed(),
    lock: { notAfter: new Date((ISSUED_AT + 8) * 1000).toISOString().replace('.000Z', 'Z') },
  },
  {
    ...AUDIT,
    row: 'L10',
    name: 'l10-too-few',
    title: 'one cosignature where two are due',
    code: 'WITNESS_QUORUM',
    recipe: witnessed({ cosigned: [FIRST] }),
  },
  {
    ...AUDIT,
    row: 'L10',
    name: 'l10-stranger',
    title: 'a second cosignature by a witness that policy does not name',
    code: 'WITNESS_QUORUM',
    recipe: witnessed({ cosigned: [FIRST, [4, ISSUED_AT + 9]] }),
  },
  {
    ...AUDIT,
    row: 'L10',
    name: 'l10-twice',
    title: 'one witness that stands twice',
    code: 'WITNESS_QUORUM',
    recipe: witnessed({ cosigned: [FIRST, [1, ISSUED_AT + 9]] }),
  },
  {
    ...AUDIT,
    row: 'L10',
    name: 'l10-other-body',
    title: 'cosignatures over another checkpoint',
    code: 'WITNESS_QUORUM',
    recipe: witnessed({ cosignedBody: (body) => body.replace(/\n\d+\n/, '\n9\n') }),
  },
  {
    ...AUDIT,
    row: 'L10',
    name: 'l10-altered',
    title: 'a cosignature whose time was altered',
    code: 'WITNESS_QUORUM',
    recipe: witnessed({ note: (note) => alterTime(note) }),
  },
  {
    ...AUDIT,
    row: 'L10',
    name: 'l10-none',
    title: 'a later checkpoint that nobody cosigned',
    code: 'WITNESS_QUORUM',
    recipe: witnessed({ cosigned: [] }),
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-quote-body-alone',
    title: 'a leaf over the report without its signature: a report could be signed later',
    code: 'LOG_INCLUSION',
    recipe: witnessed({ entry: (octets) => createEntry('quote', octets.slice(0, 0x2a0)) }),
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-other-leaf-type',
    title: 'a leaf of another type over the quote',
    code: 'LOG_INCLUSION',
    recipe: witnessed({ entry: (octets) => createEntry('nonce', octets) }),
  },
  {
    ...AUDIT,
    row: 'L2',
    name: 'witnessed-fork',
    title: 'a witnessed tree that does not continue the quoted one',
    code: 'LOG_CONSISTENCY',
    recipe: witnessed({ tree: (entries) => [createEntry('genesis', encodeUtf8('other')), ...entries.slice(1)] }),
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-not-later',
    title: 'a witnessed tree that is smaller than the quoted one',
    code: 'LOG_CONSISTENCY',
    recipe: { witnessed: { cosigned: BOTH, tree: () => [] } },
  },
  {
    ...AUDIT,
    row: 'L2',
    name: 'witnessed-without-consistency',
    title: 'a later checkpoint without the hashes that lead to it',
    code: 'LOG_CONSISTENCY',
    recipe: witnessed({ consistency: () => [] }),
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-other-log',
    title: 'a later checkpoint of another origin',
    code: 'CHECKPOINT_SIGNATURE',
    recipe: witnessed({ origin: (origin) => origin.replace('gw.', 'test.') }),
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-other-key',
    title: 'a later checkpoint that another key signed',
    code: 'CHECKPOINT_SIGNATURE',
    recipe: witnessed({ logKey: { ...testKey(0x02), sign: testKey(0x03).sign } }),
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-after-expiry',
    title: 'witnesses that saw the quote when its statement had ended',
    code: 'STATEMENT_TIME',
    recipe: witnessed({ cosigned: [FIRST, [2, ISSUED_AT + 3600]] }),
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-before-statement',
    title: 'witnesses whose clocks are further behind the statement than clocks may differ',
    code: 'STATEMENT_TIME',
    recipe: witnessed({ cosigned: [FIRST, SECOND].map(([number]): Cosigned => [number, ISSUED_AT - 300]) }),
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-nobody-named',
    title: 'a witnessed quote where policy asks for a witnessed time and names no witness',
    code: 'TIME_UNANCHORED',
    policy: { grade: 'quoted' },
    recipe: witnessed(),
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-proof-withheld',
    title: 'an answer without the proof of its quote where policy asks for a witnessed time',
    code: 'TIME_UNANCHORED',
  },
  {
    ...AUDIT,
    row: 'wire-5',
    name: 'witnessed-grade-too-low',
    title: 'a quoted answer where policy asks for witnessed, with a nonce of the verifier',
    code: 'GRADE_TOO_LOW',
    held: {},
    judgedAfter: 2,
  },
  {
    ...AUDIT,
    row: 'wire-6',
    name: 'witnessed-genesis',
    title: 'the first record of the log, which names the log before',
    code: 'ok',
    recipe: { ...witnessed(), before: [createEntry('genesis', RECORD)], genesis: { record: RECORD, index: 0 } },
    grade: 'witnessed',
    time: { source: 'witnessed', at: 9 },
  },
  {
    ...AUDIT,
    row: 'wire-6',
    name: 'genesis-other',
    title: 'a first record that the log does not hold',
    code: 'LOG_INCLUSION',
    recipe: { ...witnessed(), genesis: { record: RECORD, index: 0 } },
  },
  {
    ...AUDIT,
    row: 'wire-6',
    name: 'genesis-not-first',
    title: 'a genesis record that is not the first leaf',
    code: 'LOG_INCLUSION',
    recipe: {
      ...witnessed(),
      before: [genesis, createEntry('genesis', RECORD)],
      genesis: { record: RECORD, index: 1 },
    },
  },
  {
    ...AUDIT,
    row: 'wire-6',
    name: 'genesis-other-checkpoint',
    title: 'a first record that is proven in a checkpoint that neither the quote nor a witness holds',
    code: 'CHECKPOINT_NOT_QUOTED',
    recipe: {
      ...witnessed(),
      before: [createEntry('genesis', RECORD)],
      genesis: { record: RECORD, index: 0, after: [leaf('later')] },
    },
  },
  {
    ...SIGNED,
    row: 'L11',
    name: 'l11-not-due',
    title: 'a receipt that is not in the log in the last second of its promise',
    code: 'ok',
    recipe: { ...witnessed(), ...promise(9) },
    grade: 'signed',
    time: { source: 'witnessed', at: 9 },
  },
  {
    ...SIGNED,
    row: 'L11',
    name: 'l11-exceeded',
    title: 'a receipt without a proof a second after its promise, at a witnessed time',
    code: 'LOG_MMD_EXCEEDED',
    recipe: { ...witnessed(), ...promise(8) },
  },
  {
    ...SIGNED,
    row: 'L11',
    name: 'l11-exceeded-as-given',
    title: 'a receipt without a proof after its promise, at a time as given',
    code: 'LOG_MMD_EXCEEDED',
    policy: { grade: 'signed', audit: { time: 'unchecked', witnesses: 'unchecked' } },
    judgedAfter: 61,
  },
  {
    ...AUDIT,
    row: 'L11',
    name: 'l11-proven',
    title: 'a receipt that is in the log, judged after its promise',
    code: 'ok',
    recipe: { ...witnessed(), ...promise(0) },
    grade: 'witnessed',
    time: { source: 'witnessed', at: 9 },
  },
  {
    row: 'L11',
    name: 'l11-before-receipt',
    title: 'a promise that was due before the receipt',
    code: 'PARSE_INVALID',
    recipe: promise(-1),
  },
]

/** The last octet of the time in the last cosignature: the eighth behind the four of the key id. */
function alterTime(note: string): string {
  const at = note.lastIndexOf(' ') + 1
  const octets = Buffer.from(note.slice(at), 'base64')
  octets[11] = (octets[11] ?? 0) ^ 1
  return `${note.slice(0, at)}${octets.toString('base64')}\n`
}
