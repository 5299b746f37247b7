/** Intel's provisioning service: what is asked for one quote, and what is refused before it is kept. */
import { afterEach, describe, expect, it } from 'vitest'
import type { PckCa, TcbSelection } from '../../src/collateral/index.ts'
import { decodeTcbInfo } from '../../src/core/tdx/index.ts'
import { INTEL_SIGNING_PROFILE, verifyPath } from '../../src/core/x509/index.ts'
import { createSimulatedTdxPki, type SimulatedTdx } from '../../src/simulator/index.ts'
import {
  AT,
  type Bench,
  createBench,
  createTdxVendor,
  errorOf,
  PCK_CRL,
  QE,
  ROOT_CRL,
  rejectionOf,
  serveTdx,
  TCB,
} from './bench.ts'
import { answerOf, pemOf, serve, serveDocument } from './vendors.ts'

const tdx = createTdxVendor()
const quote = tdx.quote(new Uint8Array(64))
const { fmspc } = decodeTcbInfo(tdx.collateral.tcbInfo.body)
let bench: Bench
afterEach(() => bench.vendors.close())

async function open(vendor: SimulatedTdx = tdx, ca: PckCa = 'platform'): Promise<Bench> {
  bench = await createBench([vendor.rootFingerprint])
  serveTdx(bench.vendors, vendor, ca)
  return bench
}

describe('collateral of a quote', () => {
  it('is fetched whole, octet for octet', async () => {
    const { fetcher, vendors } = await open()
    const fetched = await fetcher.fetchTdxCollateral(quote)
    expect(fetched.collateral).toEqual(tdx.collateral)
    expect(fetched.selection).toEqual({ update: 'standard' })
    const { evaluationDataNumber } = decodeTcbInfo(tdx.collateral.tcbInfo.body)
    expect(fetched.evaluationNumbers).toEqual({ tcbInfo: evaluationDataNumber, qeIdentity: evaluationDataNumber })
    expect(fetched.pckCrlIssuerChain).toEqual([tdx.pki.certificates.platformCa, tdx.pki.certificates.root])
    expect(fetched.sources.map(({ origin }) => origin)).toEqual(['vendor', 'vendor', 'vendor', 'vendor'])
    expect([...vendors.requests].sort()).toEqual([
      ROOT_CRL,
      `${PCK_CRL}?ca=platform&encoding=der`,
      `${QE}?update=standard`,
      `${TCB}?fmspc=${fmspc}&update=standard`,
    ])
    const roots = [tdx.rootFingerprint]
    const path = fetched.collateral.tcbInfo.issuerChain
    const proven = await verifyPath(path, INTEL_SIGNING_PROFILE, { at: AT, roots, revocation: 'unchecked' })
    expect(proven.ok).toBe(true)
  })

  it('of the Processor CA has its own list', async () => {
    const vendor = createTdxVendor({ ca: 'processor' })
    const { fetcher, vendors } = await open(vendor, 'processor')
    const { collateral } = await fetcher.fetchTdxCollateral(vendor.quote(new Uint8Array(64)))
    expect(collateral.pckCrl).toEqual(vendor.collateral.pckCrl)
    expect(vendors.count(`${PCK_CRL}?ca=processor`)).toBe(1)
  })

  it.each([
    [{ update: 'early' }, 'update=early'],
    [{ tcbEvaluationDataNumber: 17 }, 'tcbEvaluationDataNumber=17'],
  ] as const)('is asked for as %o, and the result says so', async (selection, query) => {
    const { fetcher, vendors } = await open(
      createTdxVendor({
        pki: tdx.pki,
        collateral: { tcbInfo: { evaluationNumber: 17 }, qeIdentity: { evaluationNumber: 17 } },
      }),
    )
    const fetched = await fetcher.fetchTdxCollateral(quote, selection)
    expect(fetched.selection).toEqual(selection)
    expect(vendors.count(`${TCB}?fmspc=${fmspc}&${query}`)).toBe(1)
    expect(vendors.count(`${QE}?${query}`)).toBe(1)
  })

  it('of two selections is kept apart', async () => {
    const { fetcher, vendors } = await open()
    await fetcher.fetchTdxCollateral(quote, { update: 'early' })
    await fetcher.fetchTdxCollateral(quote, { update: 'standard' })
    expect(vendors.count(TCB)).toBe(2)
    expect(vendors.count(PCK_CRL)).toBe(1)
  })

  it('takes update or a number, never both and nothing else', async () => {
    const { fetcher, vendors } = await open()
    const ask = (selection: TcbSelection) =>
      rejectionOf(fetcher.fetchTdxCollateral({ fmspc, ca: 'platform' }, selection))
    const both = { update: 'early', tcbEvaluationDataNumber: 17 } as const
    expect(await ask(both)).toBe('ERR_USAGE')
    expect(await ask({ tcbEvaluationDataNumber: 0 })).toBe('ERR_USAGE')
    expect(await ask({ tcbEvaluationDataNumber: 1.5 })).toBe('ERR_USAGE')
    expect(await rejectionOf(fetcher.fetchTdxCollateral({ fmspc: '../../x', ca: 'platform' }))).toBe('ERR_USAGE')
    expect(vendors.count(TCB)).toBe(0)
  })

  it('takes the older name of the header', async () => {
    const { fetcher, vendors } = await open()
    const { body, signature, issuerChain } = tdx.collateral.tcbInfo
    const header = { 'SGX-TCB-Info-Issuer-Chain': encodeURIComponent(pemOf(...issuerChain)) }
    vendors.on(TCB, serve(answerOf('tcbInfo', body, signature), header))
    expect((await fetcher.fetchTdxCollateral(quote)).collateral.tcbInfo).toEqual(tdx.collateral.tcbInfo)
  })

  it('[P9] of evidence that names its own addresses is asked of the vendor alone', async () => {
    // The simulated PCK certificate points at lists on api.simulated.example; nobody may be sent there.
    const { vendors } = await open()
    const asked: string[] = []
    const watched = bench.restart({
      fetch: (input, init) => {
        asked.push(new URL(String(input)).host)
        return globalThis.fetch(input, init)
      },
    })
    await watched.fetchTdxCollateral(quote)
    expect(new Set(asked)).toEqual(new Set([new URL(vendors.mirrors['kdsintf.amd.com']).host]))
    expect(new TextDecoder('latin1').decode(tdx.pck)).toContain('api.simulated.example')
  })
})

