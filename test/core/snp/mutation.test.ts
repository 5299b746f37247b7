/** Nothing in evidence or certificates can change unseen, and no check is there for show. */
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { SNP_CHECKS, SNP_SIGNED_SIZE, type SnpEndorsements } from '../../../src/core/snp/index.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { fixtureNames, judgeFixture, readFixture, type SnpFixture, vcekEndorsements } from './fixture.ts'

const good = readFixture('genoa-v3')
const endorsements = vcekEndorsements(good)
const NAMES = Object.keys(SNP_CHECKS)
const R = 0x2a0
const S = 0x2e8
const FIELD = 72

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const out = bytes.slice()
  out[at] = (out[at] ?? 0) ^ (1 << (at % 8))
  return out
}

/** Offsets at which a change passes; there must be none. */
async function passing(offsets: readonly number[], change: (at: number) => Partial<SnpFixture>): Promise<number[]> {
  const out: number[] = []
  for (const at of offsets) if ((await judgeFixture(good, change(at))).ok) out.push(at)
  return out
}

const range = (start: number, end: number, stride = 1): number[] =>
  Array.from({ length: Math.ceil((end - start) / stride) }, (_, index) => start + stride * index)

describe('mutations of a good vector', () => {
  it('[S2] rejects a change of any byte of the signed range', async () => {
    expect(await passing(range(0, SNP_SIGNED_SIZE), (at) => ({ report: flipped(good.report, at) }))).toEqual([])
  })

  it('[S2] rejects a change of any byte of r and s, their padding too', async () => {
    const offsets = [...range(R, R + FIELD), ...range(S, S + FIELD)]
    expect(await passing(offsets, (at) => ({ report: flipped(good.report, at) }))).toEqual([])
  })

  it('[S1] rejects a change of any byte behind the signature', async () => {
    expect(await passing(range(S + FIELD, good.report.length), (at) => ({ report: flipped(good.report, at) }))).toEqual(
      [],
    )
  })

  for (const name of ['vcek', 'ask', 'ark'] as const) {
    it(`[X2] rejects a change of a byte of the ${name.toUpperCase()}, wherever`, async () => {
      const der = endorsements[name]
      const change = (at: number): Partial<SnpFixture> => ({
        endorsements: { ...endorsements, [name]: flipped(der, at) } satisfies SnpEndorsements,
      })
      // Every third byte: each costs a parse and, for most, two RSA signatures.
      expect(await passing(range(0, der.length, 3), change)).toEqual([])
    })
  }

  it('[F2] rejects a report that is cut at any offset', async () => {
    const codes = new Set<string>()
    for (const end of range(0, good.report.length)) {
      const verdict = await judgeFixture(good, { report: good.report.slice(0, end) })
      codes.add(verdict.ok ? 'ok' : verdict.code)
    }
    expect([...codes]).toEqual(['SNP_VERSION'])
  })

  it('[F2] rejects certificates that are cut at any offset', async () => {
    const codes = new Set<string>()
    for (const name of ['vcek', 'ask', 'ark'] as const) {
      const der = endorsements[name]
      for (const end of range(0, der.length)) {
        const verdict = await judgeFixture(good, { endorsements: { ...endorsements, [name]: der.slice(0, end) } })
        codes.add(verdict.ok ? 'ok' : verdict.code)
      }
    }
    expect([...codes]).toEqual(['EVIDENCE_TRUNCATED'])
  })

  it('[F1] rejects more than 64 KiB of evidence before it reads any', async () => {
    const report = concatBytes(good.report, new Uint8Array(65_536))
    const verdict = await judgeFixture(good, { report })
    expect(verdict).toMatchObject({ ok: false, code: 'EVIDENCE_TOO_LARGE' })
    expect(verdict.checks.filter(({ status }) => status !== 'not-performed').map(({ name }) => name)).toEqual([
      'limits',
    ])
  })

  it('[F1] counts revocation lists as evidence', async () => {
    const crls = [new Uint8Array(65_536)]
    const verdict = await judgeFixture(good, { endorsements: { ...endorsements, crls } })
    expect(verdict).toMatchObject({ ok: false, code: 'EVIDENCE_TOO_LARGE' })
  })

  it('[X19] rejects a certificate larger than any of AMD', async () => {
    const vcek = concatBytes(endorsements.vcek, new Uint8Array(8192))
    const verdict = await judgeFixture(good, { endorsements: { ...endorsements, vcek } })
    expect(verdict).toMatchObject({ ok: false, code: 'X509_LIMIT' })
  })
})

