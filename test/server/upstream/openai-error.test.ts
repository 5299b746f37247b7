import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normaliseUpstreamError } from '../../../src/server/upstream/openai-error.ts'
import { ERROR_BODIES } from './mock-answers.ts'

const text = (value: string): Uint8Array => Buffer.from(value, 'utf8')
const GENERIC = 'the model server answered with status'

describe('normaliseUpstreamError', () => {
  it.each([
    [
      'openai',
      ERROR_BODIES.openai,
      { message: 'bad thing', type: 'invalid_request_error', param: 'messages', code: 'bad' },
    ],
    ['flat', ERROR_BODIES.flat, { message: 'bad thing', type: 'invalid_request_error', param: null, code: null }],
    ['vllm', ERROR_BODIES.vllm, { message: 'bad thing', type: 'invalid_request_error', param: null, code: null }],
    [
      'newer vllm',
      '{"error":{"message":"bad thing","type":"BadRequestError","param":null,"code":400}}',
      { message: 'bad thing', type: 'invalid_request_error', param: null, code: null },
    ],
    [
      'fastapi list',
      ERROR_BODIES.fastapi,
      { message: 'body.messages: Field required', type: 'invalid_request_error', param: null, code: null },
    ],
    ['fastapi text', '{"detail":"bad thing"}', { message: 'bad thing' }],
    ['fastapi object', '{"detail":{"error":{"message":"bad thing"}}}', { message: 'bad thing' }],
    ['ollama', ERROR_BODIES.ollama, { message: 'bad thing' }],
    ['json text', '"bad thing"', { message: 'bad thing' }],
    ['plain text', 'upstream connect error\n', { message: 'upstream connect error' }],
    ['html', ERROR_BODIES.html, { message: `${GENERIC} 400` }],
    ['html in json', '{"error":{"message":"<html>no</html>"}}', { message: `${GENERIC} 400` }],
    ['empty', ERROR_BODIES.empty, { message: `${GENERIC} 400` }],
    ['broken json', '{"error":', { message: `${GENERIC} 400` }],
    ['a list', '[1]', { message: `${GENERIC} 400` }],
    ['null', 'null', { message: `${GENERIC} 400` }],
    ['an empty object', '{}', { message: `${GENERIC} 400` }],
    ['a message that is no text', '{"error":{"message":{"a":1}}}', { message: `${GENERIC} 400` }],
    ['control characters', '{"message":"a\\r\\nb\\u0000c"}', { message: 'a b c' }],
    ['a lone surrogate', '{"message":"a\\ud800b"}', { message: 'a b' }],
    ['an odd code', '{"error":{"message":"m","code":"<b>","param":"x\\ny","type":"a b"}}', { code: null, param: null }],
  ])('reads %s', (_, body, expected) => {
    const { status, body: shown } = normaliseUpstreamError(400, text(body))
    expect(status).toBe(400)
    expect(shown.error).toMatchObject(expected)
    expect(Object.keys(shown)).toEqual(['error'])
    expect(Object.keys(shown.error)).toEqual(['message', 'type', 'param', 'code'])
  })

  it.each([
    [400, 400, 'invalid_request_error'],
    [401, 502, 'upstream_error'],
    [403, 502, 'upstream_error'],
    [404, 404, 'invalid_request_error'],
    [407, 502, 'upstream_error'],
    [408, 408, 'timeout_error'],
    [413, 413, 'invalid_request_error'],
    [429, 429, 'rate_limit_error'],
    [500, 502, 'upstream_error'],
    [501, 502, 'upstream_error'],
    [502, 502, 'upstream_error'],
    [503, 503, 'service_unavailable'],
    [504, 504, 'timeout_error'],
    [529, 503, 'service_unavailable'],
    [999, 502, 'upstream_error'],
  ])('shows status %i as %i %s', (status, shown, type) => {
    const { status: given, body } = normaliseUpstreamError(status, text(''))
    expect([given, body.error.type]).toEqual([shown, type])
  })

  it('never shows what a server says about the key of the gateway', () => {
    const { body } = normaliseUpstreamError(401, text('{"error":{"message":"Incorrect API key provided: sk-canary"}}'))
    expect(JSON.stringify(body)).not.toContain('canary')
  })

  it('leaves the client text out of a list of details', () => {
    expect(JSON.stringify(normaliseUpstreamError(422, text(ERROR_BODIES.fastapi)))).not.toContain('secret')
  })

  it('is short, well-formed and free of tags, whatever comes', () => {
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map(text),
      fc.string({ maxLength: 5_000, unit: 'binary' }).map((message) => text(JSON.stringify({ error: { message } }))),
    )
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), bodies, (status, body) => {
        const { message } = normaliseUpstreamError(status, body).body.error
        expect(message.length).toBeGreaterThan(0)
        expect(message.length).toBeLessThanOrEqual(1024)
        expect(message).not.toMatch(/[\p{Cc}\p{Surrogate}]|<[a-z!/?]/iu)
      }),
    )
    expect(normaliseUpstreamError(400, text('x'.repeat(5_000))).body.error.message).toHaveLength(1024)
    expect(normaliseUpstreamError(400, text('x'.repeat(70_000))).body.error.message).toBe(`${GENERIC} 400`)
  })
})
