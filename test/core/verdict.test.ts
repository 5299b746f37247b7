/** Verdicts: nothing is passed over by accident, and only a full pass makes a verified value. */
import { describe, expect, it } from 'vitest'
import { assertVerified, failedCheck, isVerified, judge } from '../../src/core/verdict.ts'
import { CountersignError, MalformedError } from '../../src/errors.ts'

const NAMES = ['a', 'b'] as const

describe('judge', () => {
  it('is ok when every declared check passed, and marks the value', async () => {
    const value = { x: 1 }
    const verdict = await judge(NAMES, async (check) => {
      check.pass('a')
      check.that('b', true, 'PARSE_INVALID')
      return value
    })
    expect(verdict).toMatchObject({ ok: true, simulated: false })
    expect(isVerified(value)).toBe(true)
    expect(isVerified({ ...value })).toBe(false)
    expect(assertVerified(verdict)).toBe(value)
  })

  it('[P2] rejects when a declared check was not reached', async () => {
    const verdict = await judge(NAMES, async (check) => {
      check.pass('a')
      return {}
    })
    expect(verdict).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
    expect(verdict.checks[1]).toMatchObject({ name: 'b', status: 'not-performed', required: true })
    expect(() => assertVerified(verdict)).toThrow(/b failed with CHECK_NOT_PERFORMED/)
  })

  it('[P2] rejects when a required check could not be performed', async () => {
    const verdict = await judge(NAMES, async (check) => {
      check.missing('a', 'needs a file')
      check.pass('b')
      return {}
    })
    expect(verdict).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
  })

  it('holds a value against a demand only where policy makes one, and shows the value where it does not', async () => {
    const least = async (demand: number | 'unchecked') => {
      const verdict = await judge(['a'], async (check) => {
        if (check.demands('a', demand, 7)) check.that('a', demand <= 7, 'TDX_TCB_STATUS', { seen: '7' })
        return {}
      })
      return [verdict.ok, verdict.checks[0]]
    }
    const unchecked = { name: 'a', status: 'not-performed', required: false, detail: '7; policy: unchecked' }
    expect(await least('unchecked')).toEqual([true, unchecked])
    expect(await least(7)).toMatchObject([true, { status: 'pass' }])
    expect(await least(8)).toMatchObject([false, { status: 'fail', code: 'TDX_TCB_STATUS' }])
  })

  it('is ok when policy spells a check unchecked, and shows it', async () => {
    const verdict = await judge(NAMES, async (check) => {
      check.unchecked('a')
      check.pass('b')
      return {}
    })
    expect(verdict.ok).toBe(true)
    expect(verdict.checks[0]).toMatchObject({ status: 'not-performed', required: false, detail: 'policy: unchecked' })
  })

  it('ends at the first failure and keeps its code', async () => {
    let reached = false
    const verdict = await judge(NAMES, async (check) => {
      check.that('a', false, 'LOG_ORIGIN', { fail: 'seen x, wanted y' })
      reached = true
      return {}
    })
    expect(reached).toBe(false)
    expect(verdict).toMatchObject({ ok: false, code: 'LOG_ORIGIN' })
    expect(failedCheck(verdict.checks)).toMatchObject({ name: 'a', detail: 'seen x, wanted y' })
  })

  it('cannot turn a failure into a pass afterwards', async () => {
    const verdict = await judge(NAMES, async (check) => {
      try {
        check.fail('a', 'LOG_ORIGIN')
      } catch {
        check.pass('a')
      }
      check.pass('b')
      return {}
    })
    expect(verdict).toMatchObject({ ok: false, code: 'LOG_ORIGIN' })
  })

  it('turns malformed input into a failed check, and lets every other error through', async () => {
    const malformed = await judge(NAMES, async (check) => {
      check.decode('a', () => {
        throw new MalformedError('PARSE_TRAILING', 'x')
      })
      return {}
    })
    expect(malformed).toMatchObject({ ok: false, code: 'PARSE_TRAILING' })
    const broken = judge(NAMES, async (check) => {
      check.decode('a', () => {
        throw new TypeError('bug')
      })
      return {}
    })
    await expect(broken).rejects.toThrow(TypeError)
  })

  it('refuses an empty list of checks and a check that is not declared', async () => {
    await expect(judge([], async () => ({}))).rejects.toThrow(CountersignError)
    const names: readonly string[] = NAMES
    await expect(
      judge(names, async (check) => {
        check.pass('c')
        return {}
      }),
    ).rejects.toThrow(/not declared/)
  })

  it('keeps what a verified value rests on, whatever its holder does to the verdict', async () => {
    const inner = await judge(NAMES, async (check) => {
      check.simulated()
      check.assume('s')
      check.pass('a')
      check.pass('b')
      return {}
    })
    if (!inner.ok) throw new Error(inner.code)
    Object.assign(inner, { simulated: false })
    Object.assign(inner.assumptions, { length: 0 })
    const outer = await judge(['c'], async (check) => {
      check.restsOn(inner.value)
      check.pass('c')
      return {}
    })
    expect(outer).toMatchObject({ ok: true, simulated: true, assumptions: ['s'] })
  })

  it('takes over the checks, assumptions and simulation of another verdict', async () => {
    const inner = await judge(['x'], async (check) => {
      check.simulated()
      check.assume('s')
      check.pass('x')
      return {}
    })
    const outer = await judge(NAMES, async (check) => {
      check.include('in', inner)
      check.assume('s', 't')
      check.pass('a')
      check.pass('b')
      return {}
    })
    expect(outer).toMatchObject({ ok: true, simulated: true, assumptions: ['s', 't'] })
    expect(outer.checks.map(({ name }) => name)).toEqual(['in.x', 'a', 'b'])
  })
})
