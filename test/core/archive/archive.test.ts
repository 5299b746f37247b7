import { describe, expect, it } from 'vitest'
import { type Archive, decodeArchive, encodeArchive, MAX_ARCHIVE_SIZE } from '../../../src/core/archive/index.ts'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { encodeCbor } from '../../../src/core/encoding/cbor-encode.ts'
import type { JsonValue } from '../../../src/core/encoding/json.ts'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { MalformedError } from '../../../src/errors.ts'

const octets = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill)
const insert = encodeUtf8('"other-name"')

const BARE: Archive = {
  quote: {
    tee: 'snp',
    report: octets(1184, 1),
    auxblob: octets(300, 2),
    endorsements: { vcek: octets(90, 3), ask: octets(91, 4), ark: octets(92, 5) },
  },
  session: encodeUtf8('{"session":true}'),
  statement: encodeUtf8('{"statement":true}'),
}
const PROOF = 'c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint \u2014\n'
const FULL: Archive = {
  ...BARE,
  receipt: 'a.b.c~d~',
  proof: PROOF,
  quoteProof: `${PROOF}\u2014 witness\n`,
  consistency: [octets(32, 6), octets(32, 7)],
  genesis: encodeUtf8('{"previous":null}'),
  genesisProof: PROOF,
  result: encodeUtf8('{"submods":{}}'),
  inserts: new Map([[digestUri(insert), insert]]),
  request: { mediaType: 'application/json', octets: encodeUtf8('{}') },
  response: { mediaType: 'text/event-stream', octets: encodeUtf8('data: [DONE]\n\n') },
}

type Json = Record<string, JsonValue>

/** The archive's JSON with one change. */
function changed(change: (json: Json) => Json): Uint8Array {
  const json: Json = JSON.parse(decodeUtf8(encodeArchive(FULL)))
  return encodeUtf8(JSON.stringify(change(json)))
}

function failureOf(bytes: Uint8Array): string {
  try {
    decodeArchive(bytes)
  } catch (error) {
    if (error instanceof MalformedError) return error.failure
    throw error
  }
  return 'accepted'
}

const LINE = `${'A'.repeat(43)}=`

const role =
  (name: string, ind: number) =>
  (json: Json): Json => {
    const record = json[name]
    if (!Array.isArray(record)) throw new Error(`no record ${name}`)
    return { ...json, [name]: [record[0], record[1], ind] }
  }

const hashes =
  (text: string) =>
  (json: Json): Json => ({
    ...json,
    consistency: ['text/plain; charset=us-ascii', encodeBase64Url(encodeUtf8(text)), 4],
  })

