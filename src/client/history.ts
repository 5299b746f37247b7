/** Shows the checkpoints of a gateway's log to the store, which remembers what the log showed before. @module */
import type { Attestation } from '../core/evidence/attestation.ts'
import { decodeTlogProof } from '../core/log/index.ts'
import { CountersignError } from '../errors.ts'
import type { OpenChannel } from './channel.ts'
import type { ClientDeps } from './deps.ts'
import { readBody } from './http.ts'
import type { LogSighting, ReceiptStore } from './store.ts'

const MAX_TILE = 1 << 16
const READ_TIMEOUT_MS = 30_000

export interface Shown {
  /** The gateway's address up to and with `/v1`. */
  readonly base: string
  readonly channel: Pick<OpenChannel, 'fetch'>
  /** It has verified, and the checkpoint with it. */
  readonly attestation: Attestation
  /** C2SP tlog-proof with the signed checkpoint. */
  readonly proof: string | undefined
  readonly askedAt: LogSighting['askedAt']
}

/** @throws NotVerifiedError of the check `history`, CountersignError ERR_NETWORK */
export async function followLog(
  store: ReceiptStore | undefined,
  { base, channel, attestation, proof, askedAt }: Shown,
  { clock, warn }: ClientDeps,
): Promise<void> {
  if (store === undefined || proof === undefined) return
  const { origin } = attestation.checkpoint
  await store.follow({
    origin,
    vkey: attestation.session.keys.log,
    checkpoint: decodeTlogProof(proof).checkpoint,
    askedAt,
    seenAt: clock.now(),
    read: (path) => readPublished(`${base.slice(0, -'/v1'.length)}/log/${origin.split('/').at(-1)}/${path}`, channel),
    warn,
  })
}

/** Without credentials: what a log publishes is for everyone. */
async function readPublished(url: string, channel: Pick<OpenChannel, 'fetch'>): Promise<Uint8Array | undefined> {
  const { response } = await channel.fetch(url, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) })
  const octets = await readBody(response, MAX_TILE)
  if (response.status === 404) return undefined
  if (response.status === 200) return octets
  throw new CountersignError('ERR_NETWORK', `the gateway answered ${response.status} to a request for its log`)
}
