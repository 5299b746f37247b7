/** Observe mode: answers come through whatever the verdict, each failure is said aloud, and asked-for protection is not dropped. */
import { describe, expect, it } from 'vitest'
import { type Channel, createAttestedFetch, NotVerifiedError, receiptOf } from '../../src/client/index.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import type { Forgery } from '../kit/forged-gateway.ts'
import { RESPONSE } from '../kit/issue-answer.ts'
import { createForgedScene, post, STREAM } from './forged-scene.ts'

const scene = await createForgedScene()

interface Observed {
  readonly ask: (init?: RequestInit) => Promise<Response>
  readonly warnings: string[]
  readonly errors: NotVerifiedError[]
  readonly sent: string[]
}

function observing(
  forgery: Forgery,
  { channel, fetch }: { channel?: Channel; fetch?: typeof globalThis.fetch } = {},
): Observed {
  const gateway = scene.gateway(forgery)
  const { deps, ...options } = scene.options(gateway)
  const warnings: string[] = []
  const errors: NotVerifiedError[] = []
  const sent: string[] = []
  const attested = createAttestedFetch({
    ...options,
    verify: 'observe',
    onObserved: (error) => errors.push(error),
    ...(channel && { channel }),
    deps: {
      ...deps,
      fetch: (input, init) => {
        sent.push(String(input))
        return (fetch ?? gateway.fetch)(input, init)
      },
      warn: (message) => warnings.push(message),
    },
  })
  return { ask: (init = post()) => attested(gateway.url, init), warnings, errors, sent }
}

const altered: Forgery = {
  sent: (answer) => ({ ...answer, body: encodeUtf8(`${new TextDecoder().decode(answer.body)} `) }),
}

describe('observe mode', () => {
  it('says when it begins, and nothing more of what verifies', async () => {
    const { ask, warnings, errors } = observing({})
    expect((await receiptOf(await ask())).grade).toBe('signed')
    expect(warnings).toEqual([expect.stringContaining('observe mode')])
    expect(errors).toEqual([])
  })

  it.each<[string, Forgery, string]>([
    ['another body than was signed', altered, 'RESPONSE_DIGEST_MISMATCH'],
    ['no receipt', { sent: (answer) => ({ ...answer, receipt: undefined }) }, 'RECEIPT_MISSING'],
    [
      'a stream without its receipt',
      { answer: STREAM, sent: (answer) => ({ ...answer, receipt: undefined }) },
      'RECEIPT_MISSING',
    ],
    [
      'a stream that was altered',
      {
        answer: STREAM,
        sent: (answer) => ({ ...answer, body: encodeUtf8(`data: x\n\n${new TextDecoder().decode(answer.body)}`) }),
      },
      'RESPONSE_DIGEST_MISMATCH',
    ],
    ['evidence of another nonce', { logged: () => new Uint8Array(32) }, 'NONCE_MISMATCH'],
  ])('delivers an answer with %s, and says so', async (_, forgery, code) => {
    const { ask, warnings, errors } = observing(forgery)
    const response = await ask()
    expect(await response.text()).toContain('What')
    await expect(receiptOf(response)).rejects.toMatchObject({ failure: code })
    expect(errors.map(({ failure }) => failure)).toEqual([code])
    expect(warnings[1]).toMatch(
      new RegExp(`^countersign: NOT VERIFIED \\(observe mode\\): check [a-z.-]+ failed with ${code}`),
    )
  })

  it('delivers the answer of a server that shows no evidence at all, and asks it with nothing of its own', async () => {
    const asked: Headers[] = []
    const { ask, errors } = observing(
      {},
      {
        fetch: async (input, init) => {
          if (String(input).includes('/attestation')) return new Response('not here', { status: 404 })
          asked.push(new Headers(init?.headers))
          return new Response(new Uint8Array(RESPONSE), { headers: { 'content-type': 'application/json' } })
        },
      },
    )
    const response = await ask()
    expect(response.status).toBe(200)
    expect([...(asked[0]?.keys() ?? [])]).toEqual([])
    await expect(receiptOf(response)).rejects.toBeInstanceOf(NotVerifiedError)
    expect(errors[0]?.failed).toMatchObject({ name: 'attestation', status: 'not-performed' })
  })

  it('[C8] follows no redirect', async () => {
    const { ask } = observing({}, { fetch: async () => Response.redirect('https://elsewhere.example/v1/x', 307) })
    await expect(ask()).rejects.toMatchObject({ failure: 'CHANNEL_CHANGED' })
  })

  it('[C5] sends nothing where a channel was asked for and the gateway does not verify', async () => {
    let opened = 0
    const channel: Channel = {
      binding: 'ohttp',
      open: () => {
        opened++
        throw new Error('opened')
      },
    }
    const { ask, sent } = observing({ logged: () => new Uint8Array(32) }, { channel })
    await expect(ask()).rejects.toMatchObject({ failure: 'NONCE_MISMATCH' })
    expect(opened).toBe(0)
    expect(sent.every((url) => url.includes('/attestation'))).toBe(true)
  })

  it.each(['CHANNEL_BINDING_LEVEL', 'CHANNEL_KEY_MISMATCH'] as const)(
    '[C3] [C5] is no way around %s of a channel',
    async (code) => {
      const refusal = new NotVerifiedError(code, [])
      const channel: Channel = {
        binding: 'tls-spki',
        open: () => {
          if (code === 'CHANNEL_BINDING_LEVEL') throw refusal
          return { fetch: () => Promise.reject(refusal), close: () => undefined }
        },
      }
      const { ask, sent } = observing({}, { channel })
      await expect(ask()).rejects.toMatchObject({ failure: code })
      expect(sent.every((url) => url.includes('/attestation'))).toBe(true)
    },
  )

  it('leaves faults of the program as they are', async () => {
    const gateway = scene.gateway()
    const attested = createAttestedFetch({
      ...scene.options(gateway),
      verify: 'observe',
      onReceipt: () => {
        throw new TypeError('a bug of the application')
      },
      deps: { ...scene.options(gateway).deps, warn: () => undefined },
    })
    await expect(attested(gateway.url, post())).rejects.toThrow('a bug of the application')
  })
})

describe('enforcing', () => {
  it.each([undefined, 'enforce', 'off', 'Observe'])('is what verify %s means', async (verify) => {
    const gateway = scene.gateway(altered)
    const attested = Reflect.apply(createAttestedFetch, undefined, [{ ...scene.options(gateway), verify }])
    await expect(attested(gateway.url, post())).rejects.toMatchObject({ failure: 'RESPONSE_DIGEST_MISMATCH' })
  })
})
