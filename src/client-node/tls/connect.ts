/** Opens TLS connections to a gateway that may be anyone: whose they are is judged by their key, never by a certificate authority. @module */
import { TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'
import { CountersignError } from '../../errors.ts'
import { readPeer, refuseChannel, type TlsPeer } from './peer.ts'

export interface TlsConnection {
  readonly socket: TLSSocket
  readonly peer: TlsPeer
}

/**
 * A connector of undici whose every connection has been judged.
 * @param judge throws where nothing may be sent over it
 */
export function createJudgingConnector(timeoutMs: number, judge: (peer: TlsPeer) => void): buildConnector.connector {
  const connect = buildConnector({
    timeout: timeoutMs,
    // The attested key is the check; certificates over it are self-signed as a rule, and would vouch for less.
    rejectUnauthorized: false,
    // On a resumed connection the peer shows no certificate: the key could not be compared.
    maxCachedSessions: 0,
    // A server that speaks less is refused by name once it has answered.
    minVersion: 'TLSv1.2',
  })
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null)
        return
      }
      try {
        judge(readPeer(socket))
      } catch (cause) {
        socket.destroy()
        callback(asNetworkError(cause), null)
        return
      }
      callback(null, socket)
    })
}

/** @throws NotVerifiedError CHANNEL_BINDING_LEVEL for an address without TLS, TLS_VERSION, CHANNEL_KEY_MISMATCH; CountersignError ERR_NETWORK */
export function connectTls({ protocol, host, hostname, port }: URL, timeoutMs: number): Promise<TlsConnection> {
  requireHttps(protocol)
  return new Promise((resolve, reject) => {
    let peer: TlsPeer | undefined
    const connect = createJudgingConnector(timeoutMs, (seen) => {
      peer = seen
    })
    connect({ protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port }, (...[error, socket]) => {
      if (error !== null) reject(asNetworkError(error))
      else if (socket instanceof TLSSocket && peer !== undefined) resolve({ socket, peer })
      else reject(refuseChannel('CHANNEL_BINDING_LEVEL', 'the connection is not encrypted'))
    })
  })
}

/** @throws NotVerifiedError CHANNEL_BINDING_LEVEL */
export function requireHttps(protocol: string): void {
  if (protocol !== 'https:')
    throw refuseChannel('CHANNEL_BINDING_LEVEL', 'the address begins with http://, where no connection has a key')
}

export function asNetworkError(cause: unknown): CountersignError {
  if (cause instanceof CountersignError) return cause
  return new CountersignError('ERR_NETWORK', 'the gateway could not be reached, or broke off', { cause })
}