describe('mutations of a VLEK and of a revocation list', () => {
  const vlek = readFixture('vlek-genoa')
  const listed = readFixture('crl')

  /** Parts of the endorsements at whose every third byte a change is refused. */
  async function passingIn(fixture: SnpFixture, part: string, der: Uint8Array): Promise<number[]> {
    const out: number[] = []
    for (const at of range(0, der.length, 3)) {
      const changed = { ...fixture.endorsements, [part]: part === 'crls' ? [flipped(der, at)] : flipped(der, at) }
      if ((await judgeFixture(fixture, { endorsements: changed })).ok) out.push(at)
    }
    return out
  }

  it('[X2] rejects a change of a byte of the VLEK or its ASVK, wherever', async () => {
    if (!('vlek' in vlek.endorsements)) throw new TypeError('no VLEK')
    const { endorsements: given } = vlek
    expect(await passingIn(vlek, 'vlek', given.vlek)).toEqual([])
    expect(await passingIn(vlek, 'asvk', given.asvk)).toEqual([])
  })

  it('[S18] rejects a change of a byte of a required list, wherever', async () => {
    const [list = new Uint8Array()] = listed.endorsements.crls ?? []
    expect(list.length).toBeGreaterThan(600)
    expect(await passingIn(listed, 'crls', list)).toEqual([])
  })

  it('[F2] rejects a required list that is cut at any offset', async () => {
    const [list = new Uint8Array()] = listed.endorsements.crls ?? []
    const codes = new Set<string>()
    for (const end of range(0, list.length)) {
      const verdict = await judgeFixture(listed, {
        endorsements: { ...listed.endorsements, crls: [list.slice(0, end)] },
      })
      codes.add(verdict.ok ? 'ok' : verdict.code)
    }
    expect([...codes]).toEqual(['CRL_MALFORMED'])
  })
})

describe('checks of the verdict', () => {
  it('are each decided by a vector, so that none can be taken out unseen', async () => {
    const decided = new Set<string>(['limits'])
    for (const name of fixtureNames()) {
      const verdict = await judgeFixture(readFixture(name))
      if (!verdict.ok) decided.add(failedCheck(verdict.checks)?.name ?? '')
    }
    expect(NAMES.filter((name) => !decided.has(name))).toEqual([])
  })

  it('come in the order of the specification, and those behind a failure are not performed', async () => {
    const verdict = await judgeFixture(readFixture('debug-fail'))
    expect(verdict.checks.map(({ name }) => name)).toEqual(NAMES)
    const at = NAMES.indexOf('debug')
    const before = verdict.checks.slice(0, at)
    expect(before.filter(({ required, status }) => required && status !== 'pass')).toEqual([])
    expect(verdict.checks.slice(at + 1).every(({ status }) => status === 'not-performed')).toBe(true)
  })

  it('say what they saw', async () => {
    const verdict = await judgeFixture(good)
    expect(verdict.checks.filter(({ detail }) => detail === '').map(({ name }) => name)).toEqual([])
    const compared = verdict.checks.filter(({ status }) => status === 'pass')
    expect(compared.filter(({ seen, wanted }) => !seen || !wanted).map(({ name }) => name)).toEqual([])
    expect(verdict.checks.filter(({ spec }) => !spec).map(({ name }) => name)).toEqual([])
    expect(verdict.assumptions.length).toBeGreaterThan(0)
  })

  it('throws on a time that is no date: no bound would fail', async () => {
    const expectations = { ...good.expectations, at: new Date(Number.NaN) }
    await expect(judgeFixture(good, { expectations })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})
