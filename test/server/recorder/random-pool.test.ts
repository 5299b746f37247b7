/** Retrieval ids, salts and IVs come from here: each octet is the source's, handed out once, whatever kind of array the source gives. */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { RandomPool } from '../../../src/server/recorder/random-pool.ts'

describe('random pool', () => {
  it.each([
    ['a Buffer', (size: number): Uint8Array => randomBytes(size)],
    ['a plain array', (size: number): Uint8Array => new Uint8Array(randomBytes(size))],
  ])('gives fresh octets from %s', (_name, source) => {
    const pool = new RandomPool(source)
    const taken = Array.from({ length: 1_000 }, () => Buffer.from(pool.take(16)).toString('hex'))
    expect(new Set(taken).size).toBe(1_000)
    expect(taken).not.toContain('0'.repeat(32))
  })

  it('hands out the octets of the source in order, each once, and forgets them', () => {
    let next = 0
    const given: Uint8Array[] = []
    const pool = new RandomPool((size) => {
      const octets = Buffer.from(Array.from({ length: size }, () => next++ & 0xff))
      given.push(octets)
      return octets
    })
    const first = pool.take(10)
    expect([...first]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect([...pool.take(2)]).toEqual([10, 11])
    expect([...(given[0]?.subarray(0, 12) ?? [])]).toEqual(Array(12).fill(0))
    expect([...first]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(pool.take(10_000)).toHaveLength(10_000)
  })
})
