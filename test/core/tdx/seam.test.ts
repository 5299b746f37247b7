/** The TDX module's own attributes: of no fixture, as a simulated module has none. */
import { expect, it } from 'vitest'
import { checkSeam } from '../../../src/core/tdx/appraise-tcb.ts'
import { TDX_CHECKS } from '../../../src/core/tdx/checks.ts'
import { decodeTdxQuote } from '../../../src/core/tdx/index.ts'
import { failedCheck, judge } from '../../../src/core/verdict.ts'
import { readFixture } from './fixture.ts'

it.each([
  ['seamAttributes', 8],
  ['mrSignerSeam', 48],
])('[T7] rejects a module whose %s is not zero', async (field, size) => {
  const { body } = decodeTdxQuote(readFixture('v4').quote)
  const changed = { ...body, [field]: new Uint8Array(size).fill(1, size - 1) }
  const verdict = await judge(TDX_CHECKS, async (check) => {
    checkSeam(check, changed)
    return changed
  })
  expect(failedCheck(verdict.checks)).toMatchObject({ name: 'seam-identity', code: 'TDX_SEAM_IDENTITY' })
})
