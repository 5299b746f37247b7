// Whole verifiers on one piece of evidence that is mutated: none may throw, and none may pass with other signed octets than the good one.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeHashLines, encodeHashLines } from '../../src/core/archive/hash-lines.ts'
import { decodeBase64 } from '../../src/core/encoding/base64.ts'
import {
  decodeWitnessPolicy,
  verifyFollowing,
  verifyForkProof,
  verifyWitnessedCheckpoint,
} from '../../src/core/log/index.ts'
import { MalformedError } from '../../src/errors.ts'
import * as eventLog from '../../test/core/event-log/fixture.ts'
import * as nitro from '../../test/core/nitro/fixture.ts'
import * as equivocation from '../../test/core/receipt/equivocation-fixture.ts'
import * as answer from '../../test/core/receipt/fixture.ts'
import * as snp from '../../test/core/snp/fixture.ts'
import * as tdx from '../../test/core/tdx/fixture.ts'
import { utf8 } from './samples.mjs'

const latin1 = (bytes) => Buffer.from(bytes).toString('latin1')
const text = (bytes) => Buffer.from(bytes).toString()
const same = (one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)) === 0

/** Everything that a verified value shows, as text. */
const shown = (value) =>
  JSON.stringify(value, (_, member) => {
    if (member instanceof Uint8Array) return Buffer.from(member).toString('hex')
    if (member instanceof Map || member instanceof Set) return [...member]
    return typeof member === 'bigint' ? `${member}` : member
  })

/** What of two verified values stands for the signed octets, where others may differ, such as padding or the layout of PEM. */
const agreeIn = (view) => (value, good) => shown(view(value)) === shown(view(good))
/** Each octet is signed or hashed: none may differ. */
const NEVER = () => false

function verifierOf(name, judge, { sample, agrees }) {
  return {
    name,
    samples: [sample],
    prepare: async () => await passed(name, judge(sample)),
    verify: async (bytes, good) => {
      const verdict = await judge(bytes)
      if (!verdict.ok) return { code: verdict.code }
      if (same(bytes, sample)) return { code: 'unchanged' }
      return agrees(verdict.value, good) ? { code: 'unsigned octets' } : { accepted: true }
    },
  }
}

async function passed(name, judgement) {
  const verdict = await judgement
  if (!verdict.ok) throw new Error(`${name}: the good sample fails with ${verdict.code}`)
  return verdict.value
}

/** A decoder that stands before the verifier may refuse what it is given. */
async function decoded(decode, judge) {
  let value
  try {
    value = decode()
  } catch (error) {
    if (error instanceof MalformedError) return { ok: false, code: error.failure }
    throw error
  }
  return await judge(value)
}

/** One field of an answer's evidence; `as` makes it of octets. */
function answerField(fixture, field, { as = (bytes) => bytes, agrees = NEVER } = {}) {
  const value = fixture.evidence[field]
  const sample = typeof value === 'string' ? utf8(value) : value
  const judge = (bytes) => answer.judgeFixture(fixture, { [field]: as(bytes) })
  return verifierOf(`verify-answer-${field}`, judge, { sample, agrees })
}

/** What the receipt, the log and the hardware say of an answer; its holder may leave disclosures and other signatures out. */
const attested = agreeIn(
  ({ signed: { claims }, attestation: { session, statement, checkpoint, hardware }, grade }) => ({
    ...{ claims, session, statement, checkpoint, hardware, grade },
  }),
)

/** The same, and when witnesses saw it; the third that cosigned may be left out where two are enough. */
const attestedAt = (value, good) =>
  attested(value, good) &&
  agreeIn(
    ({
      attestation: {
        time,
        witnessed: { at, body, index },
      },
    }) => ({ time, at, body, index }),
  )(value, good)

/** Nobody vouches for the type of an event, and so not for what its text is read as. Digests are measured, and they vouch for texts. */
function eventsAgree({ events }, good) {
  if (events.length !== good.events.length) return false
  return events.every((event, at) => {
    const due = good.events[at]
    if (event.register !== due.register || !same(event.digest, due.digest)) return false
    return event.kind !== due.kind || event.kind === 'opaque' || same(event.payload, due.payload)
  })
}

const readLogVector = (name) =>
  JSON.parse(readFileSync(join('attestation-fixtures', 'log', name, 'vector.json'), 'utf8'))

