/** Reading certificates: names, times, keys, signatures, and what is not accepted in their place. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import {
  checkRawEcdsaSignature,
  decodeCertificate,
  decodeEcdsaSignature,
  decodeKeyKind,
} from '../../../src/core/x509/index.ts'
import { decodeTime } from '../../../src/core/x509/time.ts'
import {
  bitString,
  encodeDer,
  explicit,
  integerOctets,
  objectIdentifier,
  octetString,
  sequence,
  time,
  unsigned,
} from '../../../src/simulator/der-writer.ts'
import {
  caConstraints,
  type ExtensionTemplate,
  issueCertificate,
  spkiOf,
} from '../../../src/simulator/issue-certificate.ts'
import { makeChain } from './issue.ts'

const failing = (failure: string) => expect.objectContaining({ failure })
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const withExtensions = (...extensions: readonly ExtensionTemplate[]): Uint8Array => {
  let made = new Uint8Array()
  makeChain(0, [
    (template) => {
      made = new Uint8Array(issueCertificate({ ...template, extensions }, privateKey))
      return template
    },
  ])
  return made
}

describe('decodeCertificate', () => {
  it('reads what a certificate says', () => {
    const [leaf = new Uint8Array(), root = new Uint8Array()] = makeChain(0).path
    const certificate = decodeCertificate(leaf)
    expect(certificate).toMatchObject({
      version: 3,
      subject: { text: 'CN=certificate 0', commonNames: ['certificate 0'], organizations: [] },
      issuer: { commonNames: ['certificate 1'] },
      notBefore: new Date('2026-11-21T11:59:59Z'),
      notAfter: new Date('2026-11-21T12:00:01Z'),
      keyUsage: ['digitalSignature'],
      signatureScheme: { algorithm: 'ES384' },
    })
    expect(certificate.basicConstraints).toBeUndefined()
    expect(certificate.raw).toEqual(leaf)
    expect(decodeCertificate(root)).toMatchObject({ basicConstraints: { ca: true }, keyUsage: ['keyCertSign'] })
  })

  it.each([
    ['nothing', new Uint8Array(), 'EVIDENCE_TRUNCATED'],
    ['another element', encodeDer(0x31), 'DER_INVALID'],
    ['an empty SEQUENCE', sequence(), 'X509_MALFORMED'],
    ['a SEQUENCE of something else', sequence(sequence(), sequence(), bitString(new Uint8Array())), 'X509_MALFORMED'],
  ])('[X9] rejects %s', (_, bytes, failure) => {
    expect(() => decodeCertificate(bytes)).toThrow(failing(failure))
  })

  it('[X9] rejects extensions that are malformed', () => {
    const constraints = (value: Uint8Array) => withExtensions({ ...caConstraints(), value })
    expect(() => decodeCertificate(constraints(sequence(Uint8Array.of(1, 1, 1))))).toThrow(failing('DER_INVALID'))
    expect(() => decodeCertificate(constraints(sequence(unsigned(1), unsigned(2))))).toThrow(failing('X509_MALFORMED'))
    expect(() => decodeCertificate(constraints(sequence(integerOctets(Uint8Array.of(0xff)))))).toThrow(
      failing('DER_INVALID'),
    )
    const usage = (value: Uint8Array) => withExtensions({ oid: '2.5.29.15', critical: true, value })
    expect(() => decodeCertificate(usage(bitString(Uint8Array.of(0x04), 8)))).toThrow(failing('X509_MALFORMED'))
    expect(() => decodeCertificate(usage(bitString(Uint8Array.of(0x05), 1)))).toThrow(failing('X509_MALFORMED'))
    expect(() => decodeCertificate(usage(bitString(Uint8Array.of(0x00), 1)))).toThrow(failing('X509_MALFORMED'))
    expect(() => decodeCertificate(usage(octetString(Uint8Array.of(0x80))))).toThrow(failing('DER_INVALID'))
  })
})

describe('decodeTime', () => {
  const text = (tag: number, value: string) => ({
    tag,
    content: Uint8Array.from(value, (c) => c.charCodeAt(0)),
    raw: new Uint8Array(),
  })

  it('reads the two forms of RFC 5280', () => {
    expect(decodeTime(text(0x17, '491231235959Z'))).toEqual(new Date('2049-12-31T23:59:59Z'))
    expect(decodeTime(text(0x17, '500101000000Z'))).toEqual(new Date('1950-01-01T00:00:00Z'))
    expect(decodeTime(text(0x18, '99991231235959Z'))).toEqual(new Date('9999-12-31T23:59:59Z'))
    expect(time(new Date('2051-02-03T04:05:06Z'))).toEqual(encodeDer(0x18, text(0, '20510203040506Z').content))
  })

  it.each([
    [0x17, '2611211200Z'],
    [0x17, '261121120000+0100'],
    [0x17, '260230000000Z'],
    [0x17, '261121240000Z'],
    [0x18, '20261121120000.5Z'],
    [0x18, '20261121120000'],
    [0x04, '20261121120000Z'],
    [0x17, '20261121120000Z'],
  ])('rejects tag %i with %s', (tag, value) => {
    expect(() => decodeTime(text(tag, value))).toThrow(failing('X509_MALFORMED'))
  })
})

describe('decodeKeyKind', () => {
  it('names the kinds that platforms use', () => {
    const ec = (namedCurve: string) => spkiOf(generateKeyPairSync('ec', { namedCurve }).publicKey)
    expect(decodeKeyKind(ec('P-256'))).toBe('P-256')
    expect(decodeKeyKind(ec('P-384'))).toBe('P-384')
    expect(decodeKeyKind(spkiOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey))).toBe('RSA-1024')
  })

  it('[X12] rejects RSA keys that are malformed', () => {
    const rsa = (n: Uint8Array, e: Uint8Array) =>
      sequence(sequence(objectIdentifier('1.2.840.113549.1.1.1'), encodeDer(5)), bitString(sequence(n, e)))
    const modulus = integerOctets(Uint8Array.of(0, 0x80, 1))
    const exponent = unsigned(65_537)
    expect(decodeKeyKind(rsa(modulus, exponent))).toBe('RSA-16')
    expect(() => decodeKeyKind(rsa(modulus, unsigned(3)))).toThrow(failing('X509_BAD_KEY'))
    expect(() => decodeKeyKind(rsa(modulus, integerOctets(Uint8Array.of(1, 0, 1, 0, 1, 0, 1))))).toThrow(
      failing('X509_BAD_KEY'),
    )
    expect(() => decodeKeyKind(rsa(integerOctets(Uint8Array.of(0x80, 1)), exponent))).toThrow(failing('X509_BAD_KEY'))
    expect(() => decodeKeyKind(rsa(integerOctets(Uint8Array.of(0, 1)), exponent))).toThrow(failing('X509_BAD_KEY'))
    expect(() => decodeKeyKind(explicit(0))).toThrow(failing('DER_INVALID'))
  })
})

describe('decodeEcdsaSignature', () => {
  const integer = (...octets: number[]) => integerOctets(Uint8Array.from(octets))
  const N384 = concatBytes(
    new Uint8Array(24).fill(0xff),
    Buffer.from('c7634d81f4372ddf581a0db248b0a77aecec196accc52973', 'hex'),
  )

  it('gives r and s as they were signed', () => {
    const data = new Uint8Array(10)
    for (let round = 0; round < 20; round++) {
      const der = new Uint8Array(sign('sha384', data, { key: privateKey, dsaEncoding: 'der' }))
      const raw = decodeEcdsaSignature(der, 'ES384')
      expect(raw).toHaveLength(96)
      const again = [raw.slice(0, 48), raw.slice(48)].map((half) => {
        const digits = half.slice(half.findIndex((octet) => octet !== 0))
        return integer(...((digits[0] ?? 0) >= 0x80 ? [0] : []), ...digits)
      })
      expect(sequence(...again)).toEqual(der)
    }
  })

  it.each([
    ['r of zero', sequence(integer(0), integer(1))],
    ['s of zero', sequence(integer(1), integer(0))],
    ['a negative r', sequence(integer(0x80), integer(1))],
    ['a padded r', sequence(integer(0, 1), integer(1))],
    ['an empty r', sequence(integer(), integer(1))],
    ['r equal to the order', sequence(integer(0, ...N384), integer(1))],
    ['r longer than the order', sequence(integer(1, ...new Uint8Array(49)), integer(1))],
    ['three integers', sequence(integer(1), integer(1), integer(1))],
    ['one integer', sequence(integer(1))],
    ['another type', sequence(octetString(Uint8Array.of(1)), integer(1))],
    ['bytes behind it', concatBytes(sequence(integer(1), integer(1)), Uint8Array.of(0))],
    ['a length in long form', Uint8Array.of(0x30, 0x81, 0x06, 2, 1, 1, 2, 1, 1)],
    ['nothing', new Uint8Array()],
  ])('[X20] rejects %s', (_, der) => {
    expect(() => decodeEcdsaSignature(der, 'ES384')).toThrow(failing('SIG_MALFORMED'))
  })
})

describe('checkRawEcdsaSignature', () => {
  const order = new Uint8Array(Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex'))
  const below = order.map((octet, at) => (at === 31 ? octet - 1 : octet))
  const one = new Uint8Array(32).fill(0, 0, 31).map((_, at) => (at === 31 ? 1 : 0))
  const zero = new Uint8Array(32)

  it('gives back what is in range', () => {
    for (const [r, s] of [
      [one, below],
      [below, one],
    ] as const)
      expect(checkRawEcdsaSignature(concatBytes(r, s), 'ES256')).toEqual(concatBytes(r, s))
  })

  it.each([
    ['r of zero', concatBytes(zero, one)],
    ['s of zero', concatBytes(one, zero)],
    ['r equal to the order', concatBytes(order, one)],
    ['s equal to the order', concatBytes(one, order)],
    ['r above the order', concatBytes(new Uint8Array(32).fill(0xff), one)],
    ['one octet too few', concatBytes(one, one).slice(1)],
    ['one octet too many', concatBytes(one, one, Uint8Array.of(0))],
    ['the size of P-384', new Uint8Array(96).fill(1)],
    ['DER', sequence(unsigned(1), unsigned(1))],
    ['nothing', new Uint8Array()],
  ])('[X20] rejects %s', (_, raw) => {
    expect(() => checkRawEcdsaSignature(raw, 'ES256')).toThrow(failing('SIG_MALFORMED'))
  })
})