describe('archive', () => {
  it('gives back what was put in, with and without the optional records', () => {
    expect(decodeArchive(encodeArchive(BARE))).toEqual(BARE)
    expect(decodeArchive(encodeArchive(FULL))).toEqual(FULL)
  })

  it('writes records as media type, base64url and role under the type tag', () => {
    const json = JSON.parse(decodeUtf8(encodeArchive(FULL)))
    expect(json.__cmwc_t).toBe('urn:countersign:archive:1')
    expect(json.receipt).toEqual(['application/eat+jwt', encodeBase64Url(encodeUtf8('a.b.c~d~')), 4])
    expect(json.endorsements.vcek).toEqual(['application/pkix-cert', encodeBase64Url(octets(90, 3)), 2])
    expect(json.evidence[0]).toBe('application/vnd.veraison.tsm-report+cbor; provider=sev_guest')
  })

  it('gives back the octets that it was read from', () => {
    for (const archive of [BARE, FULL, { ...BARE, consistency: [] }]) {
      const bytes = encodeArchive(archive)
      expect(encodeArchive(decodeArchive(bytes))).toEqual(bytes)
    }
  })

  it('writes a chain in one order, whatever that of the object', () => {
    const chains = [
      { ark: octets(92, 5), ask: octets(91, 4), vcek: octets(90, 3) },
      { vcek: octets(90, 3), ask: octets(91, 4), ark: octets(92, 5) },
    ]
    const [one, other] = chains.map((endorsements) =>
      encodeArchive({ ...BARE, quote: { tee: 'snp', report: octets(9, 1), auxblob: octets(0, 0), endorsements } }),
    )
    expect(one).toEqual(other)
  })

  it('marks a result as one, apart from evidence', () => {
    const json = JSON.parse(decodeUtf8(encodeArchive(FULL)))
    expect(json.result[2]).toBe(8)
    expect(json['quote-proof'][2]).toBe(4)
  })

  it('refuses to write what no reader takes', () => {
    const request = { mediaType: 'application/json', octets: octets(MAX_ARCHIVE_SIZE, 0x20) }
    expect(() => encodeArchive({ ...BARE, request })).toThrow('at most')
  })

  const refused: readonly (readonly [string, string, (json: Json) => Json])[] = [
    ['another type tag', 'PARSE_INVALID', (json) => ({ ...json, __cmwc_t: 'urn:countersign:archive:2' })],
    ['no type tag', 'PARSE_INVALID', ({ __cmwc_t: _, ...json }) => json],
    ['an unknown record', 'PARSE_INVALID', (json) => ({ ...json, extra: ['text/plain', '', 4] })],
    ['no session', 'PARSE_INVALID', ({ session: _, ...json }) => json],
    ['another media type', 'PARSE_INVALID', (json) => ({ ...json, receipt: ['text/plain', '', 4] })],
    ['another role', 'PARSE_INVALID', (json) => ({ ...json, receipt: ['application/eat+jwt', '', 2] })],
    ['a fourth element', 'PARSE_INVALID', (json) => ({ ...json, receipt: ['application/eat+jwt', '', 4, 4] })],
    ['padded base64', 'BASE64_STRICT', (json) => ({ ...json, receipt: ['application/eat+jwt', 'YQ==', 4] })],
    [
      'a receipt that is not ASCII',
      'PARSE_INVALID',
      (json) => ({ ...json, receipt: ['application/eat+jwt', 'w7w', 4] }),
    ],
    [
      'an unknown endorsement',
      'PARSE_INVALID',
      (json) => ({ ...json, endorsements: { ...Object(json['endorsements']), crl: ['a/b', '', 2] } }),
    ],
    [
      'a chain without its root',
      'PARSE_INVALID',
      (json) => ({ ...json, endorsements: { ...Object(json['endorsements']), ark: undefined } }),
    ],
    ['a result that claims to be evidence', 'PARSE_INVALID', role('result', 4)],
    ['a proof that claims to be a result', 'PARSE_INVALID', role('quote-proof', 8)],
    [
      'a genesis record of another type',
      'PARSE_INVALID',
      (json) => ({ ...json, genesis: ['application/json', 'e30', 4] }),
    ],
    ['a consistency proof without its last line feed', 'PARSE_INVALID', hashes(`${LINE}\n${LINE}`)],
    ['a consistency proof with an empty line', 'PARSE_INVALID', hashes(`${LINE}\n\n`)],
    ['a consistency proof with a carriage return', 'PARSE_INVALID', hashes(`${LINE}\r\n`)],
    ['a consistency proof with a short hash', 'PARSE_INVALID', hashes('AAAA\n')],
    ['a consistency proof in loose base64', 'BASE64_STRICT', hashes(`${LINE.slice(0, -2)}B=\n`)],
    ['a consistency proof of 64 hashes', 'PARSE_INVALID', hashes(`${LINE}\n`.repeat(64))],
    [
      'an insert under a name that it does not hash to',
      'PARSE_INVALID',
      (json) => ({ ...json, [`insert/${'0'.repeat(64)}`]: ['application/octet-stream', '', 4] }),
    ],
    [
      'an insert with a loose name',
      'PARSE_INVALID',
      (json) => ({ ...json, 'insert/../x': ['application/octet-stream', '', 4] }),
    ],
    [
      'a quote that is not CBOR',
      'EVIDENCE_TRUNCATED',
      (json) => ({ ...json, evidence: ['application/vnd.veraison.tsm-report+cbor; provider=sev_guest', '', 4] }),
    ],
  ]
  it.each(refused)('rejects %s with %s', (_name, code, change) => {
    expect(failureOf(changed(change))).toBe(code)
  })

  it('rejects a quote whose keys are in another order, or of another provider', () => {
    const type = 'application/vnd.veraison.tsm-report+cbor; provider=sev_guest'
    const evidence = (map: Map<string, Uint8Array | string>): Uint8Array =>
      changed((json) => ({ ...json, evidence: [type, encodeBase64Url(encodeCbor(map)), 4] }))
    const parts = [
      ['auxblob', octets(1, 1)],
      ['outblob', octets(1, 1)],
      ['provider', 'sev_guest'],
    ] as const
    expect(failureOf(evidence(new Map<string, Uint8Array | string>([...parts])))).toBe('accepted')
    expect(failureOf(evidence(new Map<string, Uint8Array | string>([...parts].reverse())))).toBe('PARSE_INVALID')
    expect(
      failureOf(evidence(new Map<string, Uint8Array | string>([parts[0], parts[1], ['provider', 'tdx_guest']]))),
    ).toBe('PARSE_INVALID')
    expect(failureOf(evidence(new Map<string, Uint8Array | string>([parts[0], ['outblob', 'text'], parts[2]])))).toBe(
      'PARSE_INVALID',
    )
  })

  it('rejects a doubled record, an unsafe name, trailing text and an archive beyond 1 MiB', () => {
    const text = decodeUtf8(encodeArchive(FULL))
    expect(failureOf(encodeUtf8(text.replace('{', '{"session":null,')))).toBe('JSON_DUPLICATE_KEY')
    expect(failureOf(encodeUtf8(text.replace('{', '{"__proto__":null,')))).toBe('JSON_UNSAFE_KEY')
    expect(failureOf(encodeUtf8(`${text}x`))).toBe('PARSE_TRAILING')
    expect(failureOf(octets(MAX_ARCHIVE_SIZE + 1, 0x20))).toBe('EVIDENCE_TOO_LARGE')
  })

  it('holds as many inserts as a receipt can name splices, and rejects one more', () => {
    const many = (count: number): Archive => {
      const inserted = Array.from({ length: count }, (_, i) => encodeUtf8(`${i}`))
      return { ...FULL, inserts: new Map(inserted.map((bytes) => [digestUri(bytes), bytes])) }
    }
    expect(failureOf(encodeArchive(many(1_024)))).toBe('accepted')
    expect(failureOf(encodeArchive(many(1_025)))).toBe('EVIDENCE_TOO_LARGE')
  })

  it('rejects a cut at every octet', () => {
    const bytes = encodeArchive(BARE)
    for (let end = 0; end < bytes.length; end += 7) expect(failureOf(bytes.subarray(0, end))).not.toBe('accepted')
  })
})
