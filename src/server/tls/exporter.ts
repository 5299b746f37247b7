/** The value that the two ends of one TLS connection alone can compute. RFC 9266. @module */
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { EXPORTER_LABEL, EXPORTER_SIZE } from '../../core/evidence/exporter.ts'

/** RFC 8446 7.5: in TLS 1.3 no context is the same as one of zero length. */
const NO_CONTEXT: Buffer = Buffer.alloc(0)

/** Undefined where the connection does not end here, or below TLS 1.3: before it, an exporter could be the same on two connections. */
export function exporterOf(socket: Duplex): Uint8Array | undefined {
  if (!(socket instanceof TLSSocket) || socket.destroyed) return undefined
  const isEstablished = socket.getFinished() !== undefined
  if (!isEstablished || socket.getProtocol() !== 'TLSv1.3') return undefined
  return new Uint8Array(socket.exportKeyingMaterial(EXPORTER_SIZE, EXPORTER_LABEL, NO_CONTEXT))
}
