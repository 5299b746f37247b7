/** Binary HTTP and chunk framing, whatever is said in them and wherever they are cut. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import {
  decodeRequest,
  encodeContentChunk,
  encodeIndeterminateRequest,
  encodeRequest,
  encodeResponse,
  encodeResponseEnd,
  encodeResponseHead,
  type Fields,
  isConnectionField,
} from '../../../src/core/ohttp/binary-http.ts'
import { ChunkReader, frameChunk, frameFinalChunk, splitContent } from '../../../src/core/ohttp/chunks.ts'
import { Inflow } from '../../../src/core/ohttp/inflow.ts'
import { encodeVarint, takeVarint } from '../../../src/core/ohttp/varint.ts'
import { MalformedError } from '../../../src/errors.ts'
import { failureOf } from '../../kit/failure-of.ts'
import { decodeResponse } from './decode-response.ts'

const letters = (pattern: RegExp, maxLength: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength })
    .map((text) => [...text].filter((letter) => pattern.test(letter)).join(''))
const name = letters(/[!#$%&'*+.^_`|~0-9a-z-]/, 20)
  .map((text) => text || 'x')
  .filter((text) => !isConnectionField(text) && text !== 'content-length')
const value = letters(/[\t\x20-\x7e\x80-\xff]/, 40).map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''))
const fields: fc.Arbitrary<Fields> = fc.array(fc.tuple(name, value), { maxLength: 8 })
const content = fc.uint8Array({ maxLength: 300 })
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'DELETE', 'm-search'),
  scheme: fc.constantFrom('http', 'https'),
  authority: fc.constantFrom('', 'example.com', '[::1]:8080'),
  path: letters(/[!"$-~]/, 60).map((text) => `/${text}`),
  headers: fields,
  content,
  trailers: fields,
})
const response = fc.record({ status: fc.integer({ min: 200, max: 599 }), headers: fields, content, trailers: fields })
const portion = fc.integer({ min: 1, max: 64 })
const plainRequest = {
  method: 'POST',
  scheme: 'https',
  authority: 'example.com',
  path: '/',
  headers: [],
  trailers: [],
} as const

function encodeStreamed({
  status,
  headers,
  content: octets,
  trailers,
}: {
  readonly status: number
  readonly headers: Fields
  readonly content: Uint8Array
  readonly trailers: Fields
}): Uint8Array {
  const [one, other] = [octets.subarray(0, octets.length / 2), octets.subarray(octets.length / 2)]
  return concatBytes(
    encodeResponseHead(status, headers),
    encodeContentChunk(one),
    encodeContentChunk(other),
    encodeResponseEnd(trailers),
  )
}

/** Every start of it that is shorter. */
const starts = (octets: Uint8Array): readonly Uint8Array[] => Array.from(octets, (_, at) => octets.slice(0, at))

