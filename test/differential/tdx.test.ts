/** A short run of `npm run differential`, TDX and Nitro: every difference from the other verifiers must have a name. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createNitroDifferential, NITRO_MUTATIONS } from '../../scripts/differential/nitro.mjs'
import type { Compare, Result } from '../../scripts/differential/result.mjs'
import { createTdxDifferential } from '../../scripts/differential/tdx.mjs'
import { TDX_MUTATIONS } from '../../scripts/differential/tdx-cases.mjs'
import { digestUri } from '../../src/core/crypto/index.ts'
import * as nitro from '../../src/core/nitro/index.ts'
import * as tdx from '../../src/core/tdx/index.ts'
import * as simulator from '../../src/simulator/index.ts'

const SEED = 20_261_121
const policies = JSON.parse(readFileSync(join(import.meta.dirname, '../../scripts/vectors/policies.json'), 'utf8'))

async function run(compare: Compare, count: number): Promise<readonly Result[]> {
  const results: Result[] = []
  for (let index = 0; index < count; index++) results.push(await compare(SEED, index))
  return results
}

const ofKind = (results: readonly Result[], kind: Result['kind']): readonly Result[] =>
  results.filter((result) => result.kind === kind)
const shown = (results: readonly Result[]): readonly string[] =>
  results.map(({ index, names, name }) => `case ${index}, ${names.join(' + ')}: ${name}`)

describe('TDX beside @phala/dcap-qvl', () => {
  const compare = createTdxDifferential({
    tdx,
    simulator: { ...simulator, fingerprintOf: digestUri },
    policy: policies.tdx,
  })

  it('accepts nothing that the other refuses but for a reason that has a name', async () => {
    const results = await run(compare, TDX_MUTATIONS.length)
    expect(shown(ofKind(results, 'unexplained'))).toEqual([])
    // A run that refuses all, or accepts all, would compare nothing.
    for (const kind of ['same', 'both-refuse', 'ours-stricter', 'peer-stricter'] as const)
      expect(ofKind(results, kind).length, kind).toBeGreaterThan(5)
  })

  it('agrees with the other on evidence that nobody changed', async () => {
    expect(await compare(SEED, 0, 'field-none')).toMatchObject({ kind: 'same', name: 'UpToDate' })
  })

  it.each([
    ['field-qe-report-report-data-tail', 'TDX_QE_HASH'],
    ['field-qe-report-reserved-1', 'PARSE_RESERVED'],
    ['platform-pce-id', 'TDX_FMSPC'],
    ['tcb-info-text-duplicate-svn', 'TCB_INFO_MALFORMED'],
    ['pck-crl-expired', 'CRL_EXPIRED'],
    ['pck-crl-other-issuer', 'CRL_BAD_ISSUER'],
    ['tcb-info-module-signer', 'TDX_SEAM_IDENTITY'],
    ['platform-ca-no-ca', 'X509_NOT_CA'],
  ])('refuses %s, which the other accepts, with %s', async (mutation, code) => {
    const { kind, ours } = await compare(SEED, 0, mutation)
    expect({ kind, code: ours.code }).toEqual({ kind: 'ours-stricter', code })
  })
})

describe('Nitro beside @0xsequence/tee-verifier', () => {
  const compare = createNitroDifferential({ nitro, simulator, policy: policies.nitro })

  it('accepts nothing that the other refuses but for a reason that has a name', async () => {
    const results = await run(compare, NITRO_MUTATIONS.length)
    expect(shown(ofKind(results, 'unexplained'))).toEqual([])
    for (const kind of ['same', 'both-refuse', 'ours-stricter'] as const)
      expect(ofKind(results, kind).length, kind).toBeGreaterThan(5)
  })

  it.each([
    ['twice-other-registers', 'CBOR_DUPLICATE_KEY'],
    ['debug', 'NITRO_DEBUG'],
    ['nitrotpm-registers', 'NITRO_FIELDS'],
    ['leaf-ca', 'X509_CA_AS_LEAF'],
  ])('refuses %s, which the other accepts, with %s', async (mutation, code) => {
    const { kind, ours } = await compare(SEED, 0, mutation)
    expect({ kind, code: ours.code }).toEqual({ kind: 'ours-stricter', code })
  })
})
