/** Records of evidence: what was captured comes back octet by octet, and nothing else decodes. */
import { describe, expect, it } from 'vitest'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { exportArchive } from '../../../src/server/evidence-store/index.ts'
import { decodeEvidenceRecord, encodeEvidenceRecord } from '../../../src/server/evidence-store/record.ts'
import { joinQuote, splitQuote } from '../../../src/server/evidence-store/shared-parts.ts'
import { captured, ENDORSED, sessionDigest } from './captured.ts'

const TEES = ['snp', 'tdx', 'nitro'] as const

function recordOf(tee: (typeof TEES)[number]): Uint8Array {
  const { statement, checkpoint, quote } = captured({ size: 7, tee })
  const { evidence, parts } = splitQuote(quote)
  return encodeEvidenceRecord({
    session: sessionDigest('session'),
    statement,
    checkpoint: checkpoint.note,
    quoteIndex: 9,
    evidence,
    parts,
  })
}

/** The record with one member of its JSON changed. */
function changed(change: (members: Record<string, unknown>) => void): Uint8Array {
  const members: Record<string, unknown> = JSON.parse(decodeUtf8(recordOf('snp')))
  change(members)
  return encodeUtf8(JSON.stringify(members))
}

const base64 = (text: string): string => Buffer.from(text).toString('base64url')
const TEXT = 'text/plain; charset=utf-8'

describe('a record', () => {
  it.each(TEES)('of %s gives back what was captured, octet by octet', (tee) => {
    const evidence = captured({ size: 7, tee })
    const { record, place } = decodeEvidenceRecord(recordOf(tee))
    const { octets } = splitQuote(evidence.quote)
    const quote = joinQuote({ evidence: record.evidence, parts: record.parts, octets })
    expect(quote).toEqual(evidence.quote)
    expect(exportArchive({ ...evidence, quote })).toEqual(exportArchive(evidence))
    expect(decodeArchive(exportArchive(evidence)).quote).toEqual(evidence.quote)
    expect(place).toMatchObject({ size: 7, session: sessionDigest('session'), quoteIndex: 9 })
  })

  it('holds no octet of what quotes share', () => {
    for (const tee of TEES) {
      const { quote } = captured({ size: 7, tee })
      const stored = decodeUtf8(recordOf(tee))
      for (const octets of splitQuote(quote).octets.values())
        expect(stored).not.toContain(Buffer.from(octets).toString('base64url'))
    }
  })

  it('without endorsements stays without', () => {
    const quote = { ...ENDORSED.snp('report'), endorsements: undefined }
    const { evidence, parts, octets } = splitQuote(quote)
    expect(joinQuote({ evidence, parts, octets })).toEqual(quote)
  })

  it.each<readonly [string, (members: Record<string, unknown>) => void]>([
    ['an unknown member', (m) => Object.assign(m, { more: 1 })],
    ['a missing one', (m) => delete m['checkpoint']],
    ['another type tag', (m) => Object.assign(m, { __cmwc_t: 'urn:countersign:archive:1' })],
    [
      'the digest of another session',
      (m) => Object.assign(m, { session: [TEXT, base64(`sha256:${'0'.repeat(64)}`), 4] }),
    ],
    [
      'the note of another checkpoint',
      (m) => Object.assign(m, { checkpoint: [TEXT, base64(captured({ size: 8 }).checkpoint.note), 4] }),
    ],
    ['an index below its checkpoint', (m) => Object.assign(m, { 'quote-index': [TEXT, base64('6'), 4] })],
    ['an index with a zero before it', (m) => Object.assign(m, { 'quote-index': [TEXT, base64('09'), 4] })],
    [
      'a reference of another length',
      (m) => Object.assign(m, { auxblob: ['application/octet-stream', base64('x'), 4] }),
    ],
    ['endorsements that hold none', (m) => Object.assign(m, { endorsements: {} })],
    [
      'more parts than any platform has',
      (m) =>
        Object.assign(m, {
          endorsements: Object.fromEntries(
            Array.from({ length: 33 }, (_, i) => [
              `crl-${i}`,
              ['application/pkix-crl', Buffer.alloc(32).toString('base64url'), 2],
            ]),
          ),
        }),
    ],
  ])('is refused with %s', (_what, change) => {
    expect(() => decodeEvidenceRecord(changed(() => {}))).not.toThrow()
    expect(() => decodeEvidenceRecord(changed(change))).toThrow(expect.objectContaining({ code: 'ERR_MALFORMED' }))
  })

  it('is not joined with octets that hash to something else, nor without a part', () => {
    const { evidence, parts, octets } = splitQuote(ENDORSED.snp('report'))
    for (const digest of octets.keys()) {
      const altered = new Map(octets).set(digest, encodeUtf8('of the host'))
      expect(() => joinQuote({ evidence, parts, octets: altered })).toThrow('not those of its digest')
      const missing = new Map(octets)
      missing.delete(digest)
      expect(() => joinQuote({ evidence, parts, octets: missing })).toThrow('not those of its digest')
    }
    expect(() => joinQuote({ evidence, parts: parts.filter(({ name }) => name !== 'auxblob'), octets })).toThrow(
      'goes with',
    )
  })
})
