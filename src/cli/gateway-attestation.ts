/** Asks a live gateway for evidence under a nonce of our own. @module */
import { type ChallengedGateway, challengeGateway } from '../client/challenge-gateway.ts'
import { createClientDeps } from '../client/deps.ts'

export type { ChallengedGateway } from '../client/challenge-gateway.ts'

/** @param address of the gateway, with or without `/v1` @throws CountersignError ERR_NETWORK */
export function fetchAttestation(address: string): Promise<ChallengedGateway> {
  return challengeGateway(address, createClientDeps())
}
