/** Asks a live gateway for evidence under a nonce of our own. @module */
import { type ChallengedGateway, challengeGateway } from '../client/challenge-gateway.ts'
import { createClientDeps } from '../client/deps.ts'

export type { ChallengedGateway } from '../client/challenge-gateway.ts'

/** @param address of the gateway, with or without `/v1` @throws CountersignError ERR_NETWORK */
export function fetchAttestation(address: string): Promise<ChallengedGateway> {
  return challengeGateway(address, createClientDeps({ fetch: fetchFromAnyone }))
}

/**
 * A gateway that ends TLS itself shows a certificate of its own making, for which no authority vouches. What is fetched is a challenge and
 * evidence that is judged by itself: whoever stands in between can keep it away, and hand out none of their own.
 */
const fetchFromAnyone: typeof globalThis.fetch = async (input, init) => {
  try {
    return await globalThis.fetch(input, init)
  } catch (error) {
    if (init?.signal?.aborted === true || !/^https:/i.test(input instanceof Request ? input.url : String(input)))
      throw error
    // Its library takes a third of the time that a command starts in, and few need it.
    const { createTlsChannel } = await import('../client-node/tls-channel.ts')
    const { fetch = globalThis.fetch } = createTlsChannel({ binding: 'tls-spki' })
    return fetch(input, init)
  }
}