/** Anyone may add lines of other keys to a note: what counts is what was signed, and by whom. */
function listLogVerifiers() {
  const { checkpoint, policy, ...log } = readLogVector('witnessed-all')
  const witnesses = decodeWitnessPolicy(policy)
  const following = readLogVector('following')
  const proof = following.proof.map(decodeBase64)
  const follow = (changes) => verifyFollowing({ ...following, proof, ...changes }, 'unchecked')
  const fork = readLogVector('fork-proof')
  const sameTrees = agreeIn(({ checkpoint: { body }, previous }) => [body, previous.body])
  return [
    verifierOf(
      'verify-witnessed-checkpoint',
      (bytes) => verifyWitnessedCheckpoint({ ...log, checkpoint: text(bytes) }, witnesses),
      { sample: utf8(checkpoint), agrees: agreeIn(({ body, time, witnesses: names }) => ({ body, time, names })) },
    ),
    ...['previous', 'next'].map((member) =>
      verifierOf(`verify-following-${member}`, (bytes) => follow({ [member]: text(bytes) }), {
        sample: utf8(following[member]),
        agrees: sameTrees,
      }),
    ),
    verifierOf(
      'verify-following-proof',
      (bytes) =>
        decoded(
          () => decodeHashLines(bytes, 'proof'),
          (hashes) => follow({ proof: hashes }),
        ),
      { sample: encodeHashLines(proof), agrees: NEVER },
    ),
    verifierOf('verify-fork-proof', (bytes) => verifyForkProof(bytes, fork.origin), {
      sample: utf8(fork.proof),
      agrees: agreeIn(({ first, second }) => [first.body, second.body]),
    }),
  ]
}

/** Each octet of a session counts; of a receipt its holder may leave disclosures out. */
function listPairVerifiers() {
  const pair = equivocation.readFixture('same-nonce')
  const [first, second] = pair.evidence.receipts
  const claims = agreeIn(({ kind, receipts }) => [kind, receipts.map((receipt) => receipt.claims)])
  return [
    verifierOf('verify-equivocation-session', (session) => equivocation.judgeFixture(pair, { session }), {
      sample: pair.evidence.session,
      agrees: NEVER,
    }),
    verifierOf(
      'verify-equivocation-receipt',
      (bytes) => equivocation.judgeFixture(pair, { receipts: [first, latin1(bytes)] }),
      { sample: utf8(second), agrees: claims },
    ),
  ]
}

export function listVerifiers() {
  const report = snp.readFixture('abi-major')
  const quote = tdx.readFixture('v4')
  const document = nitro.readFixture('age-unchecked')
  const record = eventLog.readFixture('record')
  const dstack = eventLog.readFixture('dstack-v2')
  const ccel = eventLog.readFixture('ccel-direct-boot')
  const quoted = answer.readFixture('quoted')
  const witnessed = answer.readFixture('witnessed-genesis')
  const { quote: quotation } = quoted.evidence
  const log = (name, fixture) =>
    verifierOf(
      `verify-event-log-${name}`,
      (octets) => eventLog.judgeFixture(fixture, { log: { ...fixture.log, octets } }),
      {
        sample: fixture.log.octets,
        agrees: eventsAgree,
      },
    )
  return [
    verifierOf('verify-snp-report', (bytes) => snp.judgeFixture(report, { report: bytes }), {
      sample: report.report,
      agrees: NEVER,
    }),
    verifierOf('verify-tdx-quote', (bytes) => tdx.judgeFixture(quote, { quote: bytes }), {
      sample: quote.quote,
      agrees: agreeIn(({ quoteDigest, quote: { body, signatureData }, ...rest }) => {
        const { pckChain: _, ...signed } = signatureData
        return { quoteDigest, body, signed, ...rest }
      }),
    }),
    ...['tcbInfo', 'qeIdentity'].map((name) =>
      verifierOf(
        `verify-tdx-${name === 'tcbInfo' ? 'tcb-info' : 'qe-identity'}`,
        (body) =>
          tdx.judgeFixture(quote, { collateral: { ...quote.collateral, [name]: { ...quote.collateral[name], body } } }),
        { sample: quote.collateral[name].body, agrees: NEVER },
      ),
    ),
    verifierOf('verify-nitro-document', (bytes) => nitro.judgeFixture(document, { document: bytes }), {
      sample: document.document,
      agrees: NEVER,
    }),
    log('record', record),
    log('dstack', dstack),
    log('ccel', ccel),
    verifierOf('verify-answer-quote', (report) => answer.judgeFixture(quoted, { quote: { ...quotation, report } }), {
      sample: quotation.report,
      agrees: NEVER,
    }),
    answerField(quoted, 'session'),
    answerField(quoted, 'statement'),
    answerField(quoted, 'receipt', { as: latin1, agrees: attested }),
    answerField(quoted, 'proof', { as: text, agrees: attested }),
    answerField(witnessed, 'quoteProof', { as: text, agrees: attestedAt }),
    verifierOf(
      'verify-answer-consistency',
      (bytes) =>
        decoded(
          () => decodeHashLines(bytes, 'consistency'),
          (consistency) => answer.judgeFixture(witnessed, { consistency }),
        ),
      { sample: encodeHashLines(witnessed.evidence.consistency), agrees: NEVER },
    ),
    answerField(witnessed, 'genesis'),
    answerField(witnessed, 'genesisProof', { as: text, agrees: attestedAt }),
    ...listLogVerifiers(),
    ...listPairVerifiers(),
  ]
}
