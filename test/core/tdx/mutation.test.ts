/** Nothing in a quote or its collateral can change unseen, and no check is there for show. */
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { type SignedDocument, TDX_CHECKS, type TdxCollateral, verifyTdxQuote } from '../../../src/core/tdx/index.ts'
import { failedCheck, type Verdict } from '../../../src/core/verdict.ts'
import { fixtureNames, judgeFixture, readFixture, type TdxFixture } from './fixture.ts'

const good = readFixture('v4')
/** Signed part and length, signature and key, QE report with its signature, auth data: what stands before the PEM. */
const BEFORE_CHAIN = 632 + 4 + 128 + 6 + 384 + 64 + 2 + 32 + 6
const MAX_MS = 50

type DocumentName = 'tcbInfo' | 'qeIdentity'
const DOCUMENTS: readonly DocumentName[] = ['tcbInfo', 'qeIdentity']
const LISTS = ['pckCrl', 'rootCaCrl'] as const

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const out = bytes.slice()
  out[at] = (out[at] ?? 0) ^ (1 << (at % 8))
  return out
}

const range = (start: number, end: number, stride = 1): number[] =>
  Array.from({ length: Math.max(0, Math.ceil((end - start) / stride)) }, (_, index) => start + stride * index)

/** Offsets at which a change passes; there must be none. */
async function passing(offsets: readonly number[], change: (at: number) => Partial<TdxFixture>): Promise<number[]> {
  const out: number[] = []
  for (const at of offsets) if ((await judgeFixture(good, change(at))).ok) out.push(at)
  return out
}

const collateral = (change: Partial<TdxCollateral>): Partial<TdxFixture> => ({
  collateral: { ...good.collateral, ...change },
})
const documentWith = (name: DocumentName, change: Partial<SignedDocument>): Partial<TdxFixture> =>
  collateral({ [name]: { ...good.collateral[name], ...change } })
const chainWith = (name: DocumentName, index: number, change: (der: Uint8Array) => Uint8Array): Partial<TdxFixture> =>
  documentWith(name, {
    issuerChain: good.collateral[name].issuerChain.map((der, at) => (at === index ? change(der) : der)),
  })

/** Judges all of them; none may pass or take long, however busy the machine is. */
async function codesOf(changes: readonly Partial<TdxFixture>[]): Promise<readonly string[]> {
  const codes = new Set<string>()
  for (const change of changes) {
    let verdict: Verdict<object> | undefined
    let shortest = Number.POSITIVE_INFINITY
    for (let tries = 0; tries < 3 && shortest > MAX_MS; tries++) {
      const start = performance.now()
      verdict = await judgeFixture(good, change)
      shortest = Math.min(shortest, performance.now() - start)
    }
    codes.add(verdict?.ok === false ? verdict.code : 'ok')
    if (shortest > MAX_MS) codes.add('slow')
  }
  return [...codes].sort()
}

describe('mutations of a good vector', () => {
  it('[T4] rejects a change of any byte of header, body, signatures, key, QE report and auth data', async () => {
    expect(await passing(range(0, BEFORE_CHAIN), (at) => ({ quote: flipped(good.quote, at) }))).toEqual([])
  })

  it('[X2] rejects a change of a byte of the PCK chain, wherever', async () => {
    // Every third byte: each costs a hash and a decoding, and for some two signatures.
    const offsets = [...range(BEFORE_CHAIN, good.quote.length, 3), good.quote.length - 2, good.quote.length - 1]
    expect(await passing(offsets, (at) => ({ quote: flipped(good.quote, at) }))).toEqual([])
  })

  for (const name of DOCUMENTS) {
    const document = good.collateral[name]
    it(`[${name === 'tcbInfo' ? 'T18' : 'T14'}] rejects a change of a byte of the ${name}, wherever`, async () => {
      const change = (at: number): Partial<TdxFixture> => documentWith(name, { body: flipped(document.body, at) })
      expect(await passing(range(0, document.body.length, 3), change)).toEqual([])
    })

    it(`[${name === 'tcbInfo' ? 'T18' : 'T14'}] rejects a change of any byte of the signature of the ${name}`, async () => {
      const change = (at: number): Partial<TdxFixture> =>
        documentWith(name, { signature: flipped(document.signature, at) })
      expect(await passing(range(0, document.signature.length), change)).toEqual([])
    })

    it(`[X2] rejects a change of a byte of the chain of the ${name}, wherever`, async () => {
      for (const [index, der] of document.issuerChain.entries())
        expect(
          await passing(range(0, der.length, 3), (at) => chainWith(name, index, (raw) => flipped(raw, at))),
        ).toEqual([])
    })
  }

  for (const name of LISTS) {
    it(`[X17] rejects a change of any byte of the ${name}`, async () => {
      const list = good.collateral[name]
      expect(await passing(range(0, list.length), (at) => collateral({ [name]: flipped(list, at) }))).toEqual([])
    })
  }
})

