/**
 * How requests reach a gateway: over connections that are bound to keys of its verified session. `countersign/ohttp` and `countersign/node`
 * bring channels; without one, nothing is bound, and verdicts say so. @module
 */
import type { Attestation } from '../core/evidence/attestation.ts'
import type { HeldChannel } from '../core/evidence/channel.ts'
import type { Binding } from '../core/policy.ts'
import type { Verified } from '../core/verdict.ts'
import type { ClientDeps } from './deps.ts'
import { fetchStraight } from './http.ts'

export interface Channel {
  readonly binding: Binding
  /** For challenges, before any key is known: it carries nothing secret. By default the client's own. */
  readonly fetch?: typeof globalThis.fetch
  /**
   * Called for each verification of a gateway.
   * @throws NotVerifiedError CHANNEL_BINDING_LEVEL where the session does not offer it: what was asked for is never dropped
   */
  open(gateway: ChannelGateway): OpenChannel | Promise<OpenChannel>
}

/** A gateway that verified. */
export interface ChannelGateway {
  /** Its address up to and with `/v1`. */
  readonly base: string
  readonly attestation: Verified<Attestation>
  readonly deps: ClientDeps
  /**
   * Challenges the gateway over one connection and verifies what it shows, as policy asks.
   * @throws NotVerifiedError CHANNEL_EXPORTER_MISMATCH where the quote does not commit to that connection
   */
  readonly attest: (connection: ConnectionChallenge) => Promise<Verified<Attestation>>
}

export interface ConnectionChallenge {
  /** Sends over this connection and no other. */
  readonly fetch: typeof globalThis.fetch
  /** Exporter value of the connection, 32 octets. */
  readonly exporter: Uint8Array
}

export interface OpenChannel {
  /** Sends nothing before the connection is bound. `init` is of text or octets, never redirected. */
  fetch(url: string, init: RequestInit): Promise<ChannelResponse>
  /** Lets connections go; what is under way may end. */
  close(): void
}

export interface ChannelResponse {
  readonly response: Response
  readonly held: HeldChannel
}

/** No channel: the platform's own connections, of which nothing is known. */
export function openUnbound(attestation: Verified<Attestation>, deps: ClientDeps): OpenChannel {
  return {
    fetch: async (url, init) => ({
      response: await fetchStraight(deps.fetch, url, init),
      held: { observed: { binding: 'none' }, attestation },
    }),
    close: () => {},
  }
}
