/** Nothing in a document can change unseen, and no check is there for show. */
import { describe, expect, it } from 'vitest'
import { concatBytes, decodeHex, encodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeNitroDocument, NITRO_CHECKS } from '../../../src/core/nitro/index.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { failureOf } from '../../kit/failure-of.ts'
import { fixtureNames, judgeFixture, readFixture } from './fixture.ts'

const good = readFixture('enclave')
const NAMES = Object.keys(NITRO_CHECKS)

function flipped(bytes: Uint8Array, at: number, bit = at % 8): Uint8Array {
  return bytes.map((octet, index) => (index === at ? octet ^ (1 << bit) : octet))
}

/** Offsets at which a change passes; there must be none. */
async function passing(offsets: readonly number[], change: (at: number) => Uint8Array): Promise<number[]> {
  const out: number[] = []
  for (const at of offsets) if ((await judgeFixture(good, { document: change(at) })).ok) out.push(at)
  return out
}

/** Milliseconds of the quickest of up to three runs: other programs on the machine do not count. */
async function quickest(run: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 3 && best >= 50; i++) {
    const start = performance.now()
    await run()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

/** The other signature that verifies where (r, s) does: (r, n - s). */
function malleated(document: Uint8Array): Uint8Array {
  const order = 2n ** 384n - 1388124618062372383947042015309946732620727252194336364173n
  const s = BigInt(`0x${encodeHex(document.subarray(-48))}`)
  return concatBytes(document.slice(0, -48), decodeHex((order - s).toString(16).padStart(96, '0')))
}

const range = (start: number, end: number, stride = 1): number[] =>
  Array.from({ length: Math.ceil((end - start) / stride) }, (_, index) => start + stride * index)

describe('mutations of a good document', () => {
  it('[N4] rejects a changed byte, wherever', async () => {
    // Every fifth byte: a change inside a certificate costs five signatures.
    expect(await passing(range(0, good.document.length, 5), (at) => flipped(good.document, at))).toEqual([])
  })

  it('[N2] rejects a change of any bit of the headers', async () => {
    const bits = range(0, 8 * 10)
    expect(await passing(bits, (bit) => flipped(good.document, bit >> 3, bit & 7))).toEqual([])
  })

  it('[N4] rejects a change of any bit of r and s', async () => {
    const end = 8 * good.document.length
    const bits = range(end - 8 * 96, end, 5)
    expect(await passing(bits, (bit) => flipped(good.document, bit >> 3, bit & 7))).toEqual([])
  })

  it('[F2] rejects a document that is cut at any offset, with a code and at once', async () => {
    const codes = new Set<string>()
    const slow: number[] = []
    for (const end of range(0, good.document.length)) {
      const document = good.document.slice(0, end)
      const verdict = await judgeFixture(good, { document })
      codes.add(verdict.ok ? 'ok' : verdict.code)
      if ((await quickest(() => judgeFixture(good, { document }))) >= 50) slow.push(end)
    }
    expect([...codes].sort()).toEqual(['EVIDENCE_TRUNCATED', 'PARSE_LENGTH'])
    expect(slow).toEqual([])
  })

  it('[F1] rejects more than 24 KiB before it reads any', async () => {
    const document = concatBytes(good.document, new Uint8Array(24 * 1024))
    const verdict = await judgeFixture(good, { document })
    expect(verdict).toMatchObject({ ok: false, code: 'EVIDENCE_TOO_LARGE' })
    expect(failureOf(() => decodeNitroDocument(document))).toBe('EVIDENCE_TOO_LARGE')
    expect(verdict.checks.filter(({ status }) => status !== 'not-performed').map(({ name }) => name)).toEqual([
      'limits',
    ])
  })

  it('[F7] does not allocate the lengths that a document claims', async () => {
    const fixture = readFixture('length-array-fail')
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 100; i++) await judgeFixture(fixture)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20)
  })
})

describe('checks of the verdict', () => {
  it('are each decided by a vector, so that none can be taken out unseen', async () => {
    const decided = new Set<string>()
    for (const name of fixtureNames()) {
      const verdict = await judgeFixture(readFixture(name))
      if (!verdict.ok) decided.add(failedCheck(verdict.checks)?.name ?? '')
    }
    // AWS asks that lists are not consulted: shown as not performed, always.
    expect(NAMES.filter((name) => !decided.has(name))).toEqual(['revocation'])
  })

  it('come in the order of the specification, and those behind a failure are not performed', async () => {
    const verdict = await judgeFixture(readFixture('debug-fail'))
    expect(verdict.checks.map(({ name }) => name)).toEqual(NAMES)
    const at = NAMES.indexOf('debug')
    expect(verdict.checks.slice(0, at).every(({ status }) => status === 'pass')).toBe(true)
    expect(verdict.checks.slice(at + 1).every(({ status }) => status === 'not-performed')).toBe(true)
  })

  it('say what they saw, and which section asks for them', async () => {
    const verdict = await judgeFixture(good)
    expect(verdict.checks.filter(({ detail }) => detail === '').map(({ name }) => name)).toEqual([
      'envelope',
      'signature-form',
      'document',
    ])
    expect(verdict.checks.filter(({ spec }) => spec === undefined)).toEqual([])
    expect(verdict.assumptions.length).toBeGreaterThan(0)
  })

  it('pass over nothing in silence', async () => {
    const verdict = await judgeFixture(readFixture('fields-unchecked'))
    expect(verdict.checks.filter(({ status }) => status === 'not-performed').map(({ name }) => name)).toEqual([
      'user-data',
      'nonce',
      'public-key',
      'measurement',
      'registers',
      'revocation',
    ])
  })

  it('[N6] [N11] refuse what is out of form before any certificate is looked at', async () => {
    for (const name of ['timestamp-zero-fail', 'module-id-empty-fail', 'registers-33-fail', 'key-unknown-fail']) {
      const verdict = await judgeFixture(readFixture(name))
      expect([name, failedCheck(verdict.checks)?.name]).toEqual([name, 'document'])
    }
  })

  it('name the register that differs', async () => {
    for (const [name, register] of [
      ['pcr1-fail', 'PCR1'],
      ['tpm-pcr12-fail', 'PCR12'],
      ['pcr16-missing-fail', 'PCR16 absent'],
      ['pcr-missing-fail', 'PCR2 absent'],
    ] as const) {
      const verdict = await judgeFixture(readFixture(name))
      expect(failedCheck(verdict.checks)?.detail).toContain(register)
    }
  })

  it('identify a document by its payload, since the signature is malleable', async () => {
    const other = malleated(good.document)
    const [first, second] = [await judgeFixture(good), await judgeFixture(good, { document: other })]
    expect(other).not.toEqual(good.document)
    expect([first.ok, second.ok]).toEqual([true, true])
    if (first.ok && second.ok) expect(second.value.payloadDigest).toBe(first.value.payloadDigest)
  })

  it('throws on a time that is no date: no bound would fail', async () => {
    const expectations = { ...good.expectations, at: new Date(Number.NaN) }
    await expect(judgeFixture(good, { expectations })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})
