/** What session, statement, log key and policy must say of each other, where the quote would come to disagree later: the code names the first. */
import { describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { verifyAttestation } from '../../../src/core/evidence/attestation.ts'
import { verifyEvidence } from '../../../src/core/evidence/bare.ts'
import { decodeSession, encodeSession, type Session } from '../../../src/core/evidence/session.ts'
import { decodeStatement, encodeStatement, type Statement } from '../../../src/core/evidence/statement.ts'
import { decodeVkey, encodeVkey, noteKey } from '../../../src/core/log/index.ts'
import { readOhttpKeyConfigs } from '../../../src/core/ohttp/key-configs.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { failureOf as refusalOf } from '../../kit/failure-of.ts'
import { readFixture } from './fixture.ts'

const { archive, trust, anchor, at } = readFixture('challenge')
const session = decodeSession(archive.session)
const statement = decodeStatement(archive.statement)

async function failureOf(documents: { readonly session?: Session; readonly statement: Statement | Uint8Array }) {
  const changed = {
    ...(documents.session && { session: encodeSession(documents.session) }),
    statement: documents.statement instanceof Uint8Array ? documents.statement : encodeStatement(documents.statement),
  }
  const verdict = await verifyAttestation({ ...archive, ...changed }, trust, anchor)
  return [failedCheck(verdict.checks)?.name, verdict.ok ? 'ok' : verdict.code]
}

/** A statement that names `changed` as its session. */
function stating(changed: Session): { readonly session: Session; readonly statement: Statement } {
  return { session: changed, statement: { ...statement, session: digestUri(encodeSession(changed)) } }
}

describe('session and statement', () => {
  it('rejects a statement that is none', async () => {
    expect(await failureOf({ statement: encodeUtf8('{}') })).toEqual(['statement', 'STATEMENT_INVALID'])
  })

  it('rejects a statement of another session', async () => {
    const failure = await failureOf({ session: { ...session, epoch: session.epoch + 1 }, statement })
    expect(failure).toEqual(['statement-session', 'EVIDENCE_DIGEST_MISMATCH'])
  })

  it('rejects a statement that is older than its session', async () => {
    const iat = session.iat - 1
    const failure = await failureOf({ statement: { ...statement, iat, exp: iat + 60 } })
    expect(failure).toEqual(['statement-session', 'EVIDENCE_DIGEST_MISMATCH'])
  })

  it('rejects a log key whose name is that of another key', async () => {
    const { name } = decodeVkey(session.keys.log)
    const log = encodeVkey(noteKey(name, new Uint8Array(32).fill(7)))
    const failure = await failureOf(stating({ ...session, keys: { ...session.keys, log } }))
    expect(failure).toEqual(['log-key', 'LOG_ORIGIN'])
  })

  it('rejects a checkpoint of another log than that of the session', async () => {
    const checkpoint = statement.checkpoint.replace(/^[^\n]*/, 'gw.example.com/log/other')
    expect(await failureOf({ statement: { ...statement, checkpoint } })).toEqual(['log-key', 'LOG_ORIGIN'])
  })
})

describe('the key of an OHTTP configuration', () => {
  it.each([
    ['no algorithms', '0025', '0000'],
    ['half of an algorithm', '0027', '00020001'],
  ])('is not read with %s', (_, size, algorithms) => {
    const config = encodeBase64Url(decodeHex(`${size}010020${'09'.repeat(32)}${algorithms}`))
    expect(refusalOf(() => readOhttpKeyConfigs(config))).toBe('SESSION_INVALID')
  })
})

describe('a policy made by hand', () => {
  const unanchored = { audit: { time: 'unchecked', witnesses: 'unchecked' } } as const

  it('takes the time of no document but a Nitro one', async () => {
    const policy = { ...trust.policy, audit: { time: 'nitro-document', witnesses: 'unchecked' } } as const
    const verdict = await verifyAttestation(archive, { ...trust, policy }, { source: 'as-given', at })
    expect(verdict).toMatchObject({ ok: false, code: 'TIME_UNANCHORED' })
  })

  it('locks bare evidence to rows in force', async () => {
    const rows = trust.lock.rows.map((row) => ({ ...row, status: 'revoked' as const }))
    const verdict = await verifyEvidence(
      archive.quote,
      { policy: { ...trust.policy, ...unanchored }, lock: { ...trust.lock, rows } },
      at,
    )
    expect([verdict.ok, failedCheck(verdict.checks)?.name]).toEqual([false, 'lock-row'])
  })
})
