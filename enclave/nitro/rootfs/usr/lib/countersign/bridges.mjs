/**
 * What carries octets in and out of an enclave, each in one direction of connecting. All of it passes through the parent, which reads and
 * changes what it likes: TLS ends inside, on both sides.
 */

/** The parent as an enclave sees it. */
export const PARENT_CID = 3
/** Where the parent gives the operational settings, once. */
export const OPERATIONAL_PORT = 7001
/** Clients come in here. */
export const INWARD_PORT = 8443
/** The gateway's own port, on the loopback address. */
export const GATEWAY_PORT = 8787
export const MAX_OPERATIONAL_SIZE = 64 * 1024
const MAX_OUTWARD = 32

const HOST = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/

/** The measured list of whom the gateway may reach: host, its port, and the vsock port at which the parent leads there. */
export function decodeOutward(text) {
  const list = JSON.parse(text)
  if (!Array.isArray(list) || list.length > MAX_OUTWARD)
    throw new Error(`outward.json: a list of at most ${MAX_OUTWARD}`)
  return list.map((entry, i) => {
    const { host, port, vsockPort, ...rest } = entry
    const isPort = (value, least) => Number.isInteger(value) && value >= least && value <= 65535
    if (typeof host !== 'string' || !HOST.test(host))
      throw new Error(`outward.json: entry ${i}: host must be a lower-case name`)
    if (!isPort(port, 1) || !isPort(vsockPort, 1024))
      throw new Error(`outward.json: entry ${i}: port or vsockPort is none`)
    if (vsockPort === OPERATIONAL_PORT || vsockPort === INWARD_PORT)
      throw new Error(`outward.json: entry ${i}: vsockPort ${vsockPort} is taken`)
    if (Object.keys(rest).length > 0) throw new Error(`outward.json: entry ${i}: ${Object.keys(rest)[0]} is not known`)
    return { host, port, vsockPort, address: `127.0.1.${i + 1}` }
  })
}

/** Names lead to loopback addresses of their own, so that two hosts may have one port, and TLS checks the name that was meant. */
export function hostsFile(outward) {
  return ['127.0.0.1 localhost', ...outward.map(({ host, address }) => `${address} ${host}`), ''].join('\n')
}

/** Arguments of socat for every bridge inside the enclave. */
export function bridges(outward) {
  return [
    [`VSOCK-LISTEN:${INWARD_PORT},reuseaddr,fork`, `TCP4:127.0.0.1:${GATEWAY_PORT}`],
    ...outward.map(({ address, port, vsockPort }) => [
      `TCP4-LISTEN:${port},bind=${address},reuseaddr,fork`,
      `VSOCK-CONNECT:${PARENT_CID}:${vsockPort}`,
    ]),
  ]
}

/** Arguments of socat by which the settings are read: one way, once. */
export function operationalSource() {
  return ['-u', `VSOCK-CONNECT:${PARENT_CID}:${OPERATIONAL_PORT}`, 'STDOUT']
}
