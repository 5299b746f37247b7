/** Where collateral may come from: each form of a foreign address is refused, whoever names it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  amdCrlAddress,
  chainAddress,
  pckCrlAddress,
  qeIdentityAddress,
  ROOT_CRL_ADDRESS,
  tcbInfoAddress,
  vcekAddress,
} from '../../src/collateral/addresses.ts'
import { createCollateralFetcher, createMemoryCache } from '../../src/collateral/index.ts'
import { hostKind } from '../../src/collateral/network-host.ts'
import { createSources, vendorUrl } from '../../src/collateral/sources.ts'
import { decodeTcb, SNP_PRODUCTS } from '../../src/core/snp/index.ts'
import { CountersignError } from '../../src/errors.ts'
import { failureOf } from '../kit/failure-of.ts'
import { createFakeTime } from './bench.ts'

const ALLOWED = ['kdsintf.amd.com', 'api.trustedservices.intel.com', 'certificates.trustedservices.intel.com']
const KDS = 'https://kdsintf.amd.com/vcek/v1/Milan/cert_chain'

describe('addresses of vendors', () => {
  it.each([
    ['http', 'http://kdsintf.amd.com/vcek/v1/Milan/cert_chain'],
    ['another host', 'https://kds.example/vcek/v1/Milan/cert_chain'],
    ['a host that begins with a vendor', 'https://kdsintf.amd.com.evil.example/'],
    ['a host that ends in a vendor', 'https://evilkdsintf.amd.com/'],
    ['a dot at the end of the host', 'https://kdsintf.amd.com./'],
    ['a user before the host', 'https://kdsintf.amd.com@evil.example/'],
    ['a user before a vendor', 'https://user:secret@kdsintf.amd.com/'],
    ['another port', 'https://kdsintf.amd.com:8443/'],
    ['a fragment', 'https://kdsintf.amd.com/#x'],
    ['loopback', 'https://127.0.0.1/'],
    ['loopback in other digits', 'https://0x7f.1/'],
    ['a private address', 'https://10.0.0.8/'],
    ['a link-local address', 'https://169.254.169.254/latest/meta-data/'],
    ['IPv6 link-local', 'https://[fe80::1]/'],
    ['a file', 'file:///etc/passwd'],
    ['data', 'data:text/plain,x'],
    ['no address', 'kdsintf.amd.com'],
  ])('[P9] refuses %s', (_, address) => {
    expect(failureOf(() => vendorUrl(address))).toBe('COLLATERAL_SOURCE')
    expect(failureOf(() => createSources()(address))).toBe('COLLATERAL_SOURCE')
  })

  it('[P9] passes the vendors’ own addresses as they are', () => {
    const sources = createSources()
    for (const address of [KDS, ROOT_CRL_ADDRESS, pckCrlAddress('platform'), qeIdentityAddress({ update: 'early' })])
      expect(sources(address)).toBe(address)
  })

  it('[P9] never shows a password in a message', () => {
    const refuse = (): unknown => vendorUrl('http://user:hunter2@evil.example/')
    expect(refuse).toThrow(/not https/)
    expect(refuse).not.toThrow(/hunter2/)
  })
})

describe('mirrors', () => {
  const mirror = (base: string, local = false) => ({
    mirrors: { 'kdsintf.amd.com': base } as const,
    dangerouslyAllowLocalMirrors: local,
  })

  it('[P9] asks a mirror that the operator names, for its vendor alone', () => {
    const sources = createSources(mirror('https://kds.operator.example/amd/'))
    expect(sources(KDS)).toBe('https://kds.operator.example/amd/vcek/v1/Milan/cert_chain')
    expect(sources(pckCrlAddress('processor'))).toBe(
      'https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=processor&encoding=der',
    )
  })

  it.each([
    ['http', 'http://kds.operator.example'],
    ['a user', 'https://user@kds.operator.example'],
    ['a query', 'https://kds.operator.example/?a=1'],
    ['a fragment', 'https://kds.operator.example/#a'],
    ['another port', 'https://kds.operator.example:8443'],
    ['loopback', 'https://127.0.0.1:8081'],
    ['loopback by name', 'https://localhost:8081'],
    ['IPv6 loopback', 'https://[::1]'],
    ['a private address', 'https://192.168.1.4'],
    ['a private IPv6 address', 'https://[fd00::4]'],
    ['an IPv4 address inside IPv6', 'https://[::ffff:10.0.0.1]'],
    ['a local name', 'https://pccs.internal'],
    ['a name without a dot', 'https://pccs'],
    ['link-local', 'https://169.254.169.254'],
  ])('[P9] refuses a mirror with %s', (_, base) => {
    expect(failureOf(() => createSources(mirror(base)))).toBe('COLLATERAL_SOURCE')
  })

  it.each([
    'http://127.0.0.1:8081',
    'http://localhost:8081',
    'http://[::1]:8081',
    'https://10.1.2.3:8081',
    'https://pccs.internal:8081',
  ])('[P9] passes the local mirror %s only where local mirrors are allowed', (base) => {
    expect(failureOf(() => createSources(mirror(base)))).toBe('COLLATERAL_SOURCE')
    expect(createSources(mirror(base, true))(KDS)).toBe(`${base}/vcek/v1/Milan/cert_chain`)
  })

  it.each([
    'http://10.1.2.3:8081',
    'http://pccs.internal',
    'http://kds.operator.example',
    'https://169.254.169.254',
    'http://169.254.169.254',
    'https://[fe80::1]',
    'https://kds.operator.example:8443',
  ])('[P9] refuses the mirror %s even where local mirrors are allowed', (base) => {
    expect(failureOf(() => createSources(mirror(base, true)))).toBe('COLLATERAL_SOURCE')
  })

  it('[P9] refuses a mirror for a host that is no vendor', () => {
    const mirrors = Object.fromEntries([['evil.example', 'https://mirror.example']])
    expect(failureOf(() => createSources({ mirrors }))).toBe('COLLATERAL_SOURCE')
  })

  it('[P9] is refused before anything is fetched', () => {
    const time = createFakeTime()
    const open = (): unknown =>
      createCollateralFetcher({
        ...time,
        fetch: () => Promise.reject(new Error('asked')),
        cache: createMemoryCache(),
        mirrors: { 'kdsintf.amd.com': 'http://169.254.169.254/' },
      })
    expect(failureOf(open)).toBe('COLLATERAL_SOURCE')
  })
})

describe('hosts', () => {
  const octet = fc.integer({ min: 0, max: 255 })

  it('[P9] knows every private IPv4 address', () => {
    const privates = fc.oneof(
      fc.tuple(fc.constant(10), octet, octet, octet),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
      fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
      fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet),
      fc.tuple(fc.constant(127), octet, octet, octet),
      fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
      fc.tuple(fc.constant(0), octet, octet, octet),
      fc.tuple(fc.integer({ min: 224, max: 255 }), octet, octet, octet),
    )
    fc.assert(fc.property(privates, (parts) => hostKind(new URL(`https://${parts.join('.')}`).hostname) !== 'public'))
  })

  it.each([
    ['8.8.8.8', 'public'],
    ['172.32.0.1', 'public'],
    ['100.128.0.1', 'public'],
    ['192.0.2.1', 'private'],
    ['198.18.0.1', 'private'],
    ['198.51.100.7', 'private'],
    ['203.0.113.7', 'private'],
    ['[2606:4700::1]', 'public'],
    ['[2001:4860:4860::8888]', 'public'],
    ['[2001:db8::1]', 'private'],
    ['[2001:0:1::1]', 'private'],
    ['[2002:a00:1::]', 'private'],
    ['[64:ff9b::a00:1]', 'private'],
    ['[::]', 'private'],
    ['[::1]', 'loopback'],
    ['[fe80::1]', 'link-local'],
    ['[febf::1]', 'link-local'],
    ['[ff02::1]', 'private'],
    ['host.localhost', 'loopback'],
    ['router.lan', 'private'],
    ['kdsintf.amd.com', 'public'],
  ])('%s is %s', (host, kind) => {
    expect(hostKind(host)).toBe(kind)
  })
})

describe('builders of addresses', () => {
  const octets = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })

  /** The host of what a builder gives; undefined where it refuses with an error of ours. */
  function hostOf(build: () => string): string | undefined {
    try {
      return new URL(createSources()(build())).hostname
    } catch (error) {
      if (error instanceof CountersignError) return undefined
      throw error
    }
  }

  it('[P9] never leave the allowed hosts, whatever chip and firmware a report claims', () => {
    const subject = fc.record({ product: fc.constantFrom(...SNP_PRODUCTS), chipId: octets(64), tcb: octets(8) })
    fc.assert(
      fc.property(subject, (claims) => [undefined, 'kdsintf.amd.com'].includes(hostOf(() => vcekAddress(claims)))),
    )
  })

  it('[P9] never leave the allowed hosts, whatever FMSPC a quote claims', () => {
    const selection = fc.oneof(
      fc.record({ update: fc.constantFrom('early', 'standard') }),
      fc.record({ tcbEvaluationDataNumber: fc.integer() }),
    )
    const fmspc = fc.oneof(
      fc.string(),
      fc.webUrl(),
      octets(6).map((id) => Buffer.from(id).toString('hex')),
    )
    fc.assert(
      fc.property(fmspc, selection, (claimed, selected) => {
        const host = hostOf(() => tcbInfoAddress(claimed, selected))
        return host === undefined || ALLOWED.includes(host)
      }),
    )
    expect(hostOf(() => tcbInfoAddress('90c06f000000', { update: 'standard' }))).toBe('api.trustedservices.intel.com')
  })

  it('writes levels in decimal, and eight octets of a Turin', () => {
    const chipId = new Uint8Array(64).fill(0xab)
    const tcb = Uint8Array.of(10, 0, 0, 0, 0, 0, 23, 219)
    expect(vcekAddress({ product: 'Milan', chipId, tcb })).toBe(
      `https://kdsintf.amd.com/vcek/v1/Milan/${'ab'.repeat(64)}?blSPL=10&teeSPL=0&snpSPL=23&ucodeSPL=219`,
    )
    const turinId = chipId.slice().fill(0, 8)
    const turin = Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 71)
    expect(vcekAddress({ product: 'Turin', chipId: turinId, tcb: turin })).toBe(
      `https://kdsintf.amd.com/vcek/v1/Turin/${'ab'.repeat(8)}?fmcSPL=1&blSPL=2&teeSPL=3&snpSPL=4&ucodeSPL=71`,
    )
    expect(decodeTcb(turin, 'Turin').fmc).toBe(1)
    expect(hostOf(() => vcekAddress({ product: 'Turin', chipId, tcb: turin }))).toBeUndefined()
  })

  it('names chains and lists of both kinds of signer', () => {
    expect(chainAddress('Genoa', 'vlek')).toBe('https://kdsintf.amd.com/vlek/v1/Genoa/cert_chain')
    expect(amdCrlAddress('Milan', 'vcek')).toBe('https://kdsintf.amd.com/vcek/v1/Milan/crl')
  })
})
