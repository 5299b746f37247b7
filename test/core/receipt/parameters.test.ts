/** What a receipt says of sampling parameters, against what was asked for. */
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { samplingOf, shownParameters, showParameters } from '../../../src/core/receipt/parameters.ts'
import type { HeldExchange } from '../../../src/core/receipt/verify.ts'
import type { Check } from '../../../src/core/verdict.ts'
import { type AnswerFixture, judgeFixture, readFixture } from './fixture.ts'

async function checkOf(fixture: AnswerFixture, held: Partial<HeldExchange> = {}): Promise<Check | undefined> {
  const { checks } = await judgeFixture({ ...fixture, held: { ...fixture.held, ...held } })
  return checks.find(({ name }) => name === 'parameters' || name === 'receipt.parameters')
}

describe('sampling parameters', () => {
  it('are those members that are there and not null, in one order', () => {
    const request = { seed: 1, model: 'm', temperature: 0, top_p: null, messages: [], stop: ['a', 'b'] }
    expect(samplingOf(request)).toEqual({ temperature: 0, seed: 1, stop: ['a', 'b'] })
    expect(Object.keys(samplingOf(request))).toEqual(['temperature', 'seed', 'stop'])
  })

  it('are shown without text that may hold a prompt, and read back as shown', () => {
    const name = showParameters({
      temperature: 0.7,
      stop: ['a secret'],
      max_tokens: null,
      text: {},
      response_format: 'x',
    })
    expect(name).toBe('temperature=0.7 stop=1 max_tokens=null text=object response_format=text')
    expect(Object.fromEntries(shownParameters(name) ?? [])).toEqual({
      temperature: '0.7',
      stop: '1',
      max_tokens: 'null',
      text: 'object',
      response_format: 'text',
    })
    for (const other of ['', 'temperature', 'seed=1 seed=2', 'Seed=1', 'seed=1  n=1'])
      expect(shownParameters(other)).toBeUndefined()
  })
})

describe('the check `parameters`', () => {
  it('[R16] fails for a temperature and a seed that were not asked for, and says which', async () => {
    expect(await checkOf(readFixture('r16-temperature-fail'))).toMatchObject({
      status: 'fail',
      code: 'PARAMS_MISMATCH',
      detail: 'asked for temperature=0.7, the receipt shows 1',
    })
    expect(await checkOf(readFixture('r16-seed-fail'))).toMatchObject({ status: 'fail', code: 'PARAMS_MISMATCH' })
    expect(await checkOf(readFixture('r16-dropped-fail'))).toMatchObject({
      detail: 'asked for temperature=0.7, the receipt shows none',
    })
  })

  it('[R16] names what the gateway lists as changed', async () => {
    expect(await checkOf(readFixture('r16-replaced'))).toMatchObject({
      status: 'pass',
      detail: 'temperature=0 seed=42 stop=1 max_tokens=64; changed as listed: temperature',
    })
  })

  it('[R16] passes where nothing was asked for and nothing is named', async () => {
    expect(await checkOf(readFixture('quoted'))).toMatchObject({ status: 'pass', detail: 'none' })
  })

  it('[R16] refuses other octets than the request that was signed', async () => {
    const fixture = readFixture('r16-as-asked')
    const replay = { request: encodeUtf8('{"model":"demo"}'), inserts: new Map<string, Uint8Array>() }
    expect(await checkOf(fixture, { replay })).toMatchObject({ status: 'fail', code: 'REQUEST_DIGEST_MISMATCH' })
  })

  it('is not performed, and not required, where octets or disclosures are not there', async () => {
    const skipped = { status: 'not-performed', required: false }
    expect(await checkOf(readFixture('r16-temperature-fail'), { replay: 'not-held' })).toMatchObject(skipped)
    expect(await checkOf(readFixture('quoted-withheld-dependencies'))).toMatchObject({
      ...skipped,
      detail: 'disclosure request, forwarded or dependencies is withheld',
    })
    expect(await checkOf(readFixture('refused'))).toMatchObject({ ...skipped, detail: 'nothing was forwarded' })
  })

  it('[R16] is one of the checks of every receipt', async () => {
    const verdict = await judgeFixture(readFixture('r16-as-asked'))
    expect(verdict.ok).toBe(true)
    expect(await checkOf(readFixture('r16-as-asked'))).toMatchObject({
      status: 'pass',
      required: true,
      detail: 'temperature=0.7 seed=42 stop=1 max_tokens=64',
    })
  })
})
