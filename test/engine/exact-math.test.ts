/** exp and ln from exact operations: close to the true values, and pinned to the bit. @module */
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exactExp, exactLog } from '../../src/engine/exact-math.ts'

const bits = (x: number): string => {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  return view.getBigUint64(0).toString(16).padStart(16, '0')
}

describe('exact math', () => {
  it('is within 4 units of the last place of Math.exp', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 0, noNaN: true }), (x) => {
        expect(Math.abs(exactExp(x) / Math.exp(x) - 1)).toBeLessThan(1e-15)
      }),
    )
  })

  it('is within a few units of the last place of Math.log', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e6, noNaN: true }), (x) => {
        expect(Math.abs(exactLog(x) - Math.log(x))).toBeLessThan(1e-15 * (1 + Math.log(x)))
      }),
    )
  })

  it('meets its special values', () => {
    expect([exactExp(0), exactExp(-0), exactExp(-709), exactExp(Number.NEGATIVE_INFINITY)]).toEqual([1, 1, 0, 0])
    expect(exactExp(Number.NaN)).toBe(0)
    expect(exactLog(1)).toBe(0)
  })

  it.each([
    [exactExp(-1), '3fd78b56362cef38'],
    [exactExp(-0.1), '3fecf46d99d52b3a'],
    [exactExp(-20.5), '3e157a3afeed00ac'],
    [exactLog(2), '3fe62e42fefa39ef'],
    [exactLog(10), '40026bb1bbb55515'],
  ])('gives the bits of vector %#', (value, expected) => {
    expect(bits(value)).toBe(expected)
  })

  it('is all that the engine uses: nothing whose result an engine may choose', () => {
    const folder = new URL('../../src/engine/', import.meta.url)
    const forbidden =
      /Math\.(?!round|floor|ceil|abs|min|max|sqrt|imul|fround)|\*\*|\bDate\b|fetch\(|console\.|node:|toFixed|toPrecision|toLocale|Intl\b/
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    )) {
      const code = readFileSync(new URL(name, folder), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
      expect(code.match(forbidden)?.[0], name).toBeUndefined()
    }
  })
})
