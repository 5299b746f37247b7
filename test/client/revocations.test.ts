/** A client whose policy asks for a list of revocations. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AttestedFetchOptions, createAttestedFetch } from '../../src/client/index.ts'
import { openRevocations, type RevocationList, signRevocations } from '../../src/core/revocation/index.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const key = publicKey.export({ format: 'jwk' }).x ?? ''

describe('an attested fetch with a list of revocations', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway()
  })
  afterAll(() => gateway.close())

  async function listOf(change: Partial<RevocationList>): Promise<Pick<AttestedFetchOptions, 'revocations'>> {
    const list: RevocationList = {
      version: 1,
      number: 1,
      issuedAt: new Date(Math.floor(Date.now() / 1000) * 1000),
      expiresAt: new Date(Math.floor(Date.now() / 1000) * 1000 + 60_000),
      boots: [],
      chips: [],
      measurements: [],
      models: [],
      ...change,
    }
    const signer = { key, sign: async (octets: Uint8Array) => new Uint8Array(sign(null, octets, privateKey)) }
    const { judge } = await openRevocations(await signRevocations(list, signer), [key], {
      now: () => new Date(),
      atLeast: 0,
    })
    return { revocations: judge }
  }

  const post = (attested: typeof fetch): Promise<Response> =>
    attested(`${gateway.base}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'countersign-demo-2m',
        messages: [{ role: 'user', content: 'Hi' }],
        max_tokens: 2,
      }),
    })

  async function ask(given: Pick<AttestedFetchOptions, 'revocations'>) {
    const { policy, lock } = gateway.trust
    if (lock === undefined) throw new Error('the gateway has a lock')
    const sent: string[] = []
    const attested = createAttestedFetch({
      policy: { ...policy, revocations: { keys: [key], maximumAgeSeconds: 3600 } },
      lock,
      ...given,
      deps: {
        fetch: (input, init) => {
          sent.push(String(input))
          return fetch(input, init)
        },
      },
    })
    const outcome = await post(attested).then(
      ({ status }) => ({ status }),
      (error: unknown) => error,
    )
    return { outcome, prompted: sent.some((url) => url.includes('/chat/completions')) }
  }

  const row = () => {
    const [first] = gateway.trust.lock?.rows ?? []
    if (first?.platform !== 'snp') throw new Error('the gateway has a row')
    return first
  }

  it('answers where the list names others', async () => {
    const measured = { ...row(), measurements: { measurement: 'e'.repeat(96) }, reason: 'x' }
    const { platform, measurements, reason } = measured
    const others = await listOf({ measurements: [{ platform, measurements, reason }] })
    expect((await ask(others)).outcome).toEqual({ status: 200 })
  })

  it('sends no prompt where nobody gave a list, or code is on it', async () => {
    const { platform, measurements } = row()
    for (const given of [{}, await listOf({ measurements: [{ platform, measurements, reason: 'a hole' }] })]) {
      const { outcome, prompted } = await ask(given)
      expect(outcome).toMatchObject({ failed: { name: expect.stringMatching(/revocation$/) } })
      expect(prompted).toBe(false)
    }
  })

  it('refuses the next answer of a session that a newer list names, though the session verified before', async () => {
    const { platform, measurements } = row()
    const none = await listOf({})
    const newer = await listOf({ number: 2, measurements: [{ platform, measurements, reason: 'a hole' }] })
    let current = none.revocations
    const { policy, lock } = gateway.trust
    if (lock === undefined) throw new Error('the gateway has a lock')
    const attested = createAttestedFetch({
      policy: { ...policy, revocations: { keys: [key], maximumAgeSeconds: 3600 } },
      lock,
      revocations: (check, demand, subject) => current?.(check, demand, subject),
    })
    expect((await post(attested)).status).toBe(200)
    current = newer.revocations
    await expect(post(attested)).rejects.toMatchObject({ failed: { code: 'REVOKED' } })
  })

  it('refuses an answer of a model that is on it', async () => {
    const [model] = row().models
    const { outcome } = await ask(await listOf({ models: [{ digest: model?.digest ?? '', reason: 'stolen' }] }))
    expect(outcome).toMatchObject({ failed: { name: expect.stringMatching(/revocation$/) } })
  })
})
