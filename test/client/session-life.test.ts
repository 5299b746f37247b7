/** How long a verified session is used: by the client's own monotonic clock, whatever the wall clock does meanwhile. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createClientDeps } from '../../src/client/deps.ts'
import { GatewayAttestation } from '../../src/client/gateway-attestation.ts'
import { decodeBase64Url } from '../../src/core/encoding/base64.ts'
import { readFixture } from '../core/evidence/fixture.ts'

const FOLDER = 'attestation-fixtures/challenge/challenge'
const { nonce } = JSON.parse(readFileSync(`${FOLDER}/vector.json`, 'utf8'))
const bytes = new Uint8Array(readFileSync(`${FOLDER}/archive.cmw.json`))
const { trust, at } = readFixture('challenge')
/** Of the statement: dated a second before, it ends 3,598 s after the challenge. */
const LIFE_MS = 3_598_000

function gatewayOf(maxAgeSeconds: number): {
  readonly gateway: GatewayAttestation
  challenges(): number
  setMs(ms: number): void
} {
  let nowMs = 0
  let challenges = 0
  const deps = createClientDeps({
    // The wall clock stands still, as a host could make it do in a guest; only the other clock counts.
    clock: { now: () => at, monotonicMs: () => nowMs },
    random: () => decodeBase64Url(nonce),
    fetch: async () => {
      challenges++
      return new Response(bytes)
    },
  })
  const policy = { ...trust.policy, live: { ...trust.policy.live, maxAgeSeconds } }
  return {
    gateway: new GatewayAttestation('https://gw.example.com/v1', {
      trust: { ...trust, policy },
      deps,
      channel: 'none',
    }),
    challenges: () => challenges,
    setMs: (ms) => {
      nowMs = ms
    },
  }
}

describe('a verified session', () => {
  it.each([
    ['the maximum age of the policy', 300, 300_000],
    ['the effective life of its statement', 86_400, LIFE_MS],
  ])('[C10] is used up to %s and not a millisecond longer', async (_, maxAgeSeconds, lifeMs) => {
    const { gateway, challenges, setMs } = gatewayOf(maxAgeSeconds)
    await gateway.current()
    setMs(lifeMs - 1)
    await gateway.current()
    expect(challenges()).toBe(1)
    setMs(lifeMs)
    await gateway.current()
    expect(challenges()).toBe(2)
  })

  it('is held with the octets of its session document', async () => {
    const { gateway } = gatewayOf(300)
    const { attestation, session } = await gateway.current()
    expect(JSON.parse(new TextDecoder().decode(session))).toEqual(attestation.session)
  })
})
