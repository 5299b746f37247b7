/** What vouches for a quote, fetched at quote time: kept out when it cannot be had, never waited for where it is not needed. */
import { beforeAll, describe, expect, it } from 'vitest'
import { CollateralError, type CollateralFetcher } from '../../src/collateral/index.ts'
import { encodeSnpEndorsements, type SnpEndorsements } from '../../src/core/snp/index.ts'
import type { TdxCollateral } from '../../src/core/tdx/index.ts'
import { MalformedError } from '../../src/errors.ts'
import type { TelemetryLine } from '../../src/server/index.ts'
import { createEndorser } from '../../src/server/session/endorser.ts'
import {
  createSimulatedNitro,
  createSimulatedSnp,
  createSimulatedTdx,
  type SimulatedSnp,
} from '../../src/simulator/index.ts'
import { ManualTime } from './gateway/manual-time.ts'
import { testPki } from './gateway/test-pki.ts'

const tdx = createSimulatedTdx({ latencyMs: 0 })
let snp: SimulatedSnp
beforeAll(async () => {
  snp = await createSimulatedSnp({ pki: await testPki(), latencyMs: 0 })
})

const LIST = Uint8Array.of(1, 2, 3)
const down = (): never => {
  throw new CollateralError('the server is down', { reached: false, retry: 'later' })
}

interface Answers {
  readonly snp?: () => SnpEndorsements | Promise<SnpEndorsements>
  readonly tdx?: () => TdxCollateral | Promise<TdxCollateral>
}

function bench(answers: Answers): {
  readonly endorse: ReturnType<typeof createEndorser>
  readonly lines: TelemetryLine[]
  readonly time: ManualTime
  readonly asked: unknown[]
} {
  const lines: TelemetryLine[] = []
  const asked: unknown[] = []
  const time = new ManualTime()
  const fetcher: CollateralFetcher = {
    async fetchSnpEndorsements(_, options) {
      asked.push(options)
      return { endorsements: await (answers.snp ?? down)(), product: 'Genoa', sources: [] }
    },
    fetchSnpChain: async () => down(),
    async fetchTdxCollateral() {
      const collateral = await (answers.tdx ?? down)()
      const evaluationNumbers = { tcbInfo: 1, qeIdentity: 1 }
      return { collateral, selection: { update: 'standard' }, evaluationNumbers, pckCrlIssuerChain: [], sources: [] }
    },
  }
  const endorse = createEndorser({ fetcher, timers: time, telemetry: { write: (line) => void lines.push(line) } })
  return { endorse, lines, time, asked }
}

const snpQuote = (auxblob: Uint8Array): { tee: 'snp'; report: Uint8Array; auxblob: Uint8Array } => ({
  tee: 'snp',
  report: snp.report(new Uint8Array(64)),
  auxblob,
})
const tdxQuote = (): { tee: 'tdx'; quote: Uint8Array } => ({ tee: 'tdx', quote: tdx.quote(new Uint8Array(64)) })
const never = <T>(): Promise<T> => new Promise(() => {})

describe('endorsements of SEV-SNP', () => {
  it('are those that the host sent, with the revocation list that was fetched', async () => {
    const { endorse } = bench({ snp: () => ({ ...snp.endorsements, crls: [LIST] }) })
    const endorsed = await endorse(snpQuote(encodeSnpEndorsements(snp.endorsements)))
    expect(endorsed).toMatchObject({ endorsements: { ark: snp.endorsements.ark, crls: [LIST] } })
  })

  it('do without the list where it cannot be had, and the operator is told', async () => {
    const { endorse, lines } = bench({})
    const endorsed = await endorse(snpQuote(encodeSnpEndorsements(snp.endorsements)))
    expect(endorsed).toMatchObject({ endorsements: { ark: snp.endorsements.ark } })
    expect(lines).toEqual([{ event: 'collateral', detail: expect.stringContaining('the server is down') }])
  })

  it('do not wait for a list that is slow', async () => {
    const { endorse, time } = bench({ snp: never })
    const endorsing = endorse(snpQuote(encodeSnpEndorsements(snp.endorsements)))
    time.advance(1_000)
    expect(await endorsing).not.toHaveProperty('endorsements.crls')
  })

  it('are fetched where the host sent none', async () => {
    const { endorse, asked } = bench({ snp: () => snp.endorsements })
    expect(await endorse(snpQuote(new Uint8Array()))).toMatchObject({ endorsements: { ark: snp.endorsements.ark } })
    expect(asked).toEqual([{}])
  })

  it('are absent where there is no way to have them: a verdict is then incomplete, never ok', async () => {
    const { endorse, lines } = bench({})
    expect(await endorse(snpQuote(new Uint8Array()))).toMatchObject({ endorsements: undefined })
    expect(lines).toHaveLength(1)
  })

  it('are looked for with the VLEK that the host sent', async () => {
    const pki = await testPki()
    const leased = await createSimulatedSnp({ pki, latencyMs: 0, signer: 'vlek' })
    const { endorse, asked } = bench({})
    await endorse(snpQuote(encodeSnpEndorsements(leased.endorsements)))
    expect(asked).toEqual([{ vlek: 'vlek' in leased.endorsements && leased.endorsements.vlek }])
  })
})

describe('endorsements of TDX', () => {
  it('are fetched', async () => {
    const { endorse } = bench({ tdx: () => tdx.collateral })
    expect(await endorse(tdxQuote())).toMatchObject({ endorsements: tdx.collateral })
  })

  it.each([
    ['down', down],
    [
      'out of order',
      () => {
        throw new MalformedError('COLLATERAL_ROLLBACK', 'older than a known one')
      },
    ],
  ])('are left out where the server is %s, and the operator is told', async (_, answer) => {
    const { endorse, lines } = bench({ tdx: answer })
    expect(await endorse(tdxQuote())).toMatchObject({ endorsements: undefined })
    expect(lines).toHaveLength(1)
  })

  it('are left out where they are slow', async () => {
    const { endorse, time } = bench({ tdx: never })
    const endorsing = endorse(tdxQuote())
    time.advance(1_000)
    expect(await endorsing).toMatchObject({ endorsements: undefined })
  })
})

it('a Nitro document brings its own', async () => {
  const { endorse, asked } = bench({})
  const document = createSimulatedNitro({ latencyMs: 0 }).document(new Uint8Array(64))
  expect(await endorse({ tee: 'nitro', document })).toEqual({ tee: 'nitro', document })
  expect(asked).toEqual([])
})
