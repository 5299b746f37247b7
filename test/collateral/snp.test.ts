/** AMD's key server: what is asked for one report, and what is refused before it is kept. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { decodeSnpReport, type SnpEndorsements } from '../../src/core/snp/index.ts'
import { AMD_PROFILE, verifyPath } from '../../src/core/x509/index.ts'
import { issueSnpCrl, issueVcek, type SimulatedPki } from '../../src/simulator/index.ts'
import {
  AT,
  type Bench,
  createBench,
  createSnpVendor,
  errorOf,
  rejectionOf,
  type SnpVendor,
  serveSnp,
} from './bench.ts'
import { pemOf, serve } from './vendors.ts'

let genoa: SnpVendor
let turin: SnpVendor
let leased: SnpVendor
let bench: Bench

beforeAll(async () => {
  genoa = await createSnpVendor()
  turin = await createSnpVendor('Turin')
  leased = await createSnpVendor('Genoa', { signer: 'vlek' })
})
afterEach(() => bench.vendors.close())

async function open(vendor: SnpVendor): Promise<Bench> {
  bench = await createBench([vendor.snp.rootFingerprint])
  serveSnp(bench.vendors, vendor)
  return bench
}

function pathOf(endorsements: SnpEndorsements): readonly Uint8Array[] {
  return 'vcek' in endorsements
    ? [endorsements.vcek, endorsements.ask, endorsements.ark]
    : [endorsements.vlek, endorsements.asvk, endorsements.ark]
}

describe('endorsements of a report', () => {
  it.each(['Genoa', 'Turin'] as const)('are fetched for a %s, and the core proves them', async (product) => {
    const vendor = product === 'Genoa' ? genoa : turin
    const { fetcher, vendors } = await open(vendor)
    const { endorsements, sources, product: found } = await fetcher.fetchSnpEndorsements(vendor.report)
    expect(found).toBe(product)
    expect(endorsements).toEqual({ ...vendor.snp.endorsements, crls: [vendor.crl()] })
    expect(sources.map(({ what, origin }) => [what, origin])).toEqual([
      ['VCEK', 'vendor'],
      [`ASK and ARK of ${product}`, 'vendor'],
      [`revocation list of ARK-${product}`, 'vendor'],
    ])
    const roots = [vendor.snp.rootFingerprint]
    const path = await verifyPath(pathOf(endorsements), AMD_PROFILE, { at: AT, roots, revocation: 'unchecked' })
    expect(path.ok).toBe(true)
    const levels = product === 'Genoa' ? '?blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=84' : '?fmcSPL=1&blSPL=1&'
    expect(vendors.requests.filter((request) => request.includes(levels))).toHaveLength(1)
  })

  it('are asked for once: the second time they come from the cache', async () => {
    const { fetcher, vendors } = await open(genoa)
    await fetcher.fetchSnpEndorsements(genoa.report)
    const { sources } = await fetcher.fetchSnpEndorsements(decodeSnpReport(genoa.report))
    expect(sources.map(({ origin }) => origin)).toEqual(['cache', 'cache', 'cache'])
    expect(vendors.requests).toHaveLength(3)
  })

  it('leave the list out where revocation is not asked for', async () => {
    const { fetcher, vendors } = await open(genoa)
    const { endorsements } = await fetcher.fetchSnpEndorsements(genoa.report, { revocation: 'skip' })
    expect(endorsements).toEqual(genoa.snp.endorsements)
    expect(vendors.count('/vcek/v1/Genoa/crl')).toBe(0)
  })

  it('of version 2 need the product by name', async () => {
    const { fetcher } = await open(genoa)
    const report = genoa.snp.report(new Uint8Array(64), { version: 2 })
    expect((await errorOf(fetcher.fetchSnpEndorsements(report))).code).toBe('ERR_USAGE')
    const { product } = await fetcher.fetchSnpEndorsements(report, { product: 'Genoa' })
    expect(product).toBe('Genoa')
    expect(await rejectionOf(fetcher.fetchSnpEndorsements(genoa.report, { product: 'Milan' }))).toBe('ERR_USAGE')
  })

  it('cannot be fetched for a masked chip, an unknown processor or a report that no key signs', async () => {
    const { fetcher, vendors } = await open(genoa)
    const of = (fields: Parameters<typeof genoa.snp.report>[1]) =>
      errorOf(fetcher.fetchSnpEndorsements(genoa.snp.report(new Uint8Array(64), fields)))
    const masked = await of({ chipId: new Uint8Array(64) })
    expect(masked.code).toBe('ERR_COLLATERAL_UNAVAILABLE')
    expect(masked.message).toMatch(/host masks it.*certificate table/)
    const unknown = await of({ cpuid: { family: 0x1b, model: 0, stepping: 0 } })
    expect(unknown.message).toMatch(/no product is known/)
    const unsigned = await of({ keyInfo: { authorKeyEn: false, maskChipKey: false, signingKey: 7 } })
    expect(unsigned.message).toMatch(/not signed by a VCEK or VLEK/)
    expect(vendors.count('/vcek/v1/Genoa/0')).toBe(0)
  })

  it('say of a chip that AMD does not know what to check', async () => {
    const { fetcher, vendors } = await open(genoa)
    vendors.on('/vcek/v1/Genoa/', serve('not found', {}, 404))
    const { code, message } = await errorOf(fetcher.fetchSnpEndorsements(genoa.report))
    expect(code).toBe('ERR_COLLATERAL_UNAVAILABLE')
    expect(message).toMatch(/VCEK.*404.*simulated platforms have none/)
    expect(vendors.requests.filter((path) => path.includes('blSPL'))).toHaveLength(1)
  })
})

describe('a report signed by a VLEK', () => {
  it('says that a VLEK cannot be fetched, and where it comes from', async () => {
    const { fetcher, vendors } = await open(leased)
    const { code, message } = await errorOf(fetcher.fetchSnpEndorsements(leased.report))
    expect(code).toBe('ERR_COLLATERAL_UNAVAILABLE')
    expect(message).toMatch(/VLEK.*cloud provider alone.*certificate table/)
    expect(vendors.requests).toEqual([])
  })

  it('gets chain and list beside the VLEK that is given', async () => {
    const { fetcher, vendors } = await open(leased)
    const { endorsements: given } = leased.snp
    const vlek = 'vlek' in given ? given.vlek : new Uint8Array()
    const { endorsements } = await fetcher.fetchSnpEndorsements(leased.report, { vlek })
    expect(endorsements).toEqual({ ...given, crls: [leased.crl()] })
    expect(vendors.requests.every((path) => path.startsWith('/vlek/v1/Genoa/'))).toBe(true)
  })

  it('has a chain that can be fetched alone', async () => {
    const { fetcher } = await open(leased)
    const chain = await fetcher.fetchSnpChain('Genoa', 'vlek')
    expect(chain).toMatchObject({ signer: 'vlek', issuer: leased.pki.asvk, ark: leased.pki.ark, crls: [leased.crl()] })
  })
})

describe('answers that are not what was asked for', () => {
  const chain = '/vcek/v1/Genoa/cert_chain'
  const pki = (): SimulatedPki => genoa.pki

  it.each([
    ['an extra certificate', () => pemOf(pki().ask, pki().ark, pki().asvk), 'PEM_INVALID'],
    ['one certificate', () => pemOf(pki().ask), 'PEM_INVALID'],
    ['text around the certificates', () => `<pre>${pemOf(pki().ask, pki().ark)}</pre>`, 'PEM_INVALID'],
    ['another order', () => pemOf(pki().ark, pki().ask), 'SNP_PRODUCT_MISMATCH'],
    ['the chain of VLEKs', () => pemOf(pki().asvk, pki().ark), 'SNP_PRODUCT_MISMATCH'],
    ['the chain of another product', () => pemOf(turin.pki.ask, turin.pki.ark), 'SNP_PRODUCT_MISMATCH'],
    ['octets that are no text', () => Uint8Array.of(0xff, 0xfe), 'PARSE_INVALID'],
  ])('refuses a chain with %s and stores nothing', async (_, body, cause) => {
    const { fetcher, vendors, cache } = await open(genoa)
    vendors.on(chain, serve(body()))
    const error = await errorOf(fetcher.fetchSnpEndorsements(genoa.report))
    expect(error).toMatchObject({ code: 'ERR_COLLATERAL_UNAVAILABLE', cause })
    expect(await cache.get(`https://kdsintf.amd.com${chain}`)).toBeUndefined()
  })

  it('accepts carriage returns in a chain', async () => {
    const { fetcher, vendors } = await open(genoa)
    vendors.on(chain, serve(pemOf(pki().ask, pki().ark).replaceAll('\n', '\r\n')))
    expect((await fetcher.fetchSnpChain('Genoa', 'vcek')).ark).toEqual(pki().ark)
  })

  it('refuses a chain under a root that is not pinned', async () => {
    bench = await createBench([])
    serveSnp(bench.vendors, genoa)
    const error = await errorOf(bench.fetcher.fetchSnpEndorsements(genoa.report))
    expect(error).toMatchObject({ code: 'ERR_COLLATERAL_UNAVAILABLE', cause: 'X509_UNTRUSTED_ROOT' })
  })

  it('refuses the VCEK of another chip or firmware level, and one that the ASK did not sign', async () => {
    const { chipId, reportedTcb: tcb } = decodeSnpReport(genoa.report)
    const clock = (): Date => AT
    const foreignKeys = { ...genoa.pki, keys: { ...genoa.pki.keys, ask: genoa.pki.keys.ark } }
    const older = tcb.slice().fill(1, 0, 1)
    const rows = [
      [issueVcek(genoa.pki, { tcb, chipId: chipId.slice().fill(1, 0, 1), clock }), 'SNP_CHIP_MISMATCH'],
      [issueVcek(genoa.pki, { tcb: older, chipId, clock }), 'SNP_CHIP_MISMATCH'],
      [issueVcek(foreignKeys, { tcb, chipId, clock }), 'X509_BAD_SIGNATURE'],
    ] as const
    for (const [vcek, cause] of rows) {
      const { fetcher, vendors } = await open(genoa)
      vendors.on('/vcek/v1/Genoa/', serve(vcek))
      expect((await errorOf(fetcher.fetchSnpEndorsements(genoa.report))).cause).toBe(cause)
      await vendors.close()
    }
  })

  it('[X18] refuses a list by its issuer’s key, whatever name it carries', async () => {
    const forged = { ...genoa.pki, keys: { ...genoa.pki.keys, ark: genoa.pki.keys.ask } }
    const rows = [
      [issueSnpCrl(forged, { clock: () => AT }), 'CRL_BAD_ISSUER'],
      [turin.crl(), 'CRL_BAD_ISSUER'],
      [genoa.pki.ark, 'CRL_MALFORMED'],
      [genoa.crl({ shape: ({ number: _, ...rest }) => rest }), 'CRL_MALFORMED'],
      [genoa.crl({ shape: ({ nextUpdate: _, ...rest }) => rest }), 'CRL_MALFORMED'],
    ] as const
    for (const [crl, cause] of rows) {
      const { fetcher, vendors } = await open(genoa)
      vendors.on('/vcek/v1/Genoa/crl', serve(crl))
      expect((await errorOf(fetcher.fetchSnpEndorsements(genoa.report))).cause).toBe(cause)
      await vendors.close()
    }
  })
})
