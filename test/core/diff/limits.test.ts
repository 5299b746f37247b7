/** What cannot be told, and why: withheld, not at hand, not named, never measured. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Archive } from '../../../src/core/archive/index.ts'
import { archiveSide, diffSides, outcomeOf, type Row, receiptSide, sessionRows } from '../../../src/core/diff/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { decodeSession } from '../../../src/core/evidence/session.ts'
import type { DisclosureName } from '../../../src/core/receipt/disclosures.ts'
import { MODEL, REQUEST } from '../../kit/issue-answer.ts'
import {
  archiveOf,
  changesBetween,
  dependency,
  hex,
  inSession,
  type Planted,
  RELIED_ON,
  rowsBetween,
} from './answers.ts'

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(`attestation-fixtures/${name}`))
}

function unknownOf(rows: readonly Row[]): readonly string[] {
  return rows
    .filter(({ state }) => state === 'unknown')
    .map(({ group, name, reason }) => `${group}: ${name}: ${reason}`)
}

function tokenOf({ receipt }: Archive): string {
  if (receipt === undefined) throw new Error('the kit issued no receipt')
  return receipt
}

/** A token without some of its disclosures. */
function withhold(token: string, names: readonly DisclosureName[]): string {
  return token
    .split('~')
    .filter(
      (part, i) =>
        i === 0 || part === '' || !names.some((name) => Buffer.from(part, 'base64url').includes(`"${name}"`)),
    )
    .join('~')
}

const otherAnswer: Planted = { claims: (claims) => ({ ...claims, jti: 'AAAAAAAAAAAAAAAAAAAAAA' }) }