describe('truncations of a good vector', () => {
  const cuts = (bytes: Uint8Array): readonly Uint8Array[] => range(0, bytes.length).map((end) => bytes.slice(0, end))

  it('[F2] rejects a quote that is cut at any offset', async () => {
    expect(await codesOf(cuts(good.quote).map((quote) => ({ quote })))).toEqual(['EVIDENCE_TRUNCATED', 'TDX_LENGTH'])
  })

  for (const name of DOCUMENTS) {
    const { body, signature, issuerChain } = good.collateral[name]
    const code = name === 'tcbInfo' ? 'TCB_INFO_SIGNATURE' : 'QE_IDENTITY_SIGNATURE'
    it(`[F2] rejects a ${name} that is cut at any offset`, async () => {
      expect(await codesOf(cuts(body).map((cut) => documentWith(name, { body: cut })))).toEqual([code])
    })

    it(`[F2] rejects a signature of the ${name} that is cut at any offset`, async () => {
      expect(await codesOf(cuts(signature).map((cut) => documentWith(name, { signature: cut })))).toEqual([
        'SIG_MALFORMED',
      ])
    })

    it(`[F2] rejects certificates of the ${name} that are cut at any offset`, async () => {
      for (const [index, der] of issuerChain.entries())
        expect(await codesOf(cuts(der).map((cut) => chainWith(name, index, () => cut)))).toEqual([code])
    })
  }

  for (const name of LISTS) {
    it(`[F2] rejects a ${name} that is cut at any offset`, async () => {
      const changes = cuts(good.collateral[name])
        .slice(1)
        .map((cut) => collateral({ [name]: cut }))
      expect(await codesOf(changes)).toEqual(['CRL_MALFORMED'])
    })
  }
})

describe('limits', () => {
  const onlyLimits = (verdict: Verdict<object>): void => {
    expect(verdict).toMatchObject({ ok: false, code: 'EVIDENCE_TOO_LARGE' })
    const performed = verdict.checks.filter(({ status }) => status !== 'not-performed')
    expect(performed.map(({ name }) => name)).toEqual(['limits'])
  }

  it('[F1] rejects more than 32 KiB of quote before it reads any, zeros too', async () => {
    onlyLimits(await judgeFixture(good, { quote: concatBytes(good.quote, new Uint8Array(32_769 - good.quote.length)) }))
    const quote = concatBytes(good.quote, new Uint8Array(32_768 - good.quote.length))
    expect(await judgeFixture(good, { quote })).toMatchObject({ ok: true })
  })

  it('[F1] rejects collateral of megabytes before it reads any', async () => {
    const huge = new Uint8Array(8_000_000)
    for (const name of LISTS) onlyLimits(await judgeFixture(good, collateral({ [name]: huge })))
    for (const name of DOCUMENTS) {
      onlyLimits(await judgeFixture(good, documentWith(name, { body: huge })))
      onlyLimits(await judgeFixture(good, documentWith(name, { signature: huge })))
      onlyLimits(await judgeFixture(good, documentWith(name, { issuerChain: [huge] })))
    }
  })
})

describe('checks of the verdict', () => {
  const names = Object.keys(TDX_CHECKS)

  it('are each decided by a vector, so that none can be taken out unseen', async () => {
    // `limits` is decided above: a vector of such a size has no place in the repository.
    const decided = new Set<string>(['limits'])
    for (const name of fixtureNames()) {
      const verdict = await judgeFixture(readFixture(name))
      if (!verdict.ok) decided.add(failedCheck(verdict.checks)?.name ?? '')
    }
    expect(names.filter((name) => !decided.has(name))).toEqual([])
  })

  it('are all there, in their order, and those behind a failure are not performed', async () => {
    const verdict = await judgeFixture(readFixture('qe-debug-fail'))
    const at = verdict.checks.findIndex(({ name }) => name === 'qe-debug')
    expect(verdict.checks.map(({ name }) => name).sort()).toEqual([...names].sort())
    expect(verdict.checks.slice(0, at).filter(({ status, required }) => required && status !== 'pass')).toEqual([])
    const behind = ['qe-binding', 'attestation-key', 'quote-signature', 'report-data', 'tcb-status', 'measurement']
    for (const name of behind)
      expect(verdict.checks.find((check) => check.name === name)).toMatchObject({ status: 'not-performed' })
  })

  it('name the section that asks for each', async () => {
    const verdict = await judgeFixture(good)
    for (const { name, spec } of verdict.checks) expect([name, spec ?? '']).not.toEqual([name, ''])
    expect(verdict.assumptions.length).toBeGreaterThan(0)
  })

  it('[P2] are not performed, and the verdict is not ok, where collateral is due and not there', async () => {
    const { quote, policy, expectations } = good
    const verdict = await verifyTdxQuote({ quote }, undefined, policy, expectations)
    expect(verdict).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
    const missing = verdict.checks.filter(({ status, required }) => required && status === 'not-performed')
    for (const name of ['revocation', 'tcb-info-signature', 'qe-identity-signature', 'tcb-status', 'fmspc'])
      expect(missing.map((check) => check.name)).toContain(name)
    expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
  })

  it('are shown as not performed where policy asks for the chain alone', async () => {
    const { quote, expectations } = good
    const policy = { ...good.policy, tcb: 'unchecked', revocation: 'unchecked' } as const
    const verdict = await verifyTdxQuote({ quote }, undefined, policy, expectations)
    expect(verdict).toMatchObject({ ok: true, value: { tcb: 'unchecked' } })
    const { assumptions } = await judgeFixture(good)
    expect(verdict.assumptions.length).toBe(assumptions.length + 2)
    expect(verdict.checks.find(({ name }) => name === 'tcb-status')).toMatchObject({
      status: 'not-performed',
      required: false,
    })
  })

  it('throws on a time that is no date: no bound would fail', async () => {
    const expectations = { ...good.expectations, at: new Date(Number.NaN) }
    await expect(judgeFixture(good, { expectations })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})
