/** Fixtures of the rule for quoted, of statement and session, and of policy: wire.md sections 1, 5 and 7. */
import { sha256 } from '../../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { createEntry } from '../../../src/core/log/index.ts'
import { testKey } from '../../kit/ed25519.ts'
import { CONFIG_DIGEST, ISSUED_AT, MODEL } from '../../kit/issue-answer.ts'
import type { AnswerFixture } from './recipe.ts'

const leaf = (name: string): Uint8Array => createEntry('receipt', encodeUtf8(name))
const genesis = createEntry('genesis', encodeUtf8('genesis'))
const other = 'f'.repeat(64)

export const QUOTED_FIXTURES: readonly AnswerFixture[] = [
  {
    row: 'good',
    name: 'quoted-among-others',
    title: 'an answer among others of its log',
    code: 'ok',
    recipe: { before: [genesis, leaf('a'), leaf('b')], after: [createEntry('quote', encodeUtf8('q')), leaf('c')] },
  },
  {
    row: 'good',
    name: 'signed',
    title: 'an answer that is not quoted yet where policy asks for signed',
    code: 'ok',
    policy: { grade: 'signed', audit: { time: 'unchecked', witnesses: 'unchecked' } },
    withoutProof: true,
    held: { nonce: 'unchecked' },
  },
  {
    row: 'wire-5',
    name: 'not-the-quoted-checkpoint',
    title: 'inclusion in a later checkpoint that no quote carries',
    code: 'CHECKPOINT_NOT_QUOTED',
    recipe: { proofAfter: [leaf('later')] },
  },
  {
    row: 'wire-5',
    name: 'statement-of-other-session',
    title: 'a quote whose statement is of another session',
    code: 'CHECKPOINT_NOT_QUOTED',
    recipe: { statement: (statement) => ({ ...statement, session: `sha256:${other}` }) },
  },
  {
    row: 'wire-5',
    name: 'seq-beyond-counts',
    title: 'a receipt whose seq is not below the receipts counted',
    code: 'CHECKPOINT_NOT_QUOTED',
    recipe: {
      before: [genesis, leaf('a')],
      statement: (statement) => ({ ...statement, counts: { intents: 1, receipts: 1, open: 0 } }),
    },
  },
  {
    row: 'wire-5',
    name: 'seq-not-below-index',
    title: 'a receipt whose seq is not below its index',
    code: 'CHECKPOINT_NOT_QUOTED',
    recipe: { claims: () => ({ seq: 1 }), after: [leaf('b'), leaf('c')] },
  },
  {
    row: 'wire-5',
    name: 'origin',
    title: 'a receipt that names another log',
    code: 'LOG_ORIGIN',
    recipe: { claims: ({ log }) => ({ log: { ...log, origin: log.origin.replace('gw.', 'test.') } }) },
  },
  {
    row: 'wire-5',
    name: 'issuer',
    title: 'a receipt whose issuer is not the host of its log',
    code: 'LOG_ORIGIN',
    recipe: { claims: () => ({ iss: 'https://other.example.com' }) },
  },
  {
    row: 'wire-5',
    name: 'issued-after-statement',
    title: 'a receipt dated after the statement that covers it',
    code: 'RECEIPT_TIME',
    recipe: { claims: ({ iat }) => ({ iat: iat + 2 }) },
  },
  {
    row: 'wire-5',
    name: 'time-unanchored',
    title: 'a time that nobody proves where policy asks for proof',
    code: 'TIME_UNANCHORED',
    held: { nonce: 'unchecked' },
  },
  {
    row: 'wire-5',
    name: 'statement-expired',
    title: 'a statement that has expired',
    code: 'STATEMENT_TIME',
    recipe: { statement: (statement) => ({ ...statement, exp: ISSUED_AT + 2 }) },
  },
  {
    row: 'wire-5',
    name: 'statement-future',
    title: 'a statement from further ahead than clocks may differ',
    code: 'STATEMENT_TIME',
    recipe: { statement: (statement) => ({ ...statement, iat: ISSUED_AT + 400 }) },
  },
  {
    row: 'wire-5',
    name: 'grade-too-low',
    title: 'an answer without proof where policy asks for quoted',
    code: 'GRADE_TOO_LOW',
    policy: { audit: { time: 'unchecked', witnesses: 'unchecked' } },
    withoutProof: true,
    held: { nonce: 'unchecked' },
  },
  {
    row: 'wire-1',
    name: 'statement-life',
    title: 'a statement that lives longer than a day',
    code: 'STATEMENT_INVALID',
    recipe: { statement: (statement) => ({ ...statement, exp: statement.iat + 86_401 }) },
  },
  {
    row: 'wire-1',
    name: 'counts',
    title: 'counts that do not add up',
    code: 'STATEMENT_INVALID',
    recipe: { statement: (statement) => ({ ...statement, counts: { intents: 5, receipts: 1, open: 1 } }) },
  },
  {
    row: 'wire-1',
    name: 'statement-unknown-key',
    title: 'a statement with a member that this version does not know',
    code: 'STATEMENT_INVALID',
    recipe: { statement: (statement) => ({ ...statement, note: 1 }) },
  },
  {
    row: 'wire-1',
    name: 'session-profile',
    title: 'a session of another profile',
    code: 'SESSION_INVALID',
    recipe: { session: (session) => ({ ...session, eat_profile: 'urn:countersign:session:2' }) },
  },
  {
    row: 'wire-1',
    name: 'key-purpose',
    title: 'a TLS key that also signs receipts',
    code: 'KEY_PURPOSE',
    recipe: {
      session: (session) => ({
        ...session,
        keys: {
          ...session.keys,
          tls_spki_sha256: [
            Buffer.from(
              sha256(Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), testKey(1).publicKey])),
            ).toString('hex'),
          ],
        },
      }),
    },
  },
  { row: 'S17', name: 'report-data', title: 'a quote over another statement', code: 'REPORT_DATA_MISMATCH' },
  {
    row: 'wire-7',
    name: 'config-unpinned',
    title: 'a configuration that is not the pinned one',
    code: 'CONFIG_UNMEASURED',
    lock: { config: `sha256:${other}` },
  },
  {
    row: 'wire-7',
    name: 'config-missing',
    title: 'a session that names no configuration',
    code: 'SESSION_INVALID',
    recipe: { session: (session) => ({ ...session, dependencies: session.dependencies.slice(1) }) },
  },
  {
    row: 'S15',
    name: 'measurement',
    title: 'a measurement that no row pins',
    code: 'MEASUREMENT_MISMATCH',
    lock: { measurements: { measurement: 'e'.repeat(96) } },
  },
  {
    row: 'S15',
    name: 'measurement-revoked',
    title: 'a measurement whose row is revoked',
    code: 'MEASUREMENT_RETIRED',
    lock: { status: 'revoked' },
  },
  {
    row: 'P2',
    name: 'p2-no-lock',
    title: 'measurements locked without a lock file at hand',
    code: 'CHECK_NOT_PERFORMED',
    lock: 'none',
  },
  {
    row: 'P2',
    name: 'p2-replay-not-performed',
    title: 'listed changes that cannot be replayed because the request is not held',
    code: 'CHECK_NOT_PERFORMED',
    recipe: { splices: [{ at: 9, remove: 6, insert: encodeUtf8('"other"'), role: 'model' }] },
    held: { request: 'not-held' },
  },
  {
    row: 'P4',
    name: 'p4-platform',
    title: 'evidence of a platform that policy does not list',
    code: 'PLATFORM_NOT_ALLOWED',
    policy: { platforms: ['tdx', 'nitro'] },
  },
  {
    row: 'P4',
    name: 'p4-simulated',
    title: 'simulated evidence whose root is not named',
    code: 'SIMULATED_EVIDENCE',
    policy: { dangerouslyTrustSimulatedRoots: [] },
  },
  {
    row: 'P6',
    name: 'p6-tuple',
    title: 'the measurement of one row with the model of another',
    code: 'POLICY_TUPLE',
    lock: { models: [{ name: 'else', digest: MODEL.digest }] },
  },
  {
    row: 'wire-7',
    name: 'origin-prefix',
    title: 'a log below a host that policy does not pin',
    code: 'LOG_ORIGIN',
    policy: { origins: ['other.example.com/log/'] },
  },
  {
    row: 'wire-1',
    name: 'host-data',
    title: 'a configuration that HOST_DATA does not carry, as the word of measured code',
    code: 'ok',
    recipe: { hostData: new Uint8Array(32) },
  },
]

/** Digest of the configuration that every fixture is locked to. */
export const LOCKED_CONFIG = `sha256:${CONFIG_DIGEST}`
