/** Channels whose every connection is bound to the TLS key of the verified session, or to the quote itself. formats.md, Channel. @module */
import type { Channel, ChannelGateway, ChannelResponse, OpenChannel } from '../client/channel.ts'
import { fetchStraight } from '../client/http.ts'
import type { HeldChannel } from '../core/evidence/channel.ts'
import { EXPORTER_LABEL, EXPORTER_SIZE } from '../core/evidence/exporter.ts'
import { CountersignError } from '../errors.ts'
import { asNetworkError, requireHttps } from './tls/connect.ts'
import { Connection, ConnectionGone } from './tls/connection.ts'
import { refuseChannel, requireNamed } from './tls/peer.ts'
import { ConnectionPool, type Ready } from './tls/pool.ts'

export interface TlsChannelOptions {
  /**
   * `tls-spki`: each connection must show the key that the session names. `tls-exporter`: each is challenged on its own besides, and the
   * quote commits to it, so that not even the key in other hands lets anyone stand in between.
   */
  readonly binding: 'tls-spki' | 'tls-exporter'
  /** Most connections at a time; requests wait for a free one. */
  readonly maxConnections?: number
  readonly connectTimeoutMs?: number
}

const MAX_CONNECTIONS = 64
const CONNECT_TIMEOUT_MS = 10_000
/** For connections that ended while nobody used them. */
const RETRIES = 2

/**
 * @example
 * import { createAttestedFetch, createTlsChannel } from 'countersign/node'
 * const fetch = createAttestedFetch({ policy, lock, channel: createTlsChannel({ binding: 'tls-exporter' }) })
 */
export function createTlsChannel({
  binding,
  maxConnections = MAX_CONNECTIONS,
  connectTimeoutMs = CONNECT_TIMEOUT_MS,
}: TlsChannelOptions): Channel {
  if (binding !== 'tls-spki' && binding !== 'tls-exporter')
    throw new CountersignError('ERR_USAGE', 'binding is `tls-spki` or `tls-exporter`')
  if (!(Number.isSafeInteger(maxConnections) && maxConnections > 0))
    throw new CountersignError('ERR_USAGE', 'maxConnections is a positive whole number')
  const bind = binding === 'tls-spki' ? bindKey : bindExporter
  return {
    binding,
    fetch: (input, init) => fetchChallenge(input, init, connectTimeoutMs),
    open(gateway) {
      const address = new URL(gateway.base)
      requireHttps(address.protocol)
      if (gateway.attestation.session.keys.tls_spki_sha256.length === 0)
        throw refuseChannel(
          'CHANNEL_BINDING_LEVEL',
          'the session names no TLS key: this gateway does not end TLS itself',
        )
      const open = async (): Promise<Ready<HeldChannel>> => {
        const connection = await Connection.open(address, connectTimeoutMs)
        try {
          return { connection, bound: await bind(connection, gateway) }
        } catch (error) {
          connection.destroy()
          throw asNetworkError(error)
        }
      }
      return openChannel(address.origin, new ConnectionPool(open, maxConnections))
    },
  }
}

function openChannel(origin: string, pool: ConnectionPool<HeldChannel>): OpenChannel {
  const exchange = async (url: string, init: RequestInit): Promise<ChannelResponse> => {
    const ready = await pool.take(init.signal ?? undefined)
    const send: typeof globalThis.fetch = (_, sent = {}) => ready.connection.send(url, sent, () => pool.giveBack(ready))
    return { response: await fetchStraight(send, url, init), held: ready.bound }
  }
  return {
    async fetch(url, init): Promise<ChannelResponse> {
      if (new URL(url).origin !== origin)
        throw refuseChannel('CHANNEL_CHANGED', 'the request goes to another host than the one that was verified')
      for (let left = RETRIES; ; left--) {
        try {
          return await exchange(url, init)
        } catch (error) {
          if (!(error instanceof ConnectionGone) || left === 0) throw error
        }
      }
    },
    close: () => pool.close(),
  }
}

/** @throws NotVerifiedError CHANNEL_KEY_MISMATCH */
async function bindKey({ peer }: Connection, { attestation }: ChannelGateway): Promise<HeldChannel> {
  requireNamed(peer, attestation.session)
  return { observed: { binding: 'tls-spki', ...peer }, attestation }
}

/**
 * The session that this very connection attests counts, not the one that was verified before: the gateway may have begun anew.
 * @throws NotVerifiedError CHANNEL_EXPORTER_MISMATCH, CHANNEL_KEY_MISMATCH, CHANNEL_BINDING_LEVEL where the gateway does not see this connection
 */
async function bindExporter(connection: Connection, { attest }: ChannelGateway): Promise<HeldChannel> {
  const { socket, peer } = connection
  // RFC 9266: without context, which TLS 1.3 takes for one of zero length.
  const exporter = new Uint8Array(socket.exportKeyingMaterial(EXPORTER_SIZE, EXPORTER_LABEL, Buffer.alloc(0)))
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const response = await connection.send(addressOf(input), init)
    if (response.status === 400)
      throw refuseChannel('CHANNEL_BINDING_LEVEL', 'whoever ends this connection does not bind challenges to it')
    return response
  }
  const attestation = await attest({ fetch, exporter })
  requireNamed(peer, attestation.session)
  return { observed: { binding: 'tls-exporter', ...peer, exporter }, attestation }
}

/** Before anything is verified, from whoever answers: nothing but the challenge may go there. */
async function fetchChallenge(
  input: string | URL | Request,
  init: RequestInit = {},
  timeoutMs: number,
): Promise<Response> {
  const url = new URL(addressOf(input))
  const isChallenge = url.pathname.endsWith('/v1/attestation') && (init.method ?? 'GET') === 'GET'
  if (!isChallenge || (init.body ?? null) !== null || new Headers(init.headers).has('authorization'))
    throw new CountersignError('ERR_USAGE', 'only a challenge may go over a connection that is not bound')
  const connection = await Connection.open(url, timeoutMs)
  return connection.send(url.href, init, () => connection.destroy())
}

function addressOf(input: string | URL | Request): string {
  return input instanceof Request ? input.url : String(input)
}