describe('binary messages', () => {
  it('come back as they were encoded, in both forms and with any padding', () => {
    fc.assert(
      fc.property(request, response, portion, fc.nat(20), (asked, answered, size, zeros) => {
        const padding = new Uint8Array(zeros)
        expect(decodeRequest(concatBytes(encodeRequest(asked), padding))).toEqual(asked)
        expect(decodeRequest(concatBytes(encodeIndeterminateRequest(asked), padding))).toEqual(asked)
        expect(decodeResponse(concatBytes(encodeResponse(answered), padding), size)).toEqual(answered)
        expect(decodeResponse(concatBytes(encodeStreamed(answered), padding), size)).toEqual(answered)
      }),
      { numRuns: 200 },
    )
  })

  it('[C7] that are cut anywhere are refused, or say what came without what is empty behind it', () => {
    fc.assert(
      fc.property(request, response, (asked, answered) => {
        for (const octets of [encodeRequest(asked), encodeIndeterminateRequest(asked)])
          for (const start of starts(octets)) {
            const code = failureOf(() => {
              const cut = decodeRequest(start)
              // Where it may end, everything before is whole: nothing is ever half of what it was.
              expect(cut).toMatchObject({ method: asked.method, path: asked.path })
              expect([asked.headers, []]).toContainEqual(cut.headers)
              expect([asked.content, new Uint8Array(0)]).toContainEqual(cut.content)
              expect([asked.trailers, []]).toContainEqual(cut.trailers)
            })
            expect(['none', 'E2EE_TRUNCATED']).toContain(code)
          }
        for (const octets of [encodeResponse(answered), encodeStreamed(answered)])
          for (const start of starts(octets)) {
            const code = failureOf(() => expect(decodeResponse(start, 16).status).toBe(answered.status))
            expect(['none', 'E2EE_TRUNCATED']).toContain(code)
          }
      }),
      { numRuns: 25 },
    )
  })

  it('[C7] of any octets decode or are refused, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(0, 1, 2, 3), (octets, framing) => {
        const message = concatBytes(Uint8Array.of(framing), octets)
        for (const decode of [() => decodeRequest(message), () => decodeResponse(message, 5)])
          expect(['none', 'E2EE_FORMAT', 'E2EE_TRUNCATED']).toContain(failureOf(decode))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['a method', { method: 'G T' }],
    ['a tunnel', { method: 'CONNECT' }],
    ['a path', { path: '/a b' }],
    ['a fragment', { path: '/a#b' }],
    ['an authority', { authority: 'a/b' }],
    ['a scheme', { scheme: 'HTTPS' }],
    ['a field name', { headers: [['a:', 'x']] as const }],
    ['a letter', { headers: [['a', '\u0100']] as const }],
    ['a line feed', { headers: [['a', 'x\r\nb: y']] as const }],
    ['a field about a connection', { headers: [['connection', 'close']] as const }],
    ['codings of a connection', { headers: [['te', 'gzip']] as const }],
  ])('are not made of what HTTP cannot say: %s', (_, change) => {
    const asked = { method: 'GET', scheme: 'https', authority: '', path: '/', headers: [], content: new Uint8Array(0) }
    expect(failureOf(() => encodeRequest({ ...asked, ...change }))).toBe('E2EE_FORMAT')
  })

  it('refuse fields without end, in number and in size', () => {
    const many: Fields = Array.from({ length: 257 }, (_, at) => [`x${at}`, ''])
    const large: Fields = [['x', 'y'.repeat(65_536)]]
    const together: Fields = Array.from({ length: 100 }, (_, at) => [`x${at}`, 'y'.repeat(1000)])
    for (const headers of [many, large, together]) {
      const asked = { method: 'GET', scheme: 'https', authority: '', path: '/', headers, content: new Uint8Array(0) }
      for (const octets of [encodeRequest(asked), encodeIndeterminateRequest(asked)])
        expect(failureOf(() => decodeRequest(octets))).toBe('E2EE_FORMAT')
    }
    const informational = concatBytes(
      Uint8Array.of(3),
      ...Array.from({ length: 20 }, () => Uint8Array.of(0x40, 0x66, 0)),
    )
    expect(failureOf(() => decodeResponse(informational, 7))).toBe('E2EE_FORMAT')
  })

  it('[C7] refuse content in very many chunks, which would cost seconds to take', () => {
    const empty = encodeIndeterminateRequest({ ...plainRequest, content: new Uint8Array(0) })
    const chunked = (count: number, size: number): Uint8Array => {
      const chunk = encodeContentChunk(new Uint8Array(size))
      // Before the zero that ends the content, and the one that ends the trailers.
      return concatBytes(empty.subarray(0, -2), ...Array.from({ length: count }, () => chunk), Uint8Array.of(0, 0))
    }
    expect(decodeRequest(chunked(1000, 1)).content.length).toBe(1000)
    expect(decodeRequest(chunked(5000, 1024)).content.length).toBe(5_120_000)
    expect(failureOf(() => decodeRequest(chunked(1100, 1)))).toBe('E2EE_FORMAT')
  })
})

describe('octets that wait', () => {
  it('[C7] take the room of octets, though each comes by itself', () => {
    const count = 1_000_000
    const sent = Uint8Array.from({ length: 256 }, (_, i) => i)
    const inflow = new Inflow('E2EE_TRUNCATED')
    const before = process.memoryUsage()
    for (let i = 0; i < count; i++) inflow.add(sent.subarray(i % 256, (i % 256) + 1))
    const after = process.memoryUsage()
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
    expect(grown).toBeLessThan(40 * count)
    const taken = inflow.take('all', count).next().value
    expect(taken?.length).toBe(count)
    expect(taken?.every((octet, i) => octet === i % 256)).toBe(true)
  })

  it('are the same and in order, in portions of any sizes, while some are taken', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1000, max: 9000 })), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(sizes, fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 40 }), (added, taken) => {
        const inflow = new Inflow('E2EE_TRUNCATED')
        const all = Uint8Array.from({ length: added.reduce((sum, size) => sum + size, 0) }, (_, i) => (i * 7) % 251)
        const got: Uint8Array[] = []
        let at = 0
        for (const [i, size] of added.entries()) {
          inflow.add(all.subarray(at, at + size))
          at += size
          const wanted = Math.min(taken[i] ?? 0, inflow.size)
          const step = (
            i % 2 === 0 || wanted === 0 ? inflow.take('some', wanted) : inflow.takeSome('some', wanted)
          ).next()
          if (step.value !== undefined) got.push(step.value.slice())
        }
        inflow.end()
        got.push(inflow.takeRest('rest', all.length).next().value ?? new Uint8Array(0))
        expect(Buffer.compare(concatBytes(...got), all)).toBe(0)
      }),
    )
  })
})

