/** The question of each cell: its words name the variant, which mock model server and middlebox read out of it. @module */
import { PLAIN_MODEL } from '../server/gateway/gateway-fixture.ts'

export const MODEL: string = PLAIN_MODEL

export function question(variant: string): string {
  return `variant:${variant}`
}

/** The variant that the octets of a request ask for; empty where they ask for none. */
export function variantOf(request: Uint8Array): string {
  return /variant:([a-z0-9-]+)/.exec(Buffer.from(request).toString())?.[1] ?? ''
}
