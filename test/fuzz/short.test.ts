/** A short run of the fuzzer on the sources: `npm run fuzz` is the long one, on what is built. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'

interface Row {
  readonly name: string
  readonly inputs: number
  readonly slowest: number
  /** Octets that the most expensive claim of a length made; 0 for verifiers. */
  readonly largest: number
  readonly codes: Readonly<Record<string, number>>
  readonly failures: readonly { readonly fault: string }[]
}

let report: { readonly seed: string; readonly inputs: number; readonly rows: readonly Row[] }

beforeAll(() => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join('scripts', 'fuzz.mjs'), '--short', '--sources', '--json'],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  )
  if (stdout === '') throw new Error(`the fuzzer made no report: ${stderr}`)
  report = JSON.parse(stdout)
}, 120_000)

describe('mutated evidence', () => {
  it('[F11] makes no decoder and no verifier throw an untyped exception, pass, or take above 50 ms', () => {
    const faults = report.rows.flatMap(({ name, failures }) => failures.map(({ fault }) => `${name}: ${fault}`))
    expect(faults).toEqual([])
  })

  it('[F11] reaches every decoder and every verifier, and is not refused by one rule alone', () => {
    expect(report.rows.length).toBeGreaterThan(45)
    for (const { name, inputs, codes } of report.rows) {
      expect([name, inputs > 60]).toEqual([name, true])
      // Any octets are a stream: none is refused.
      if (name !== 'event-stream') expect([name, Object.keys(codes).length > 1]).toEqual([name, true])
    }
  })

  it('[F2] is refused with a code at any length that is cut short', () => {
    const cut = report.rows.reduce((sum, { codes }) => sum + (codes['EVIDENCE_TRUNCATED'] ?? 0), 0)
    expect(cut).toBeGreaterThan(1000)
  })

  it('[F7] costs less than 1 MiB where it claims a length beyond its end', () => {
    const dear = report.rows.filter(({ largest }) => largest >= 1 << 20).map(({ name, largest }) => [name, largest])
    expect(dear).toEqual([])
    expect(report.rows.some(({ largest }) => largest > 0)).toBe(true)
  })
})
