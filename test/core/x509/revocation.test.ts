/** What fixtures cannot hold about revocation: sizes, going back in time, and what is remembered of lists. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Crl, decodeCrl, matchCrlNumber, type PathProfile, verifyPath } from '../../../src/core/x509/index.ts'
import { authorityKeyId, caConstraints, keyIdOf, keyUsage, spkiOf } from '../../../src/simulator/issue-certificate.ts'
import { type CrlTemplate, issueCrl } from '../../../src/simulator/issue-crl.ts'
import { judgeFixture, readFixture } from './fixture.ts'
import { AT, type Chain, keyAt, makeChain, STRICT } from './issue.ts'

const failing = (failure: string) => expect.objectContaining({ failure })
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const keyId = (key: KeyObject): Uint8Array => keyIdOf(spkiOf(createPublicKey(key)))
const shifted = (ms: number): Date => new Date(AT.getTime() + ms)

const TEMPLATE: CrlTemplate = {
  version: 2,
  issuer: [['2.5.4.3', 'certificate 1']],
  thisUpdate: shifted(-1000),
  nextUpdate: shifted(1000),
  number: 7,
  revoked: [],
  extensions: [authorityKeyId(keyId(privateKey))],
  scheme: 'ES384',
}

const listWith = (changes: Partial<CrlTemplate> = {}): Uint8Array => issueCrl({ ...TEMPLATE, ...changes }, privateKey)
const crl = (changes?: Partial<CrlTemplate>): Crl => decodeCrl(listWith(changes))
const entries = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    serial: Uint8Array.of(1, index >> 16, (index >> 8) & 0xff, index & 0xff),
    date: AT,
  }))

describe('decodeCrl', () => {
  it('reads what a list says', () => {
    const list = crl({ revoked: [{ serial: Uint8Array.of(0, 0x80), date: AT }] })
    expect(list).toMatchObject({
      issuer: { text: 'CN=certificate 1' },
      thisUpdate: shifted(-1000),
      nextUpdate: shifted(1000),
      number: 7n,
      authorityKeyId: keyId(privateKey),
      signatureScheme: { algorithm: 'ES384' },
    })
    expect([...list.revoked]).toEqual([['0080', { date: AT }]])
  })

  it('keeps octets of its own', () => {
    const given = listWith()
    const list = decodeCrl(given)
    const before = list.tbs.slice()
    given.fill(0)
    expect(list.tbs).toEqual(before)
  })

  it('[X19] rejects lists that are larger than any genuine one before it reads them', () => {
    expect(() => decodeCrl(new Uint8Array(512 * 1024 + 1))).toThrow(failing('X509_LIMIT'))
    expect(crl({ revoked: entries(10_000) }).revoked.size).toBe(10_000)
    expect(() => crl({ revoked: entries(10_001) })).toThrow(failing('X509_LIMIT'))
  })

  it('[X17] rejects a list that is cut at any octet, or has one altered length', () => {
    const list = listWith({ revoked: entries(2) })
    for (let size = 0; size < list.length; size++)
      expect(() => decodeCrl(list.subarray(0, size))).toThrow(failing('CRL_MALFORMED'))
    for (const length of [0x00, 0x7f, 0x80, 0x84, 0xff])
      expect(() => decodeCrl(list.map((octet, at) => (at === 1 ? length : octet)))).toThrow(failing('CRL_MALFORMED'))
  })
})

describe('matchCrlNumber', () => {
  it('takes the same list again, and newer ones', () => {
    expect(matchCrlNumber(crl(), crl())).toEqual({ ok: true })
    expect(matchCrlNumber(crl(), crl({ number: 8 }))).toEqual({ ok: true })
    expect(matchCrlNumber(crl(), crl({ thisUpdate: AT }))).toEqual({ ok: true })
  })

  it('[X18] rejects a list with a lower number than the one before', () => {
    expect(matchCrlNumber(crl(), crl({ number: 6 }))).toMatchObject({ ok: false, code: 'CRL_ROLLBACK' })
    expect(matchCrlNumber(crl(), crl({ number: 6, thisUpdate: AT }))).toMatchObject({ code: 'CRL_ROLLBACK' })
  })

  it('[X18] rejects an older list with the same number, or a higher one', () => {
    for (const number of [7, 8])
      expect(matchCrlNumber(crl({ thisUpdate: AT }), crl({ number }))).toMatchObject({ code: 'CRL_ROLLBACK' })
  })

  it('[X18] compares lists of one issuer and key alone', () => {
    const other = { extensions: [authorityKeyId(new Uint8Array(20))] }
    expect(matchCrlNumber(crl(), crl(other))).toMatchObject({ code: 'CRL_BAD_ISSUER' })
    expect(matchCrlNumber(crl(), crl({ issuer: [['2.5.4.3', 'other']] }))).toMatchObject({ code: 'CRL_BAD_ISSUER' })
  })
})

describe('verifyPath with lists', () => {
  it('[X16] judges the time of a list anew after it has proven it', async () => {
    const fixture = readFixture('lists')
    const at = (ms: number) => judgeFixture(fixture, { at: new Date(fixture.options.at.getTime() + ms) })
    expect(await at(0)).toMatchObject({ ok: true })
    const short = readFixture('list-last-second')
    expect(await judgeFixture(short)).toMatchObject({ ok: true })
    const later = new Date(short.options.at.getTime() + 1000)
    expect(await judgeFixture(short, { at: later })).toMatchObject({ ok: false, code: 'CRL_EXPIRED' })
  })

  it('[X17] does not take a list that it has proven under one certificate for proven under another', async () => {
    const issuing = (usage: number) =>
      makeChain(1, [undefined, (t) => ({ ...t, extensions: [caConstraints(), keyUsage(usage)] })])
    const profile: PathProfile = { ...STRICT, revocable: 'none' }
    const crls = [issueCrl({ ...TEMPLATE, extensions: [authorityKeyId(new Uint8Array(20))] }, keyAt(1))]
    const judge = ({ path, roots }: Chain) => verifyPath(path, profile, { at: AT, roots, revocation: { crls } })
    expect(await judge(issuing(0x06))).toMatchObject({ ok: true })
    expect(await judge(issuing(0x04))).toMatchObject({ ok: false, code: 'CRL_BAD_ISSUER' })
    expect(await judge(issuing(0x06))).toMatchObject({ ok: true })
  })

  it('[X19] rejects more lists than any vendor has', async () => {
    const fixture = readFixture('lists')
    const list = listWith()
    const revocation = { crls: Array.from({ length: 17 }, () => list) }
    expect(await judgeFixture(fixture, { revocation })).toMatchObject({ ok: false, code: 'X509_LIMIT' })
  })

  it('[X19] judges the largest lists that it takes in bounded time', async () => {
    const fixture = readFixture('lists')
    const revocation = { crls: [listWith({ revoked: entries(10_000) })] }
    await judgeFixture(fixture, { revocation })
    const begin = performance.now()
    expect(await judgeFixture(fixture, { revocation })).toMatchObject({ ok: false, code: 'CRL_MISSING' })
    expect(performance.now() - begin).toBeLessThan(500)
  })
})