describe('integers of variable length', () => {
  const take = (octets: Uint8Array, most = Number.MAX_SAFE_INTEGER): number => {
    const inflow = new Inflow('E2EE_TRUNCATED')
    inflow.add(octets)
    inflow.end()
    const step = takeVarint(inflow, 'a length', most).next()
    if (!step.done) throw new Error('it waits for more than there is')
    return step.value
  }

  it('come back as they were encoded, as short as they can be', () => {
    const sizes = [0, 63, 64, 16_383, 16_384, 2 ** 30 - 1, 2 ** 30, Number.MAX_SAFE_INTEGER].map((value) => {
      expect(take(encodeVarint(value))).toBe(value)
      return encodeVarint(value).length
    })
    expect(sizes).toEqual([1, 1, 2, 2, 4, 4, 8, 8])
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(take(encodeVarint(value))).toBe(value)
      }),
    )
  })

  it('are read as RFC 9000 A.1 shows, and in longer spellings', () => {
    const samples = {
      '9d7f3e7d': 494_878_333,
      '7bbd': 15_293,
      '25': 37,
      '4025': 37,
    }
    for (const [hex, value] of Object.entries(samples))
      expect(take(new Uint8Array(Buffer.from(hex, 'hex')))).toBe(value)
  })

  it('are refused above their bound, and cut off', () => {
    expect(failureOf(() => take(Uint8Array.of(0x40, 0x65), 100))).toBe('E2EE_FORMAT')
    expect(failureOf(() => take(Uint8Array.of(0x40)))).toBe('E2EE_TRUNCATED')
    expect(failureOf(() => take(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)))).toBe('E2EE_FORMAT')
  })
})

describe('encrypted chunks', () => {
  const sealed = fc.uint8Array({ minLength: 17, maxLength: 100 })
  const read = (octets: Uint8Array, size: number, maxSize = 1000): readonly Uint8Array[] => {
    const reader = new ChunkReader(maxSize)
    const chunks: Uint8Array[] = []
    for (let at = 0; at < octets.length; at += size) chunks.push(...reader.push(octets.slice(at, at + size)))
    return [...chunks, reader.finish()]
  }

  it('are taken apart as they were put together, however they arrive', () => {
    fc.assert(
      fc.property(
        fc.array(sealed, { maxLength: 6 }),
        fc.uint8Array({ minLength: 16, maxLength: 100 }),
        portion,
        (chunks, final, size) => {
          const octets = concatBytes(...chunks.map(frameChunk), frameFinalChunk(final))
          expect(read(octets, size)).toEqual([...chunks, final])
        },
      ),
    )
  })

  it('[C7] that are cut before the final one are refused at each octet', () => {
    fc.assert(
      fc.property(fc.array(sealed, { maxLength: 3 }), portion, (chunks, size) => {
        const octets = concatBytes(...chunks.map(frameChunk), frameFinalChunk(new Uint8Array(16)))
        for (const start of starts(octets)) expect(failureOf(() => read(start, size))).toBe('E2EE_TRUNCATED')
      }),
      { numRuns: 30 },
    )
  })

  it('[C7] are no longer than is allowed, neither one with a length nor the final one', () => {
    expect(failureOf(() => read(frameChunk(new Uint8Array(101)), 10, 100))).toBe('E2EE_FORMAT')
    expect(failureOf(() => read(frameFinalChunk(new Uint8Array(101)), 10, 100))).toBe('E2EE_FORMAT')
    expect(() => read(frameFinalChunk(new Uint8Array(100)), 10, 100)).not.toThrow(MalformedError)
  })

  it('hold content in pieces that everybody can take', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50_000 }), (size) => {
        const octets = new Uint8Array(size).fill(7)
        const pieces = splitContent(octets)
        expect(concatBytes(...pieces)).toEqual(octets)
        expect(pieces.every(({ length }) => length > 0 && length <= 16_384)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })
})
