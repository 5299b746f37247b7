/** Splices: frozen vectors; what the server applies, the verifier replays. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { holdOctets } from '../../../src/core/receipt/verify.ts'
import { findMembers } from '../../../src/core/transform/json-span.ts'
import { applySplices, recordSplice, replaySplices, type Splice } from '../../../src/core/transform/splice.ts'
import { MalformedError } from '../../../src/errors.ts'

interface SpliceCase {
  readonly name: string
  readonly request: string
  readonly splices: readonly { at: number; remove: number; insert: string; role: string }[]
  readonly forwarded?: string
  readonly code?: string
}

const { cases }: { cases: readonly SpliceCase[] } = JSON.parse(
  readFileSync('attestation-fixtures/wire/splices.json', 'utf8'),
)

const insertsOf = (splices: readonly Splice[]): Map<string, Uint8Array> =>
  new Map(splices.map(({ insert }) => [digestUri(insert), insert]))

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof MalformedError) return error.failure
    throw error
  }
  return 'none'
}

describe('splices', () => {
  it.each(cases)('$name', ({ request, splices, forwarded, code }) => {
    const parsed = splices.map((splice) => ({ ...splice, insert: encodeUtf8(splice.insert) }))
    const octets = encodeUtf8(request)
    if (forwarded === undefined) expect(codeOf(() => applySplices(octets, parsed))).toBe(code)
    else {
      expect(decodeUtf8(applySplices(octets, parsed))).toBe(forwarded)
      expect(replaySplices(octets, parsed.map(recordSplice), insertsOf(parsed))).toEqual(
        holdOctets(encodeUtf8(forwarded)),
      )
    }
  })

  it('replays exactly what was applied', () => {
    const piece = fc.record({ gap: fc.nat(5), remove: fc.nat(5), insert: fc.uint8Array({ maxLength: 6 }) })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(piece, { maxLength: 5 }), (request, pieces) => {
        let offset = 0
        const splices: Splice[] = []
        for (const { gap, remove, insert } of pieces) {
          const at = offset + gap
          if (at + remove > request.length) break
          splices.push({ at, remove, insert, role: 'model' })
          offset = at + remove
        }
        expect(replaySplices(request, splices.map(recordSplice), insertsOf(splices))).toEqual(
          holdOctets(applySplices(request, splices)),
        )
      }),
    )
  })

  it('refuses inserted octets that are not the recorded ones', () => {
    const splice: Splice = { at: 0, remove: 0, insert: encodeUtf8('a'), role: 'model' }
    const forged = new Map([[digestUri(splice.insert), encodeUtf8('b')]])
    expect(codeOf(() => replaySplices(encodeUtf8('x'), [recordSplice(splice)], forged))).toBe('TRANSFORM_MISMATCH')
  })

  it('never puts together what a receipt names again and again', () => {
    const insert = new Uint8Array(700_000).fill(0x61)
    const record = recordSplice({ at: 0, remove: 0, insert, role: 'model' })
    const before = process.memoryUsage().arrayBuffers
    const result = replaySplices(
      encodeUtf8('x'),
      Array(300).fill(record),
      insertsOf([{ at: 0, remove: 0, insert, role: 'model' }]),
    )
    expect(result.size).toBe(300 * insert.length + 1)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20)
  })
})

describe('members of JSON octets', () => {
  it('finds each value where JSON.parse sees it', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }),
        fc.constantFrom(undefined, 1, '\t'),
        (object, indent) => {
          const bytes = encodeUtf8(JSON.stringify(object, undefined, indent))
          const members = findMembers(bytes)
          expect([...members.keys()].sort()).toEqual(Object.keys(object).sort())
          for (const [key, { start, end }] of members)
            expect(JSON.parse(decodeUtf8(bytes.subarray(start, end)))).toEqual(JSON.parse(JSON.stringify(object[key])))
        },
      ),
    )
  })

  it('refuses a key that is there twice, also by way of an escape', () => {
    expect(codeOf(() => findMembers(encodeUtf8('{"model":1,"\\u006dodel":2}')))).toBe('JSON_DUPLICATE_KEY')
  })
})
