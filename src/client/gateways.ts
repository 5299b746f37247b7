/** The gateways that one fetch talks to, each verified, and the way to each. @module */
import type { FailureCode } from '../core/failure-codes.ts'
import type { ChannelResponse } from './channel.ts'
import type { ClientDeps } from './deps.ts'
import { NotVerifiedError } from './errors.ts'
import { GatewayAttestation, type GatewayOptions } from './gateway-attestation.ts'
import { followLog } from './history.ts'
import { failOpen } from './keep-answer.ts'
import type { ReachedGrade } from './reach-grade.ts'

/** What a client sees of a gateway whose keys are no longer those that verified. */
const OF_ANOTHER_BOOT: readonly FailureCode[] = ['CHANNEL_KEY_MISMATCH', 'E2EE_KEY']

export class Gateways {
  readonly #options: GatewayOptions
  readonly #known: Map<string, GatewayAttestation> = new Map()

  constructor(options: GatewayOptions) {
    this.#options = options
  }

  /** @param base the gateway's address up to and with `/v1` */
  at(base: string): GatewayAttestation {
    const known = this.#known.get(base)
    if (known !== undefined) return known
    const gateway = new GatewayAttestation(base, this.#options)
    this.#known.set(base, gateway)
    return gateway
  }

  /**
   * A gateway that began anew has other keys, and is verified anew, once. Nothing went to whoever showed one that was not named. That a
   * key to encrypt to is gone anybody can say: then the request is sent again only where the gateway has proven other keys since.
   */
  async send(base: string, url: string, init: RequestInit): Promise<ChannelResponse> {
    const gateway = this.at(base)
    const { channel, attestation } = await gateway.current()
    try {
      return await channel.fetch(url, init)
    } catch (error) {
      if (!(error instanceof NotVerifiedError && OF_ANOTHER_BOOT.includes(error.failure))) throw error
      const renewed = await gateway.renew()
      // Epochs keep the keys of their boot: what was encrypted to them may have been carried out.
      const isHeld = renewed.attestation.session.keys.ohttp === attestation.session.keys.ohttp
      if (error.failure === 'E2EE_KEY' && isHeld) throw error
      return renewed.channel.fetch(url, init)
    }
  }

  /** What the gateway keeps for its holder is fetched the way that the answer came. */
  over(base: string): ClientDeps {
    const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> =>
      (await this.send(base, input instanceof Request ? input.url : String(input), init)).response
    return { ...this.#options.deps, fetch }
  }

  /** A receipt that reached a higher grade showed more of the log, and is kept as it now is. */
  async reached(base: string, { verdict, token, proof, archive }: ReachedGrade): Promise<void> {
    const { store, deps } = this.#options
    if (store === undefined) return
    const { attestation, grade, signed } = verdict.value
    // Not by `send`: verifying anew follows the log too, and would wait for this to end, which waits for it.
    const { channel } = await this.at(base).current()
    await followLog(store, { base, channel, attestation, proof, askedAt: 'unknown' }, deps)
    await failOpen(deps, () => store.upgrade(signed.claims.jti, { token, grade, archive }))
  }
}
