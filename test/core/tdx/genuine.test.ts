/** Genuine quotes from public repositories, and tampered copies of them, where the folder with them is at hand. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { decodeHex, encodeHex } from '../../../src/core/encoding/bytes.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import {
  createTdxRoots,
  decodeTdxQuote,
  type TdxCollateral,
  tdxMeasurements,
  verifyTdxQuote,
} from '../../../src/core/tdx/index.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import {
  CODES,
  FOLDER,
  type GenuineVector,
  here,
  openPolicy,
  readCollateral,
  readVector,
  vectorNames,
} from './genuine-vectors.ts'

if (!here) process.stdout.write(`genuine TDX vectors are not at hand (${FOLDER}): not tested\n`)

const ROOTS = createTdxRoots({ roots: 'built-in', simulated: [] })
const CHAIN_ONLY = { tcb: 'unchecked', revocation: 'unchecked' } as const

/** The class of a reason, and the code that is due for it. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^debug/, 'TDX_DEBUG'],
  [/^no TCB level/, 'TDX_TCB_NONE'],
  [/attestation key .* changed/, 'TDX_QE_HASH'],
  [/QE report .*changed/, 'TDX_QE_REPORT_SIGNATURE'],
  [/^bad signature/, 'TDX_BAD_SIGNATURE'],
  [/^truncated/, 'TDX_LENGTH'],
  [/^TCB info signature/, 'TCB_INFO_SIGNATURE'],
  [/past nextUpdate/, 'COLLATERAL_EXPIRED'],
  [/issued in the future/, 'COLLATERAL_FUTURE'],
  [/^FMSPC/, 'TDX_FMSPC'],
  // The PCK certificate is younger than the collateral of SGX that goes with it: see the test of its own below.
  [/^TCB info id is SGX/, 'X509_NOT_YET_VALID'],
]

function codeFor(reason: string): string {
  return REASONS.find(([form]) => form.test(reason))?.[1] ?? `no code for "${reason}"`
}

/** One quote of go-tdx-guest has text behind it, on purpose: refused as it stands, judged without. */
const WITH_TEXT = 'v4-spr-e4-2022'
const TEXT_SIZE = 39

function trimmed(vector: GenuineVector): GenuineVector {
  return vector.name === WITH_TEXT ? { ...vector, quote: vector.quote.slice(0, -TEXT_SIZE) } : vector
}

function judge({ quote, expected }: GenuineVector, collateral: TdxCollateral | undefined, at: Date, changes = {}) {
  const reader = new ObjectReader(expected, 'expected', CODES)
  const registers = reader.has('measurements') ? reader.object('measurements') : undefined
  return verifyTdxQuote({ quote }, collateral, openPolicy(changes), {
    at,
    reportData: reader.has('report_data') ? decodeHex(reader.string('report_data')) : 'unchecked',
    measurements: registers
      ? [
          {
            mrTd: registers.string('mr_td'),
            rtMr0: registers.string('rtmr0'),
            rtMr1: registers.string('rtmr1'),
            rtMr2: registers.string('rtmr2'),
          },
        ]
      : 'unchecked',
    roots: ROOTS,
  })
}

/** The collateral that a tampered vector names, with the files that it puts in place of others. */
function collateralOf({ name, expected }: GenuineVector): TdxCollateral {
  const reader = new ObjectReader(expected, name, CODES)
  const collateral = readCollateral(reader.string('collateral'))
  if (!reader.has('replace')) return collateral
  const body = new Uint8Array(readFileSync(join(FOLDER, name, reader.object('replace').string('tcb_info.json'))))
  return { ...collateral, tcbInfo: { ...collateral.tcbInfo, body } }
}

/** Fields of the vector, by a decoder of others, against ours. */
function expectFields({ quote, expected }: GenuineVector): void {
  const reader = new ObjectReader(expected, 'expected', CODES)
  const measurements = reader.object('measurements')
  const tcb = reader.object('tcb')
  const { body } = decodeTdxQuote(quote)
  const due = (key: string): string => (measurements.has(key) ? measurements.string(key) : '')
  expect({
    ...tdxMeasurements({ body }),
    rtMr3: encodeHex(body.rtMr3),
    mrSeam: encodeHex(body.mrSeam),
    mrSignerSeam: encodeHex(body.mrSignerSeam),
    mrConfigId: encodeHex(body.mrConfigId),
    mrOwner: encodeHex(body.mrOwner),
    mrOwnerConfig: encodeHex(body.mrOwnerConfig),
    mrServiceTd: body.mrServiceTd ? encodeHex(body.mrServiceTd) : '',
    reportData: encodeHex(body.reportData),
    tdAttributes: encodeHex(body.tdAttributes),
    seamAttributes: encodeHex(body.seamAttributes),
    xfam: encodeHex(body.xfam),
    teeTcbSvn: encodeHex(body.teeTcbSvn),
    teeTcbSvn2: body.teeTcbSvn2 ? encodeHex(body.teeTcbSvn2) : '',
  }).toEqual({
    mrTd: due('mr_td'),
    rtMr0: due('rtmr0'),
    rtMr1: due('rtmr1'),
    rtMr2: due('rtmr2'),
    rtMr3: due('rtmr3'),
    mrSeam: due('mr_seam'),
    mrSignerSeam: due('mr_signer_seam'),
    mrConfigId: due('mr_config_id'),
    mrOwner: due('mr_owner'),
    mrOwnerConfig: due('mr_owner_config'),
    mrServiceTd: due('mr_servicetd'),
    reportData: reader.string('report_data'),
    tdAttributes: reader.string('td_attributes'),
    seamAttributes: reader.string('seam_attributes'),
    xfam: reader.string('xfam'),
    teeTcbSvn: tcb.string('tee_tcb_svn'),
    teeTcbSvn2: tcb.has('tee_tcb_svn_2') ? tcb.string('tee_tcb_svn_2') : '',
  })
}