describe('answers that are not what was asked for', () => {
  const stranger = createTdxVendor({ pki: createSimulatedTdxPki({ clock: () => AT }) })
  const changed = (options: Parameters<typeof createTdxVendor>[0]) => createTdxVendor({ pki: tdx.pki, ...options })
  const document = (options: Parameters<typeof createTdxVendor>[0]) => changed(options).collateral
  const { tcbInfo, qeIdentity } = tdx.collateral
  const chain = (header: string, certificates: readonly Uint8Array[]) => ({
    [header]: encodeURIComponent(pemOf(...certificates)),
  })
  const tcbText = answerOf('tcbInfo', tcbInfo.body, tcbInfo.signature)
  const PCK_HEADER = 'SGX-PCK-CRL-Issuer-Chain'
  const { platformCa, processorCa, root } = tdx.pki.certificates

  it.each([
    ['a page of a captive portal', serve('<html>Sign in</html>', { 'content-type': 'text/html' }), 'JSON_INVALID'],
    ['no issuer chain', serve(tcbText), 'PEM_INVALID'],
    ['an issuer chain that is not encoded', serve(tcbText, { 'TCB-Info-Issuer-Chain': '%zz' }), 'PEM_INVALID'],
    [
      'an extra certificate',
      serve(tcbText, chain('TCB-Info-Issuer-Chain', [...tcbInfo.issuerChain, root])),
      'PEM_INVALID',
    ],
    ['text behind it', serve(`${tcbText}x`, chain('TCB-Info-Issuer-Chain', tcbInfo.issuerChain)), 'PARSE_TRAILING'],
    [
      'a member twice',
      serve(tcbText.replace('{', '{"tcbInfo":{},'), chain('TCB-Info-Issuer-Chain', tcbInfo.issuerChain)),
      'JSON_DUPLICATE_KEY',
    ],
    ['the other document', serve(answerOf('enclaveIdentity', qeIdentity.body, qeIdentity.signature)), 'JSON_INVALID'],
    [
      'SGX collateral',
      serveDocument('tcbInfo', document({ collateral: { tcbInfo: { id: 'SGX' } } }).tcbInfo),
      'COLLATERAL_KIND',
    ],
    [
      'another platform',
      serveDocument('tcbInfo', document({ collateral: { tcbInfo: { fmspc: '00906ED50000' } } }).tcbInfo),
      'TDX_FMSPC',
    ],
    ['another root', serveDocument('tcbInfo', stranger.collateral.tcbInfo), 'X509_UNTRUSTED_ROOT'],
    [
      'a foreign signature',
      serveDocument('tcbInfo', { ...tcbInfo, signature: stranger.collateral.tcbInfo.signature }),
      'TCB_INFO_SIGNATURE',
    ],
    [
      'a signer that the root did not issue',
      serveDocument('tcbInfo', {
        ...stranger.collateral.tcbInfo,
        issuerChain: [stranger.pki.certificates.tcbSigning, root],
      }),
      'X509_BAD_SIGNATURE',
    ],
  ])('refuses TCB info with %s and stores nothing', async (_, handler, cause) => {
    const { fetcher, vendors, cache } = await open()
    vendors.on(TCB, handler)
    const error = await errorOf(fetcher.fetchTdxCollateral(quote))
    expect(error).toMatchObject({ code: 'ERR_COLLATERAL_UNAVAILABLE', cause })
    expect(error.message).toMatch(/nothing was stored/)
    const key = `https://api.trustedservices.intel.com${TCB}?fmspc=${fmspc}&update=standard`
    expect(await cache.get(key)).toBeUndefined()
  })

  it.each([
    [QE, serveDocument('enclaveIdentity', { ...qeIdentity, signature: tcbInfo.signature }), 'QE_IDENTITY_SIGNATURE'],
    [
      QE,
      serveDocument('enclaveIdentity', document({ collateral: { qeIdentity: { id: 'QE' } } }).qeIdentity),
      'COLLATERAL_KIND',
    ],
    [PCK_CRL, serve(tdx.collateral.pckCrl, chain(PCK_HEADER, [processorCa, root])), 'CRL_BAD_ISSUER'],
    [PCK_CRL, serve(tdx.collateral.rootCaCrl, chain(PCK_HEADER, [platformCa, root])), 'CRL_BAD_ISSUER'],
    [PCK_CRL, serve(stranger.collateral.pckCrl, chain(PCK_HEADER, [platformCa, root])), 'CRL_BAD_ISSUER'],
    [PCK_CRL, serve('', chain(PCK_HEADER, [platformCa, root])), 'CRL_MALFORMED'],
    [ROOT_CRL, serve(stranger.collateral.rootCaCrl), 'CRL_BAD_ISSUER'],
    [ROOT_CRL, serve(tdx.collateral.pckCrl), 'CRL_BAD_ISSUER'],
    [ROOT_CRL, serve(tdx.collateral.rootCaCrl.slice(0, 80)), 'CRL_MALFORMED'],
  ])('[X18] refuses at %s what the right key did not sign (%#)', async (path, handler, cause) => {
    const { fetcher, vendors } = await open()
    vendors.on(path, handler)
    expect((await errorOf(fetcher.fetchTdxCollateral(quote))).cause).toBe(cause)
  })

  it('refuses another evaluation number than the one that was asked for', async () => {
    const { fetcher } = await open()
    const asked = fetcher.fetchTdxCollateral(quote, { tcbEvaluationDataNumber: 3 })
    expect((await errorOf(asked)).cause).toBe('COLLATERAL_KIND')
  })

  it('refuses a quote whose PCK certificate is of neither CA', async () => {
    const vendor = changed({ shape: (template) => ({ ...template, issuer: template.subject }) })
    const { fetcher } = await open()
    expect(await rejectionOf(fetcher.fetchTdxCollateral(vendor.quote(new Uint8Array(64))))).toBe('X509_CHAIN_BROKEN')
  })
})
