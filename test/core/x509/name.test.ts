/** Names: the strings that are read, and those that are not. */
import { describe, expect, it } from 'vitest'
import { decodeName } from '../../../src/core/x509/name.ts'
import { encodeDer, objectIdentifier, sequence, setOf, utf8String } from '../../../src/simulator/der-writer.ts'

const failing = expect.objectContaining({ failure: 'X509_MALFORMED' })
const UTF8 = 0x0c
const PRINTABLE = 0x13
const TELETEX = 0x14
const IA5 = 0x16
const UNIVERSAL = 0x1c
const BMP = 0x1e
const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const attribute = (oid: string, value: Uint8Array): Uint8Array => sequence(objectIdentifier(oid), value)
const commonName = (tag: number, content: Uint8Array): Uint8Array =>
  sequence(setOf(attribute('2.5.4.3', encodeDer(tag, content))))

describe('decodeName', () => {
  it('reads every attribute, in order, and shows it for people', () => {
    const der = sequence(
      setOf(attribute('2.5.4.6', encodeDer(PRINTABLE, octets('US')))),
      setOf(attribute('2.5.4.8', utf8String('CA'))),
      setOf(attribute('2.5.4.7', utf8String('Santa Clara'))),
      setOf(attribute('2.5.4.10', utf8String('A, B "C"'))),
      setOf(attribute('2.5.4.11', utf8String(' x ')), attribute('1.2.3', utf8String('#y'))),
      setOf(attribute('2.5.4.3', utf8String('one'))),
      setOf(attribute('2.5.4.3', utf8String('zwölf'))),
    )
    const name = decodeName(der)
    expect(name.der).toBe(der)
    expect(name.text).toBe('C=US, ST=CA, L=Santa Clara, O=A\\, B \\"C\\", OU=\\ x\\ +1.2.3=\\#y, CN=one, CN=zwölf')
    expect(name.commonNames).toEqual(['one', 'zwölf'])
    expect(name.organizations).toEqual(['A, B "C"'])
  })

  it.each([
    ['UTF8String', UTF8, octets('abc'), 'abc'],
    ['PrintableString', PRINTABLE, octets("a-Z 0'()+,./:=?"), "a-Z 0'()+,./:=?"],
    ['IA5String', IA5, octets('a@b'), 'a@b'],
    ['TeletexString of ASCII', TELETEX, octets('abc'), 'abc'],
    ['BMPString', BMP, Uint8Array.of(0, 0x61, 0x20, 0xac), 'a€'],
  ])('reads %s', (_, tag, content, text) => {
    expect(decodeName(commonName(tag, content)).commonNames).toEqual([text])
  })

  it.each([
    ['UniversalString', commonName(UNIVERSAL, Uint8Array.of(0, 0, 0, 0x61))],
    ['OCTET STRING', commonName(4, octets('abc'))],
    ['UTF8String that is none', commonName(UTF8, Uint8Array.of(0xff))],
    ['PrintableString with other letters', commonName(PRINTABLE, octets('a@b'))],
    ['IA5String beyond ASCII', commonName(IA5, octets('\u00e9'))],
    ['TeletexString beyond ASCII', commonName(TELETEX, octets('\u00e9'))],
    ['BMPString of odd length', commonName(BMP, Uint8Array.of(0, 0x61, 0))],
    ['BMPString with a surrogate', commonName(BMP, Uint8Array.of(0xd8, 0x00, 0xdc, 0x00))],
    ['empty string', commonName(UTF8, octets(''))],
    ['line break', commonName(UTF8, octets('a\nb'))],
    ['escape sequence', commonName(UTF8, octets('\u001b[2J'))],
    ['attribute without value', sequence(setOf(sequence(objectIdentifier('2.5.4.3'))))],
    [
      'attribute with two values',
      sequence(setOf(sequence(objectIdentifier('2.5.4.3'), utf8String('a'), utf8String('b')))),
    ],
    ['attribute without type', sequence(setOf(sequence(utf8String('a'), utf8String('b'))))],
    ['empty part', sequence(setOf())],
    ['part that is no set', sequence(attribute('2.5.4.3', utf8String('a')))],
    ['set in its place', setOf()],
    ['cut name', commonName(UTF8, octets('abc')).slice(0, -1)],
  ])('[X9] rejects a name with a %s', (_, der) => {
    expect(() => decodeName(der)).toThrow(failing)
  })
})
