/** What kind of host an address names: reachable by all, or this machine, or its neighbours. By its text; nothing is resolved. @module */

export type HostKind = 'public' | 'loopback' | 'private' | 'link-local'

/** Names that only a local resolver knows. */
const LOCAL_NAME = /(?:^|\.)(?:local|localdomain|internal|intranet|lan|home|corp|arpa)$/
const LOOPBACK_NAME = /(?:^|\.)localhost$/
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/

/** @param host as URL gives it: lower case, IPv4 in dotted decimal, IPv6 compressed and in brackets */
export function hostKind(host: string): HostKind {
  if (host.startsWith('[')) return ipv6Kind(host.slice(1, -1))
  const octets = IPV4.exec(host)
  if (octets) return ipv4Kind(Number(octets[1]), Number(octets[2]), Number(octets[3]))
  if (LOOPBACK_NAME.test(host)) return 'loopback'
  // A name without a dot is completed by the resolver's search list; one with a dot at its end is a second spelling.
  return !host.includes('.') || host.endsWith('.') || LOCAL_NAME.test(host) ? 'private' : 'public'
}

// IANA special-purpose registry (RFC 6890): everything in it that is not globally reachable, and multicast.
function ipv4Kind(a: number, b: number, c: number): HostKind {
  if (a === 127) return 'loopback'
  // 169.254.169.254 hands out a cloud machine's credentials.
  if (a === 169 && b === 254) return 'link-local'
  const special =
    a === 0 ||
    a === 10 ||
    (a === 100 && b >= 64 && b <= 127) ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168) ||
    (a === 192 && b === 0 && (c === 0 || c === 2)) ||
    (a === 198 && (b === 18 || b === 19)) ||
    (a === 198 && b === 51 && c === 100) ||
    (a === 203 && b === 0 && c === 113) ||
    a >= 224
  return special ? 'private' : 'public'
}

function ipv6Kind(text: string): HostKind {
  if (text === '::1') return 'loopback'
  const first = Number.parseInt(text.split(':')[0] || '0', 16)
  if ((first & 0xffc0) === 0xfe80) return 'link-local'
  // Global unicast is 2000::/3. Of it, 2001:0000::/23, 2001:db8::/32 and 2002::/16 carry other addresses, or none.
  const second = Number.parseInt(text.split(':')[1] || '0', 16)
  const special = (first === 0x2001 && (second < 0x200 || second === 0xdb8)) || first === 0x2002
  return first >= 0x2000 && first <= 0x3fff && !special ? 'public' : 'private'
}
