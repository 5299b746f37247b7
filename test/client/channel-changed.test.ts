/** Somebody else answers than was verified: a redirect, another address, an answer that was fetched on the way. */
import { describe, expect, it } from 'vitest'
import { fetchStraight } from '../../src/client/http.ts'

const URL_ASKED = 'https://gw.example.com/v1/chat/completions?x=1'

/** A response as `fetch` would give it from another address. */
function answered(change: Partial<Pick<Response, 'url' | 'redirected' | 'type'>>, status = 200): Response {
  const response = new Response(null, { status })
  for (const [name, value] of Object.entries(change)) Object.defineProperty(response, name, { value })
  return response
}

const ask = (response: Response): Promise<Response> =>
  fetchStraight(async () => response, URL_ASKED, { method: 'POST', body: '{}' })

describe('an answer', () => {
  it.each([
    ['[C8] a redirect', answered({}, 307)],
    ['[C8] a permanent redirect', answered({}, 301)],
    ['[C8] a redirect as browsers show it', answered({ type: 'opaqueredirect' })],
    ['[C8] an answer behind a redirect that was followed', answered({ redirected: true })],
    ['[C8] an answer of another host', answered({ url: 'https://elsewhere.example/v1/chat/completions?x=1' })],
    ['[C8] an answer over another scheme', answered({ url: 'http://gw.example.com/v1/chat/completions?x=1' })],
    ['[C8] an answer of another path', answered({ url: 'https://gw.example.com/v1/models?x=1' })],
    ['[C8] an answer to another query', answered({ url: 'https://gw.example.com/v1/chat/completions?x=2' })],
  ])('%s is refused', async (_, response) => {
    await expect(ask(response)).rejects.toMatchObject({ failure: 'CHANNEL_CHANGED', failed: { name: 'channel' } })
  })

  it.each([
    ['that does not say where it comes from', answered({ url: '' })],
    ['from the address that was asked', answered({ url: URL_ASKED })],
    ['with an error of the gateway', answered({}, 503)],
  ])('%s is given', async (_, response) => {
    expect(await ask(response)).toBe(response)
  })

  it('is asked for without following redirects', async () => {
    const inits: (RequestInit | undefined)[] = []
    await fetchStraight(
      async (_, init) => {
        inits.push(init)
        return answered({})
      },
      URL_ASKED,
      { redirect: 'follow' },
    )
    expect(inits[0]?.redirect).toBe('manual')
  })
})
