/** What one TLS connection shows of its other end. All of it is settled before an octet of HTTP is written. @module */
import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { NotVerifiedError } from '../../client/errors.ts'
import type { Session } from '../../core/evidence/session.ts'
import type { FailureCode } from '../../core/failure-codes.ts'

export interface TlsPeer {
  /** As Node spells it: `TLSv1.3`. */
  readonly tlsVersion: string
  /** Of the key that the peer proved to hold, lower-case hex. */
  readonly spkiSha256: string
}

/** A connection that may not be used, by the check of verdicts that would say so. */
export function refuseChannel(code: FailureCode, detail: string): NotVerifiedError {
  return new NotVerifiedError(code, [{ name: 'channel', status: 'fail', required: true, detail, code }])
}

/**
 * Of a connection whose handshake is over.
 * @throws NotVerifiedError TLS_VERSION, CHANNEL_KEY_MISMATCH where no key was shown, CHANNEL_BINDING_LEVEL where it is not TLS at all
 */
export function readPeer(socket: Duplex): TlsPeer {
  if (!(socket instanceof TLSSocket)) throw refuseChannel('CHANNEL_BINDING_LEVEL', 'the connection is not encrypted')
  const tlsVersion = socket.getProtocol() ?? 'unknown'
  // Below 1.3 certificates travel in clear, and an exporter may be the same on two connections.
  if (tlsVersion !== 'TLSv1.3') throw refuseChannel('TLS_VERSION', `TLSv1.3 is due, the peer speaks ${tlsVersion}`)
  const certificate = socket.getPeerX509Certificate()
  // A resumed connection proves that its other end once had a secret of ours, and shows no key.
  if (socket.isSessionReused() || certificate === undefined)
    throw refuseChannel('CHANNEL_KEY_MISMATCH', 'the connection was resumed, or shows no certificate')
  const spki = certificate.publicKey.export({ format: 'der', type: 'spki' })
  return { tlsVersion, spkiSha256: createHash('sha256').update(spki).digest('hex') }
}

/** @throws NotVerifiedError CHANNEL_KEY_MISMATCH */
export function requireNamed({ spkiSha256 }: TlsPeer, { keys }: Session): void {
  const named = keys.tls_spki_sha256
  if (!named.includes(spkiSha256))
    throw refuseChannel('CHANNEL_KEY_MISMATCH', `the peer has key ${spkiSha256}, the session names ${named.join(', ')}`)
}