describe('what cannot be told', () => {
  it('says which side withholds the dependencies, in each role', () => {
    const whole = receiptSide(tokenOf(archiveOf()))
    const part = receiptSide(withhold(tokenOf(archiveOf(otherAnswer)), ['dependencies']))
    const of = (rows: readonly Row[]): readonly string[] =>
      unknownOf(rows).filter((row) => row.includes('dependencies'))
    expect(of(diffSides(whole, part))).toHaveLength(11)
    expect(of(diffSides(whole, part))[0]).toBe('prompt-template: any: dependencies withheld in B')
    expect(of(diffSides(part, whole))[0]).toBe('prompt-template: any: dependencies withheld in A')
    const both = receiptSide(withhold(tokenOf(archiveOf()), ['dependencies']))
    expect(of(diffSides(part, both))[0]).toBe('prompt-template: any: dependencies withheld in both')
  })

  it.each([
    ['exchange', 'upstream: host: exchange withheld in B'],
    ['request', 'request: content: request withheld in B'],
    ['response', 'response: content: response withheld in B'],
    ['forwarded', 'transforms: any: what was forwarded is withheld or was never forwarded in B'],
  ] as const)('says that %s is withheld', (name, row) => {
    const part = receiptSide(withhold(tokenOf(archiveOf(otherAnswer)), [name]))
    const rows = diffSides(receiptSide(tokenOf(archiveOf())), part)
    expect(unknownOf(rows)).toContain(row)
    expect(outcomeOf(rows)).toBe('changed')
  })

  it('comes to unknown where nothing changed and something is withheld, and to changed where one thing did', () => {
    const before = archiveOf()
    const side = archiveSide(before)
    const same = archiveOf({
      claims: (claims) => ({
        ...claims,
        engine: { ...claims.engine, flags: `sha256:${hex('--flags')}` },
        jti: 'AAAAAAAAAAAAAAAAAAAAAA',
      }),
    })
    const part = archiveSide({ ...same, receipt: withhold(tokenOf(same), ['dependencies']) })
    expect(outcomeOf(diffSides(side, part))).toBe('unknown')
    expect(outcomeOf(diffSides(side, archiveSide(same)))).toBe('same')
    expect(outcomeOf(diffSides(side, archiveSide(archiveOf(otherAnswer))))).toBe('changed')
  })

  it('knows that one receipt is itself, whatever each copy withholds', () => {
    const token = tokenOf(archiveOf())
    const rows = diffSides(
      receiptSide(withhold(token, ['dependencies', 'request'])),
      receiptSide(withhold(token, ['request', 'exchange'])),
    )
    expect(outcomeOf(rows)).toBe('same')
  })

  it('takes code and configuration of one session for the same, and of two sessions that are not at hand for unknown', () => {
    const [a, b] = [tokenOf(archiveOf()), tokenOf(archiveOf(otherAnswer))].map(receiptSide)
    if (a === undefined || b === undefined) throw new Error('two sides')
    expect(diffSides(a, b).filter(({ group }) => group === 'code' || group === 'configuration')).toMatchObject([
      { name: 'session', state: 'same' },
    ])
    const elsewhere = receiptSide(tokenOf(archiveOf({ session: (session) => ({ ...session, epoch: 1 }) })))
    expect(unknownOf(diffSides(a, elsewhere))).toEqual([
      'code: measured registers: no quote at hand in both',
      'code: software: no session at hand in both',
      'platform: TEE: no quote at hand in both',
      'configuration: measured-config: no session at hand in both',
      'weights: vouched for by: no session at hand in both',
    ])
  })

  it('lends the session of an archive to a receipt that names the same one', () => {
    const rows = diffSides(archiveSide(archiveOf()), receiptSide(tokenOf(archiveOf())))
    expect(unknownOf(rows)).toEqual([])
    expect(rows).toContainEqual(expect.objectContaining({ group: 'configuration', state: 'same' }))
  })

  it('says nothing of weights that nobody measured, even under one name', () => {
    const unmeasured: Planted = { claims: (claims) => ({ ...claims, model: { ...MODEL, digest: 'none' } }) }
    const other: Planted = {
      claims: (claims) => ({ ...claims, model: { ...MODEL, digest: 'none' }, jti: 'AAAAAAAAAAAAAAAAAAAAAA' }),
    }
    expect(unknownOf(rowsBetween(archiveOf(unmeasured), archiveOf(other)))).toEqual([
      'weights: digest: nobody measured the weights of either answer',
    ])
  })

  it('says nothing of versions that no gateway knew', () => {
    const unknown = (jti: string): Planted => ({
      claims: (claims) => ({ ...claims, jti, engine: { ...claims.engine, version: 'unknown' } }),
    })
    const rows = rowsBetween(archiveOf(unknown('AAAAAAAAAAAAAAAAAAAAAA')), archiveOf(unknown('AAAAAAAAAAAAAAAAAAAAAQ')))
    expect(unknownOf(rows)).toEqual(['engine: version: neither gateway knew the version of its engine'])
  })

  it('says that a session which names no such model vouches for none', () => {
    const unnamed: Planted = { session: inSession('model', (one) => ({ ...one, digest: { sha256: hex('x') } })) }
    const other: Planted = {
      session: (session) => ({ ...inSession('model', (one) => ({ ...one, digest: { sha256: hex('y') } }))(session) }),
    }
    expect(unknownOf(rowsBetween(archiveOf(unnamed), archiveOf(other)))).toEqual([
      'weights: vouched for by: neither session names the model',
    ])
  })

  it('names the parameters where only their names are shown, and tells no value apart from another', () => {
    const sampling = (name: string, holds: string): Planted => ({
      dependencies: { 'sampling-parameters': [dependency('sampling-parameters', name, holds)] },
    })
    const before = archiveOf(sampling('temperature seed', '1'))
    expect(changesBetween(before, archiveOf(sampling('temperature seed', '2')))).toEqual([
      'changed sampling-parameters: temperature, seed',
    ])
    const more = rowsBetween(before, archiveOf(sampling('temperature seed top_p', '2')))
    expect(unknownOf(more)).toEqual([
      'sampling-parameters: temperature, seed: one digest covers all parameters, and not all are on both sides',
    ])
    expect(changesBetween(before, archiveOf(sampling('temperature seed top_p', '2')))).toEqual([
      'added sampling-parameters: top_p',
    ])
    expect(changesBetween(before, archiveOf(sampling('temperature=1 seed=2', '1')))).toHaveLength(1)
    expect(changesBetween(before, archiveOf(sampling('', '1')))).toHaveLength(1)
  })
})

