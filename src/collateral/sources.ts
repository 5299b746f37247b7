/**
 * Where collateral may come from: the vendors' own hosts, or mirrors that the operator names for them. No address is ever taken from
 * evidence or from a peer: whoever sends evidence would choose what it is held against, and make this machine call others.
 * @module
 */
import { foreignSource } from './errors.ts'
import { hostKind } from './network-host.ts'

export const AMD_KDS = 'kdsintf.amd.com'
export const INTEL_PCS = 'api.trustedservices.intel.com'
export const INTEL_CERTIFICATES = 'certificates.trustedservices.intel.com'

/** The hosts that may have a mirror. */
export type VendorHost = typeof AMD_KDS | typeof INTEL_PCS | typeof INTEL_CERTIFICATES
const VENDOR_HOSTS: readonly VendorHost[] = [AMD_KDS, INTEL_PCS, INTEL_CERTIFICATES]

export interface MirrorOptions {
  /** Vendor host -> base address of the mirror (a PCCS, for example) that is asked instead. */
  readonly mirrors?: Readonly<Partial<Record<VendorHost, string>>>
  /**
   * Mirrors may stand in private networks, at any port, and on this very machine without TLS. Only for a PCCS of one's own and for tests:
   * names in evidence cannot reach these addresses, the operator's own configuration can.
   */
  readonly dangerouslyAllowLocalMirrors?: boolean
}

/** Gives the address to ask for a vendor's address. */
export type Sources = (vendorAddress: string) => string

/**
 * Checks the mirrors once, and then every address.
 * @throws MalformedError COLLATERAL_SOURCE
 */
export function createSources({ mirrors = {}, dangerouslyAllowLocalMirrors = false }: MirrorOptions = {}): Sources {
  const bases = new Map<string, string>()
  for (const [host, base] of Object.entries(mirrors)) {
    if (!isVendorHost(host)) throw foreignSource(`a mirror is given for ${quote(host)}, which is no vendor's host`)
    bases.set(host, mirrorBase(base, dangerouslyAllowLocalMirrors))
  }
  return (vendorAddress) => {
    const { hostname, pathname, search } = vendorUrl(vendorAddress)
    const base = bases.get(hostname)
    return base === undefined ? vendorAddress : base + pathname + search
  }
}

/**
 * The address, if it is one of a vendor's: https, a listed host, its usual port, nothing before the host.
 * @throws MalformedError COLLATERAL_SOURCE
 */
export function vendorUrl(address: string): URL {
  const url = parse(address)
  if (url.protocol !== 'https:') throw foreignSource(`${quote(address)} is not https`)
  refuseExtras(url, address)
  if (url.port !== '') throw foreignSource(`${quote(address)} names a port`)
  if (!isVendorHost(url.hostname)) throw foreignSource(`${quote(url.hostname)} is no vendor's host`)
  return url
}

function mirrorBase(base: string, local: boolean): string {
  const url = parse(base)
  refuseExtras(url, base)
  if (url.search !== '') throw foreignSource(`the mirror ${quote(base)} has a query`)
  const kind = hostKind(url.hostname)
  if (kind === 'link-local') throw foreignSource(`the mirror ${quote(base)} is link-local`)
  if (kind !== 'public' && !local)
    throw foreignSource(`the mirror ${quote(base)} is ${kind}, and local mirrors are not allowed`)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && kind === 'loopback'))
    throw foreignSource(`the mirror ${quote(base)} is not https`)
  if (url.port !== '' && kind === 'public') throw foreignSource(`the mirror ${quote(base)} names a port`)
  return url.origin + url.pathname.replace(/\/$/, '')
}

function parse(address: string): URL {
  try {
    return new URL(address)
  } catch {
    throw foreignSource(`${quote(address)} is no address`)
  }
}

function refuseExtras(url: URL, address: string): void {
  if (url.username !== '' || url.password !== '') throw foreignSource('the address names a user')
  if (url.hash !== '') throw foreignSource(`${quote(address)} has a fragment`)
}

function isVendorHost(host: string): host is VendorHost {
  return VENDOR_HOSTS.some((known) => known === host)
}

/** Messages end up in logs: no control characters, no passwords, no length without end. */
function quote(text: string): string {
  return JSON.stringify(text.replace(/\/\/[^/?#]*@/, '//…@').slice(0, 200))
}
