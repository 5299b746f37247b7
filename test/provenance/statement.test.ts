/** The statement inside a bundle: what its signer, who may be anybody until judged, can write there. */
import { describe, expect, test } from 'vitest'
import { decodeStatement } from '../../src/provenance/statement.ts'
import { failureOf } from '../kit/failure-of.ts'

const digest = '5a'.repeat(32)
const subject = { name: 'measurements.json', digest: { sha256: digest } }
const STATEMENT = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [subject],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: { verificationResult: 'PASSED' },
}
const spelled = (change: object): Uint8Array => Buffer.from(JSON.stringify({ ...STATEMENT, ...change }))

describe('a statement', () => {
  test('names what it is about, by digest alone, and what kind of claim it is', () => {
    const two = { subject: [subject, { name: 'measurements.json', digest: { sha256: '5b'.repeat(32), sha512: 'x' } }] }
    expect(decodeStatement(spelled(two))).toMatchObject({
      predicateType: STATEMENT.predicateType,
      subjects: [`sha256:${digest}`, `sha256:${'5b'.repeat(32)}`],
    })
    expect(decodeStatement(spelled({ predicate: undefined })).predicate).toBeNull()
  })

  test.each<[string, object]>([
    ['another version', { _type: 'https://in-toto.io/Statement/v0.1' }],
    ['no type of predicate', { predicateType: undefined }],
    ['several types of predicate', { predicateType: [STATEMENT.predicateType] }],
    ['no list of subjects', { subject }],
    ['no subject', { subject: [] }],
    ['a subject without SHA-256 beside one that has it', { subject: [subject, { digest: { sha512: digest } }] }],
    ['a digest in capitals', { subject: [{ digest: { sha256: digest.toUpperCase() } }] }],
    ['a digest that goes on', { subject: [{ digest: { sha256: `${digest}00` } }] }],
    ['a digest with a line behind it', { subject: [{ digest: { sha256: `${digest}\n` } }] }],
    ['a list of digests', { subject: [{ digest: { sha256: [digest] } }] }],
    ['more subjects than any release has', { subject: Array(1_025).fill(subject) }],
  ])('is refused with %s', (_name, change) => {
    expect(failureOf(() => decodeStatement(spelled(change)))).toBe('PROVENANCE_FORMAT')
  })

  test.each<[string, string, string]>([
    ['subjects twice', '"subject":[],"subject":', 'JSON_DUPLICATE_KEY'],
    ['a key of every object', '"__proto__":{"sha256":"x"},"subject":', 'JSON_UNSAFE_KEY'],
    ['a number that is none', '"x":1e400,"subject":', 'JSON_NUMBER_RANGE'],
  ])('is refused with %s', (_name, text, code) => {
    const source = Buffer.from(JSON.stringify(STATEMENT).replace('"subject":', text))
    expect(failureOf(() => decodeStatement(source))).toBe(code)
  })

  test('is refused where it is no UTF-8, or nothing', () => {
    const source = Buffer.from(JSON.stringify(STATEMENT).replace('measurements', '\u00ff'), 'latin1')
    expect(failureOf(() => decodeStatement(source))).toBe('UTF8_INVALID')
    expect(failureOf(() => decodeStatement(Buffer.alloc(0)))).toMatch(/^JSON_/)
  })
})