describe.skipIf(!here)('genuine TDX quotes', () => {
  const vectors = vectorNames().map(readVector)
  const genuine = vectors.filter(({ derived }) => !derived).map(trimmed)
  const tally = new Map<string, { accepted: number; refused: number }>()
  const count = (generation: string, ok: boolean): void => {
    const counts = tally.get(generation) ?? { accepted: 0, refused: 0 }
    tally.set(generation, counts)
    counts[ok ? 'accepted' : 'refused']++
  }
  afterAll(() => {
    const rows = [...tally].map(([name, { accepted, refused }]) => `TDX | ${name} | ${accepted} | ${refused}`)
    process.stdout.write(`${['platform | generation | accepted | refused', ...rows].join('\n')}\n`)
  })
  const derived = vectors.filter((vector) => vector.derived)

  for (const vector of genuine) {
    it(`reads every field of ${vector.name} as others do`, () => expectFields(vector))

    for (const evaluation of vector.evaluations) {
      const name = evaluation.set.split('/').at(-1)
      it(`judges ${vector.name} with ${name} as ${evaluation.tcbStatus}`, async () => {
        const verdict = await judge(vector, readCollateral(evaluation.set), evaluation.at)
        count(vector.generation, verdict.ok)
        if (evaluation.verdict === 'accept') {
          expect(failedCheck(verdict.checks)).toBeUndefined()
          expect(verdict).toMatchObject({
            ok: true,
            simulated: false,
            value: { tcb: { status: evaluation.tcbStatus, advisoryIds: evaluation.advisoryIds } },
          })
        } else expect(verdict).toMatchObject({ ok: false, code: codeFor(vector.reason) })
      })
    }

    it(`judges the chain of ${vector.name} without collateral only where policy says so`, async () => {
      const debug = vector.reason.startsWith('debug')
      const chain = await judge(vector, undefined, vector.at, CHAIN_ONLY)
      expect(chain.ok ? 'ok' : chain.code).toBe(debug ? 'TDX_DEBUG' : 'ok')
      count(`${vector.generation}, chain only`, chain.ok)
      if (chain.ok) expect(chain.value.tcb).toBe('unchecked')
      const full = await judge(vector, undefined, vector.at)
      expect(full).toMatchObject({ ok: false, code: debug ? 'TDX_DEBUG' : 'CHECK_NOT_PERFORMED' })
    })
  }

  for (const vector of derived) {
    it(`rejects ${vector.name}: ${vector.reason}`, async () => {
      // Lists expire together with documents and would be named first.
      const verdict = await judge(vector, collateralOf(vector), vector.at, { revocation: 'unchecked' })
      count('derived', verdict.ok)
      expect(verdict).toMatchObject({ ok: false, code: codeFor(vector.reason) })
      expect((await judge(vector, collateralOf(vector), vector.at)).ok).toBe(false)
    })
  }

  it(`[T3] rejects ${WITH_TEXT} as it is stored, with text behind the quote`, async () => {
    const stored = vectors.find(({ name }) => name === WITH_TEXT)
    if (stored === undefined) throw new Error(`${WITH_TEXT} is not at hand`)
    expect(await judge(stored, undefined, stored.at, CHAIN_ONLY)).toMatchObject({ ok: false, code: 'TDX_LENGTH' })
  })

  it("[T17] rejects Intel's genuine documents of SGX for a quote of TDX, each of the two", async () => {
    const vector = readVector('v4-phala')
    const [evaluation] = vector.evaluations
    if (evaluation === undefined) throw new Error('no evaluation')
    const good = readCollateral(evaluation.set)
    const sgx = readCollateral('../../collateral/sgx-00a067110000-2025-06')
    for (const part of ['tcbInfo', 'qeIdentity'] as const) {
      const verdict = await judge(vector, { ...good, [part]: sgx[part] }, evaluation.at)
      expect(verdict).toMatchObject({ ok: false, code: 'COLLATERAL_KIND' })
    }
  })
})
