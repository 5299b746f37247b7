/** Requests to one witness: to one origin only, whole, within a time and a size. All that comes back is the network's. @module */
import { Pool } from 'undici'
import { CountersignError } from '../../errors.ts'
import type { Timers } from '../deps.ts'
import { WitnessFailure } from './witness-failure.ts'

export interface WitnessRequest {
  readonly method: 'GET' | 'POST'
  /** Below the witness's submission prefix, begins with `/`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly octets?: Uint8Array
}

export interface WitnessReply {
  readonly status: number
  /** Without parameters. */
  readonly mediaType: string
  readonly octets: Uint8Array
}

export interface WitnessConnection {
  /** @throws WitnessFailure unreachable, timeout, too-large, protocol, closed */
  send(request: WitnessRequest): Promise<WitnessReply>
  /** Cuts what is under way. */
  close(): Promise<void>
}

/** Of a request, from its beginning to the end of the answer. */
const TOTAL_MS = 5_000
const MAX_ANSWER = 64 * 1024
const MAX_HEADER_BYTES = 16 * 1024
const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/

/**
 * The prefix of a witness's addresses.
 * @throws CountersignError ERR_CONFIG: https alone, or http on this machine
 */
export function witnessPrefix(url: string): URL {
  const prefix = URL.canParse(url) ? new URL(url) : undefined
  if (prefix === undefined || prefix.username !== '' || prefix.search !== '' || prefix.hash !== '')
    throw new CountersignError('ERR_CONFIG', `witness policy: ${url} is not the address of a witness`)
  const isLocal = prefix.protocol === 'http:' && LOOPBACK.test(prefix.hostname)
  if (prefix.protocol !== 'https:' && !isLocal)
    throw new CountersignError('ERR_CONFIG', `witness policy: ${url} must be https`)
  return prefix
}

/** Opens no connection yet. @throws CountersignError ERR_CONFIG as {@link witnessPrefix} */
export function connectWitness(url: string, timers: Timers): WitnessConnection {
  const prefix = witnessPrefix(url)
  const base = prefix.pathname.replace(/\/$/, '')
  const pool = new Pool(prefix.origin, {
    connections: 2,
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Named, so that NODE_TLS_REJECT_UNAUTHORIZED cannot switch it off.
    connect: { timeout: TOTAL_MS, rejectUnauthorized: true },
  })
  const underWay = new Set<AbortController>()
  let isClosed = false
  return {
    async send({ method, path, headers = {}, octets = null }) {
      const cut = new AbortController()
      let isLate = false
      const cancel = timers.after(TOTAL_MS, () => {
        isLate = true
        cut.abort()
      })
      underWay.add(cut)
      try {
        const answer = await pool.request({
          method,
          path: base + path,
          headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'countersign', ...headers },
          body: octets,
          signal: cut.signal,
        })
        const mediaType = mediaTypeOf(answer.headers)
        return { status: answer.statusCode, mediaType, octets: await readWhole(answer.body) }
      } catch (cause) {
        if (cause instanceof WitnessFailure) throw cause
        throw new WitnessFailure(isClosed ? 'closed' : isLate ? 'timeout' : 'unreachable', { cause })
      } finally {
        underWay.delete(cut)
        cancel()
      }
    },
    close: async () => {
      isClosed = true
      for (const cut of underWay) cut.abort()
      await pool.destroy()
    },
  }
}

async function readWhole(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop ends the connection.
  for await (const chunk of body) {
    size += chunk.length
    if (size > MAX_ANSWER) throw new WitnessFailure('too-large')
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function mediaTypeOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const coding = headers['content-encoding'] ?? 'identity'
  const type = headers['content-type'] ?? ''
  if (coding !== 'identity' || typeof type !== 'string') throw new WitnessFailure('protocol')
  return type.split(';')[0]?.trim().toLowerCase() ?? ''
}
