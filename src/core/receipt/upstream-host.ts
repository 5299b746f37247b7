/** Which hosts stand for the measured machine itself, by their text: nothing is resolved. @module */

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/
/** A name without dots: another container of the same machine. */
const NEIGHBOUR = /^[a-z0-9_-]*[a-z_-][a-z0-9_-]*$/

/** @param host as URL gives it, without port: lower case, IPv4 in dotted decimal, IPv6 in brackets */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

/**
 * Whether a connection to the host stays in the machine, as `local` claims. Private and link-local addresses do not count: they are other
 * machines of a network that the host's operator runs.
 */
export function isInsideMachine(host: string): boolean {
  return isLoopback(host) || NEIGHBOUR.test(host)
}