describe('sides', () => {
  it.each([
    [
      { tee: 'tdx', quote: fixture('tdx/pck-last-second/quote.bin'), endorsements: undefined },
      ['mrTd', 'rtMr0', 'rtMr1', 'rtMr2'],
    ],
    [{ tee: 'nitro', document: fixture('nitro/enclave/document.cbor') }, ['document', 'pcr0', 'pcr1', 'pcr2']],
  ] as const)('reads the registers of each platform, and compares none of two', (quote, registers) => {
    const archive = { ...archiveOf(), quote }
    const rows = rowsBetween(archive, archive).filter(({ group }) => group === 'code')
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining([...registers]))
    const across = rowsBetween(archiveOf(), archive)
    expect(unknownOf(across)).toEqual(['code: measured registers: two platforms measure in two ways'])
    expect(across).toContainEqual({ group: 'platform', name: 'TEE', state: 'changed', before: 'snp', after: quote.tee })
  })

  it('sets a session aside that the receipt does not name', () => {
    const [honest, other] = [archiveOf(), archiveOf({ session: (session) => ({ ...session, swversion: ['6.6.6'] }) })]
    const side = archiveSide({ ...honest, session: other.session })
    expect(side.setAside).toEqual(['session and quote are not used: the receipt names another session'])
    expect(side.session).toBeUndefined()
    expect(unknownOf(diffSides(side, archiveSide(other)))).toContain('code: software: no session at hand in A')
  })

  it('sets octets aside that the receipt does not name', () => {
    const put = (octets: Uint8Array): Archive => ({
      ...archiveOf(),
      request: { mediaType: 'application/json', octets },
    })
    expect(archiveSide(put(encodeUtf8('{}')))).toMatchObject({
      setAside: ['the request is not used: the receipt discloses no such digest'],
    })
    expect(archiveSide(put(REQUEST))).toMatchObject({ setAside: [], request: REQUEST })
  })

  it('shows a receipt that contradicts its own splices', () => {
    const forged = archiveOf({
      disclosed: (values) => ({ ...values, forwarded: { ...values.forwarded, digest: `sha256:${hex('x')}` } }),
    })
    expect(changesBetween(archiveOf(), forged)).toEqual(['changed transforms: forwarded octets'])
  })

  it('compares the evidence of two gateways by their sessions, with all models and the rest that they serve with', () => {
    const { receipt: _, ...gateway } = archiveOf()
    const { receipt: __, ...other } = archiveOf({
      session: (session) => ({ ...session, dependencies: [...session.dependencies, ...RELIED_ON['retrieval-index']] }),
    })
    expect(changesBetween(gateway, other)).toEqual(['added retrieval-index: docs'])
    expect(() => rowsBetween(gateway, archiveOf())).toThrow('there is no receipt in A to compare')
  })

  it('compares every dependency of two sessions', () => {
    const session = decodeSession(archiveOf().session)
    const other = inSession('model', (one) => ({ ...one, digest: { sha256: hex('x') } }))(session)
    expect(sessionRows(session, other).filter(({ state }) => state !== 'same')).toMatchObject([
      { group: 'weights', name: 'demo', state: 'changed' },
    ])
  })

  it('tells a changed splice among many, however many are listed', () => {
    const splices = (last: string) =>
      Array.from({ length: 40 }, (_, i) => ({
        at: i,
        remove: 0,
        insert: encodeUtf8(i === 39 ? last : ' '),
        role: 'system-prompt',
      }))
    const [row] = rowsBetween(archiveOf({ splices: splices(' ') }), archiveOf({ splices: splices('\t') })).filter(
      ({ group }) => group === 'transforms',
    )
    expect(row).toMatchObject({
      state: 'changed',
      before: expect.stringContaining('40 splices, from number 40: at 39'),
    })
    expect(row?.before).not.toBe(row?.after)
  })
})
