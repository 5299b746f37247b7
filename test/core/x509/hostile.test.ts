/** Lists and names that are large without a purpose: refused before they are read, since their signature comes last. */
import { describe, expect, it } from 'vitest'
import { decodeCrl } from '../../../src/core/x509/index.ts'
import { encodeDer } from '../../../src/simulator/der-writer.ts'
import { failureOf } from '../../kit/failure-of.ts'

const SEQUENCE = 0x30
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const ALGORITHM = encodeDer(SEQUENCE, encodeDer(0x06, Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2)))
const COMMON_NAME = encodeDer(0x06, Uint8Array.of(0x55, 4, 3))
const NAME = encodeDer(SEQUENCE, encodeDer(0x31, encodeDer(SEQUENCE, COMMON_NAME, encodeDer(0x0c, text('x')))))
const TIME = encodeDer(0x17, text('260101000000Z'))
const ONE = encodeDer(0x02, Uint8Array.of(1))
const NOTHING = encodeDer(SEQUENCE)

/** A quarter of a million empty elements. */
const junk = encodeDer(
  SEQUENCE,
  Uint8Array.from({ length: 500_000 }, (_, i) => (i % 2 === 0 ? 0x05 : 0)),
)

interface Parts {
  readonly name?: Uint8Array
  readonly entries?: readonly Uint8Array[]
  readonly extensions?: Uint8Array
}

function listOf({ name = NAME, entries = [], extensions = NOTHING }: Parts): Uint8Array {
  const tbs = encodeDer(SEQUENCE, ONE, ALGORITHM, name, TIME, TIME, ...entries, encodeDer(0xa0, extensions))
  return encodeDer(SEQUENCE, tbs, ALGORITHM, encodeDer(0x03, Uint8Array.of(0, 0)))
}

/** Messages of an error and its causes. */
function reasonsOf(run: () => unknown): string {
  const messages: string[] = []
  try {
    run()
  } catch (error) {
    for (let cause = error; cause instanceof Error; cause = cause.cause) messages.push(cause.message)
  }
  return messages.join('; ')
}

describe('a revocation list full of nothing', () => {
  it.each<[string, Parts]>([
    ['extensions', { extensions: junk }],
    ['extensions of an entry', { entries: [encodeDer(SEQUENCE, encodeDer(SEQUENCE, ONE, TIME, junk))] }],
    ['parts of an extension', { extensions: encodeDer(SEQUENCE, junk) }],
    ['parts of a name', { name: junk }],
    ['attributes of a part', { name: encodeDer(SEQUENCE, encodeDer(0x31, junk.subarray(4))) }],
  ])('[F7] is refused before its %s are read', (_, parts) => {
    const list = listOf(parts)
    expect(failureOf(() => decodeCrl(list))).toBe('CRL_MALFORMED')
    expect(reasonsOf(() => decodeCrl(list))).toMatch(/more than \d+ elements/)
  })
})
