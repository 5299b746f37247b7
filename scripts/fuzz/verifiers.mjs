// Whole verifiers on one piece of evidence that is mutated: none may throw, and none may pass with other signed octets than the good one.

import * as eventLog from '../../test/core/event-log/fixture.ts'
import * as nitro from '../../test/core/nitro/fixture.ts'
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

/** Nobody vouches for the type of an event, and so not for what its text is read as. Digests are measured, and they vouch for texts. */
function eventsAgree({ events }, good) {
  if (events.length !== good.events.length) return false
  return events.every((event, at) => {
    const due = good.events[at]
    if (event.register !== due.register || !same(event.digest, due.digest)) return false
    return event.kind !== due.kind || event.kind === 'opaque' || same(event.payload, due.payload)
  })
}

export function listVerifiers() {
  const report = snp.readFixture('abi-major')
  const quote = tdx.readFixture('v4')
  const document = nitro.readFixture('age-unchecked')
  const record = eventLog.readFixture('record')
  const dstack = eventLog.readFixture('dstack-v2')
  const ccel = eventLog.readFixture('ccel-direct-boot')
  const quoted = answer.readFixture('quoted')
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
  ]
}
