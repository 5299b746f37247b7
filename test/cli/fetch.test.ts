/** Bare evidence whose endorsements come from simulated vendors behind a local server, or from a cache of what they said. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Io } from '../../src/cli/command.ts'
import { command } from '../../src/cli/commands/verify.ts'
import { EMPTY_POOL } from '../../src/cli/evidence/endorsement-files.ts'
import { showProgress } from '../../src/cli/evidence/fetch-endorsements.ts'
import { type BareEvidence, judgeEvidence } from '../../src/cli/evidence/judge-evidence.ts'
import { createDiskCache } from '../../src/client-node/index.ts'
import type { CollateralFetcher } from '../../src/collateral/index.ts'
import { decodePolicy } from '../../src/core/policy.ts'
import { decodeCertificate } from '../../src/core/x509/index.ts'
import type { SimulatedTdx } from '../../src/simulator/index.ts'
import {
  AT,
  type Bench,
  createBench,
  createSnpVendor,
  createTdxVendor,
  type SnpVendor,
  serveSnp,
  serveTdx,
} from '../collateral/bench.ts'

const json = (path: string): Record<string, object> => JSON.parse(readFileSync(`attestation-fixtures/${path}`, 'utf8'))

let genoa: SnpVendor
let leased: SnpVendor
let tdx: SimulatedTdx
let quote: Uint8Array
let bench: Bench
let work: string

beforeAll(async () => {
  genoa = await createSnpVendor()
  leased = await createSnpVendor('Genoa', { signer: 'vlek' })
  tdx = createTdxVendor()
  quote = tdx.quote(new Uint8Array(64))
})
beforeEach(async () => {
  work = mkdtempSync(join(tmpdir(), 'countersign-fetch-'))
  const roots = [genoa.snp.rootFingerprint, leased.snp.rootFingerprint, tdx.rootFingerprint]
  bench = await createBench(roots, { cache: await createDiskCache(join(work, 'cache')) })
  writeFileSync(join(work, 'policy.json'), JSON.stringify(policyOf(roots)))
  writeFileSync(join(work, 'quote.bin'), quote)
  writeFileSync(join(work, 'report.bin'), genoa.report)
})
afterEach(async () => {
  await bench.vendors.close()
  rmSync(work, { recursive: true, force: true })
})

function policyOf(roots: readonly string[]): object {
  return {
    ...json('answer/quoted/vector.json')['policy'],
    platforms: ['snp', 'tdx'],
    snp: { ...json('snp/policy.json'), signerKinds: ['vcek', 'vlek'], revocation: 'required' },
    tdx: json('tdx/policy.json'),
    eventLog: 'unchecked',
    audit: { time: 'unchecked', witnesses: 'unchecked' },
    measurements: 'unchecked',
    models: 'unchecked',
    dependencies: 'unchecked',
    engines: 'unchecked',
    dangerouslyTrustSimulatedRoots: roots,
  }
}

function judgeWith(
  evidence: BareEvidence,
  fetcher: CollateralFetcher,
  certificates: readonly Uint8Array[] = [],
): ReturnType<typeof judgeEvidence> {
  return judgeEvidence(evidence, {
    trust: { policy: decodePolicy(new Uint8Array(readFileSync(join(work, 'policy.json')))), lock: undefined },
    at: AT,
    pool: { ...EMPTY_POOL, certificates: certificates.map(decodeCertificate) },
    eventLog: undefined,
    reportData: 'unchecked',
    fetcher,
    product: undefined,
  })
}

async function verify(...args: readonly string[]): Promise<{ exit: number; out: string; err: string }> {
  const said = { out: '', err: '' }
  const io: Io = {
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
    colour: false,
    progress: true,
    env: {},
    now: () => AT,
  }
  const exit = await command.run([...args, '--policy', join(work, 'policy.json')], io)
  return { exit, ...said }
}

describe('fetched endorsements', () => {
  it('verify a report and a quote, and say where they came from', async () => {
    serveSnp(bench.vendors, genoa)
    serveTdx(bench.vendors, tdx)
    const snp = await judgeWith({ tee: 'snp', octets: genoa.report }, bench.fetcher)
    expect(snp).toMatchObject({ verdict: { ok: true }, missing: [] })
    expect(snp.sources.map(({ origin }) => origin)).toEqual(['vendor', 'vendor', 'vendor'])
    const td = await judgeWith({ tee: 'tdx', octets: quote }, bench.fetcher)
    expect(td).toMatchObject({ verdict: { ok: true }, missing: [] })
    expect(td.sources).toHaveLength(4)
  })

  it('verify from the cache alone, without any request', async () => {
    serveSnp(bench.vendors, genoa)
    serveTdx(bench.vendors, tdx)
    await judgeWith({ tee: 'snp', octets: genoa.report }, bench.fetcher)
    await judgeWith({ tee: 'tdx', octets: quote }, bench.fetcher)
    const asked = bench.vendors.requests.length
    for (const file of ['report.bin', 'quote.bin']) {
      const { exit, out } = await verify(join(work, file), '--cache', join(work, 'cache'), '--json')
      expect(exit, out).toBe(0)
      expect(JSON.parse(out).sources[0]).toMatchObject({ origin: 'cache' })
    }
    expect(bench.vendors.requests).toHaveLength(asked)
  })

  it('are missing where the cache has none: not performed, with what would supply them', async () => {
    for (const file of ['report.bin', 'quote.bin']) {
      const { exit, out } = await verify(join(work, file), '--cache', join(work, 'cache'))
      expect(exit, out).toBe(3)
      expect(out).toMatch(/Missing: .+ Give files or folders with --endorsements PATH…\./)
      expect(out).toMatch(/is not in the cache, and nothing is fetched offline: fetch it once/)
    }
  })

  it('are missing where the vendor is down, and the evidence has not failed', async () => {
    const { verdict, missing } = await judgeWith({ tee: 'tdx', octets: quote }, bench.fetcher)
    expect(verdict).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
    expect(missing.join()).toContain('Missing: TCB info of FMSPC')
  })

  it('go with a VLEK of a file, whose chain is fetched', async () => {
    serveSnp(bench.vendors, leased)
    const { endorsements } = leased.snp
    const vlek = 'vlek' in endorsements ? endorsements.vlek : new Uint8Array()
    const evidence = { tee: 'snp', octets: leased.report } as const
    expect(await judgeWith(evidence, bench.fetcher, [vlek])).toMatchObject({ verdict: { ok: true } })
    const without = await judgeWith(evidence, bench.fetcher)
    expect(without.verdict).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
    expect(without.missing.join()).toMatch(/VLEK, ASVK, ARK.*signed by a VLEK/)
  })

  it('are not asked for where evidence does not decode', async () => {
    const judged = await judgeWith({ tee: 'tdx', octets: quote.slice(0, 100) }, bench.fetcher)
    expect(judged.verdict).toMatchObject({ ok: false, code: 'EVIDENCE_TRUNCATED' })
    expect(bench.vendors.requests).toEqual([])
  })

  it('are not fetched unless it is asked for', async () => {
    const { exit, out, err } = await verify(join(work, 'quote.bin'))
    expect(exit).toBe(3)
    expect(out).toContain('let --fetch ask Intel')
    expect(err).toBe('')
    expect(bench.vendors.requests).toEqual([])
  })
})

describe('progress', () => {
  it('is one line for each document, on a terminal alone', () => {
    const lines: string[] = []
    const err = (text: string): void => {
      lines.push(text)
    }
    showProgress({ what: 'VCEK', state: 'fetching' }, { progress: true, err })
    showProgress({ what: 'VCEK', state: 'waiting', detail: '2 s\u001b' }, { progress: true, err })
    showProgress({ what: 'VCEK', state: 'cached' }, { progress: true, err })
    showProgress({ what: 'VCEK', state: 'fetching' }, { progress: false, err })
    expect(lines).toEqual(['  fetching VCEK\n', '  waiting VCEK: 2 s?\n'])
  })
})
