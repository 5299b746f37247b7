/** Intel's TCB rules as pure functions, and the documents that they read. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  decodeQeIdentity,
  decodeTcbInfo,
  type MatchedLevel,
  type TcbInfo,
  type TcbPass,
} from '../../../src/core/tdx/index.ts'
import { currentLevels, evaluatePass, summarizeTcb } from '../../../src/core/tdx/tcb-evaluation.ts'
import type { PlatformLevel, SvnLevel } from '../../../src/core/tdx/tcb-info.ts'
import {
  findModule,
  matchPlatformLevel,
  matchSvnLevel,
  moduleId,
  type PlatformLevels,
} from '../../../src/core/tdx/tcb-level.ts'
import {
  COMPONENT_STATUSES,
  type ComponentStatus,
  convergeStatus,
  PLATFORM_STATUSES,
  type PlatformStatus,
  relaunchStatus,
  type TcbStatus,
} from '../../../src/core/tdx/tcb-status.ts'
import { MalformedError } from '../../../src/errors.ts'
import {
  defaultQeIdentity,
  defaultTcbInfo,
  encodeQeIdentity,
  encodeTcbInfo,
} from '../../../src/simulator/tdx-documents.ts'
import { SIMULATED_PLATFORM } from '../../../src/simulator/tdx-platform.ts'

const subject = { ca: 'platform', platform: SIMULATED_PLATFORM, clock: () => new Date('2026-07-01T00:00:00Z') } as const
const infoText = encodeTcbInfo(defaultTcbInfo(subject))
const identityText = encodeQeIdentity(defaultQeIdentity(subject))
const info = decodeTcbInfo(encodeUtf8(infoText))

function codeOf(decode: () => unknown): string {
  try {
    decode()
    return 'ok'
  } catch (error) {
    if (error instanceof MalformedError) return error.failure
    throw error
  }
}

/** `first`, then zeros up to 16. */
const sixteen = (...first: readonly number[]): readonly number[] =>
  Array.from({ length: 16 }, (_, index) => first[index] ?? 0)
const date = (day: number): Date => new Date(Date.UTC(2026, 0, day))

function platformLevel(
  sgxComponents: readonly number[],
  pceSvn: number,
  tdxComponents: readonly number[],
): PlatformLevel {
  return { tcb: { sgxComponents, pceSvn, tdxComponents }, tcbDate: date(1), status: 'UpToDate', advisoryIds: [] }
}

function platform(components: readonly number[], pceSvn: number, teeTcbSvn: readonly number[]): PlatformLevels {
  return { components, pceSvn, teeTcbSvn: Uint8Array.from(teeTcbSvn) }
}

describe('convergeStatus', () => {
  const DUE: Readonly<Record<PlatformStatus, PlatformStatus>> = {
    UpToDate: 'OutOfDate',
    SWHardeningNeeded: 'OutOfDate',
    ConfigurationNeeded: 'OutOfDateConfigurationNeeded',
    ConfigurationAndSWHardeningNeeded: 'OutOfDateConfigurationNeeded',
    OutOfDate: 'OutOfDate',
    OutOfDateConfigurationNeeded: 'OutOfDateConfigurationNeeded',
    Revoked: 'Revoked',
  }

  it.each(PLATFORM_STATUSES)('[T22] brings %s together with every state of a part', (status) => {
    expect(convergeStatus(status, 'UpToDate')).toBe(status)
    expect(convergeStatus(status, 'OutOfDate')).toBe(DUE[status])
    expect(convergeStatus(status, 'Revoked')).toBe('Revoked')
  })

  it('[T22] comes to the same whichever part is brought in first', () => {
    for (const status of PLATFORM_STATUSES)
      for (const a of COMPONENT_STATUSES)
        for (const b of COMPONENT_STATUSES)
          expect(convergeStatus(convergeStatus(status, a), b)).toBe(convergeStatus(convergeStatus(status, b), a))
  })
})

describe('relaunchStatus', () => {
  it.each<readonly [PlatformStatus, PlatformStatus, TcbStatus]>([
    ['OutOfDate', 'UpToDate', 'TDRelaunchAdvised'],
    ['OutOfDate', 'SWHardeningNeeded', 'TDRelaunchAdvised'],
    ['OutOfDate', 'ConfigurationNeeded', 'TDRelaunchAdvisedConfigurationNeeded'],
    ['OutOfDate', 'ConfigurationAndSWHardeningNeeded', 'TDRelaunchAdvisedConfigurationNeeded'],
    ['OutOfDate', 'OutOfDate', 'OutOfDate'],
    ['OutOfDate', 'OutOfDateConfigurationNeeded', 'OutOfDate'],
    ['OutOfDate', 'Revoked', 'OutOfDate'],
    ['OutOfDateConfigurationNeeded', 'UpToDate', 'TDRelaunchAdvisedConfigurationNeeded'],
    ['OutOfDateConfigurationNeeded', 'SWHardeningNeeded', 'TDRelaunchAdvisedConfigurationNeeded'],
    ['OutOfDateConfigurationNeeded', 'ConfigurationNeeded', 'TDRelaunchAdvisedConfigurationNeeded'],
    ['OutOfDateConfigurationNeeded', 'ConfigurationAndSWHardeningNeeded', 'TDRelaunchAdvisedConfigurationNeeded'],
    ['OutOfDateConfigurationNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
  ])('[T22] calls a launch that was %s, and is %s now, %s', (launch, current, status) => {
    expect(relaunchStatus(launch, current)).toBe(status)
  })

  it('[T22] leaves every other launch as it was: a good module now undoes no revocation', () => {
    for (const launch of PLATFORM_STATUSES)
      if (!launch.startsWith('OutOfDate'))
        for (const current of PLATFORM_STATUSES) expect(relaunchStatus(launch, current)).toBe(launch)
  })
})

describe('matchPlatformLevel', () => {
  const svn = fc.integer({ min: 0, max: 3 })
  const components = fc.array(svn, { minLength: 16, maxLength: 16 })
  const levels = fc.uniqueArray(fc.tuple(components, svn, components), {
    minLength: 1,
    maxLength: 12,
    selector: (tcb) => JSON.stringify(tcb),
  })

  /** Intel's own way: sort from the highest down, take the first that is reached. */
  function firstReached(
    all: readonly PlatformLevel[],
    { components: seen, pceSvn, teeTcbSvn }: PlatformLevels,
  ): PlatformLevel | undefined {
    const key = ({ tcb }: PlatformLevel): string =>
      [...tcb.sgxComponents, tcb.pceSvn, ...tcb.tdxComponents].map((value) => String(value).padStart(5, '0')).join()
    const start = (teeTcbSvn[1] ?? 0) > 0 ? 2 : 0
    return [...all]
      .sort((a, b) => (key(a) < key(b) ? 1 : -1))
      .find(
        ({ tcb }) =>
          tcb.sgxComponents.every((least, index) => (seen[index] ?? 0) >= least) &&
          pceSvn >= tcb.pceSvn &&
          tcb.tdxComponents.slice(start).every((least, index) => (teeTcbSvn[start + index] ?? 0) >= least),
      )
  }

  it('[T23] takes the level that Intel takes, in whatever order they are listed', () => {
    fc.assert(
      fc.property(
        levels,
        components,
        svn,
        components,
        fc.infiniteStream(fc.nat()),
        (tcbs, seen, pceSvn, tee, noise) => {
          const all = tcbs.map(([sgx, pce, tdx]) =>
            platformLevel(
              sgx.map((value) => Math.min(value, 1)),
              pce,
              tdx.map((value) => Math.min(value, 1)),
            ),
          )
          const shuffled = all
            .map((level) => [noise.next().value ?? 0, level] as const)
            .sort(([a], [b]) => a - b)
            .map(([, level]) => level)
          const subjectLevels = platform(seen, pceSvn, tee)
          const found = matchPlatformLevel(shuffled, subjectLevels)
          expect(found?.tcb).toEqual(firstReached(all, subjectLevels)?.tcb)
          expect(matchPlatformLevel(all, subjectLevels)?.tcb).toEqual(found?.tcb)
        },
      ),
    )
  })

  it.each(Array.from({ length: 16 }, (_, index) => index))(
    '[T23] compares SGX and TDX component %i on its own',
    (at) => {
      const high = sixteen(...Array<number>(16).fill(9))
      const one = sixteen().map((_, index) => (index === at ? 5 : 0))
      const below = high.map((value, index) => (index === at ? 4 : value))
      const noModule = (list: readonly number[]): readonly number[] =>
        list.map((value, index) => (index === 1 && at !== 1 ? 0 : value))
      const reached = (seen: PlatformLevels, level: PlatformLevel): boolean =>
        matchPlatformLevel([level], seen) !== undefined
      expect(reached(platform(below, 1, high), platformLevel(one, 1, sixteen()))).toBe(false)
      expect(reached(platform(high, 1, high), platformLevel(one, 1, sixteen()))).toBe(true)
      // Below major version 1 all sixteen count; from it on, components 0 and 1 are the module identity's.
      if (at !== 1) expect(reached(platform(high, 1, noModule(below)), platformLevel(sixteen(), 1, one))).toBe(false)
      expect(reached(platform(high, 1, below), platformLevel(sixteen(), 1, one))).toBe(at < 2)
    },
  )

  it('[T23] compares component 1 of a module without a version', () => {
    expect(
      matchPlatformLevel([platformLevel(sixteen(), 1, sixteen(0, 1))], platform(sixteen(), 1, sixteen(9, 0))),
    ).toBeUndefined()
  })

  it('[T23] compares PCESVN', () => {
    const level = platformLevel(sixteen(), 13, sixteen())
    expect(matchPlatformLevel([level], platform(sixteen(), 12, sixteen()))).toBeUndefined()
    expect(matchPlatformLevel([level], platform(sixteen(), 13, sixteen()))).toBe(level)
  })
})

describe('matchSvnLevel and findModule', () => {
  const level = (tcb: number): SvnLevel => ({ tcb, tcbDate: date(1), status: 'UpToDate', advisoryIds: [] })

  it('[T23] takes the highest level at or below, in whatever order', () => {
    const levels = [level(2), level(6), level(4)]
    expect([1, 2, 3, 4, 5, 6, 99].map((svn) => matchSvnLevel(levels, svn)?.tcb)).toEqual([undefined, 2, 2, 4, 4, 6, 6])
  })

  it('[T9] finds a module by its major version in two hex digits, in either case', () => {
    expect(moduleId(Uint8Array.from(sixteen(5, 1)))).toBe('TDX_01')
    expect(moduleId(Uint8Array.from(sixteen(5, 0xab)))).toBe('TDX_AB')
    expect(findModule(info, Uint8Array.from(sixteen(5, 3)))?.id).toBe('TDX_03')
    expect(findModule(info, Uint8Array.from(sixteen(5, 2)))).toBeUndefined()
    const lower = decodeTcbInfo(encodeUtf8(infoText.replace('TDX_03', 'TDX_ab')))
    expect(findModule(lower, Uint8Array.from(sixteen(5, 0xab)))?.id).toBe('TDX_AB')
  })
})

describe('evaluatePass and summarizeTcb', () => {
  const qe = (status: ComponentStatus, day = 20, ...advisoryIds: readonly string[]): MatchedLevel<ComponentStatus> => ({
    status,
    tcbDate: date(day),
    advisoryIds,
  })
  const good = platform([...SIMULATED_PLATFORM.cpuSvn], 13, sixteen(5, 1, 3))
  const pass = (subjectLevels: PlatformLevels, tcbInfo: TcbInfo = info): TcbPass => {
    const outcome = evaluatePass({ tcbInfo, qe: qe('UpToDate') }, subjectLevels)
    if (!outcome.ok) throw new Error(outcome.detail)
    return outcome.pass
  }
  const levelsOf = (teeTcbSvn: readonly number[]): PlatformLevels => ({
    ...good,
    teeTcbSvn: Uint8Array.from(teeTcbSvn),
  })

  it('converges platform, module and enclave', () => {
    expect(pass(good)).toMatchObject({ status: 'UpToDate', module: { id: 'TDX_01', status: 'UpToDate' } })
    expect(pass(levelsOf(sixteen(4, 1, 3)))).toMatchObject({
      status: 'OutOfDate',
      platform: { status: 'UpToDate' },
      module: { status: 'OutOfDate' },
    })
    expect(pass(levelsOf(sixteen(2, 1, 3)))).toMatchObject({ status: 'Revoked' })
    expect(pass(levelsOf(sixteen(5, 0, 3)))).not.toHaveProperty('module')
    const outdated = evaluatePass({ tcbInfo: info, qe: qe('OutOfDate') }, good)
    expect(outdated).toMatchObject({ ok: true, pass: { status: 'OutOfDate' } })
    const revoked = evaluatePass({ tcbInfo: info, qe: qe('Revoked') }, good)
    expect(revoked).toMatchObject({ ok: true, pass: { status: 'Revoked' } })
  })

  it('[T9] ends where the module is not listed, or is below its every level', () => {
    expect(evaluatePass({ tcbInfo: info, qe: qe('UpToDate') }, levelsOf(sixteen(5, 2, 3)))).toMatchObject({
      ok: false,
      step: 'module-identity',
    })
    expect(evaluatePass({ tcbInfo: info, qe: qe('UpToDate') }, levelsOf(sixteen(1, 1, 3)))).toMatchObject({
      ok: false,
      step: 'module-tcb',
    })
  })

  it('[T23] ends where no level is reached', () => {
    const outcome = evaluatePass({ tcbInfo: info, qe: qe('UpToDate') }, { ...good, pceSvn: 4 })
    expect(outcome).toMatchObject({ ok: false, step: 'tcb-level' })
  })

  it('[T22] reports every advisory of both passes once, sorted, and the earliest date', () => {
    const part = <Status>(status: Status, day: number, ...advisoryIds: readonly string[]): MatchedLevel<Status> => ({
      status,
      tcbDate: date(day),
      advisoryIds,
    })
    const launch: TcbPass = {
      status: 'OutOfDate',
      platform: part('OutOfDate', 9, 'INTEL-SA-3', 'INTEL-SA-1'),
      module: { id: 'TDX_01', ...part<ComponentStatus>('UpToDate', 12, 'INTEL-SA-2') },
      qe: qe('UpToDate', 20, 'INTEL-SA-4'),
    }
    const current: TcbPass = {
      status: 'UpToDate',
      platform: part('UpToDate', 8, 'INTEL-SA-1', 'INTEL-SA-5'),
      qe: qe('UpToDate'),
    }
    expect(summarizeTcb(launch, current)).toEqual({
      status: 'TDRelaunchAdvised',
      advisoryIds: ['INTEL-SA-1', 'INTEL-SA-2', 'INTEL-SA-3', 'INTEL-SA-4', 'INTEL-SA-5'],
      tcbDate: date(8),
      launch,
      current,
    })
    const early = { ...launch, module: { id: 'TDX_01', ...part<ComponentStatus>('UpToDate', 3) } }
    expect(summarizeTcb(early, early).tcbDate).toEqual(date(3))
    const qeFirst = { ...launch, qe: qe('UpToDate', 2) }
    expect(summarizeTcb(qeFirst, qeFirst).tcbDate).toEqual(date(2))
  })

  it('[T22] judges the module that runs now by TEE_TCB_SVN2, where there is one', () => {
    const body = { teeTcbSvn2: Uint8Array.from(sixteen(7, 3, 3)) }
    expect(currentLevels(good, body).teeTcbSvn).toEqual(body.teeTcbSvn2)
    expect(currentLevels(good, body).components).toEqual(good.components)
    expect(currentLevels(good, {})).toBe(good)
  })
})

describe('decodeTcbInfo', () => {
  const decode = (change: (text: string) => string) => codeOf(() => decodeTcbInfo(encodeUtf8(change(infoText))))
  const replaced =
    (from: string | RegExp, to: string) =>
    (text: string): string => {
      const out = text.replace(from, to)
      if (out === text) throw new Error(`${from} is not in the document`)
      return out
    }
  const component = '{"svn":3},'

  it('reads the document, hex in either case', () => {
    expect(info).toMatchObject({ fmspc: '53494d544458', pceId: '0000', evaluationDataNumber: 19 })
    expect(info.levels).toHaveLength(3)
    expect(info.moduleIdentities.map(({ id }) => id)).toEqual(['TDX_03', 'TDX_01'])
    expect(info.module.attributesMask).toEqual(decodeHex('ff'.repeat(8)))
    const lower = decodeTcbInfo(encodeUtf8(infoText.replace(/"fmspc":"[^"]*"/, (field) => field.toLowerCase())))
    expect(lower.fmspc).toBe(info.fmspc)
  })

  it('passes over members that Intel may add, and takes a document without module identities', () => {
    expect(decode(replaced('"version":3', '"version":3,"newMember":{"a":[1.5]}'))).toBe('ok')
    expect(
      decode(replaced(/"tdxModuleIdentities":\[.*\],"tcbLevels":\[\{"tcb":\{"sgx/, '"tcbLevels":[{"tcb":{"sgx')),
    ).toBe('ok')
  })

  it.each([
    ['fifteen SGX components', replaced(component, '')],
    ['seventeen SGX components', replaced(component, component + component)],
    ['fifteen TDX components', replaced('"tdxtcbcomponents":[{"svn":5},', '"tdxtcbcomponents":[')],
    ['seventeen TDX components', replaced('"tdxtcbcomponents":[', '"tdxtcbcomponents":[{"svn":0},')],
    ['no components', replaced(/"tdxtcbcomponents":\[[^\]]*\]/, '"tdxtcbcomponents":[]')],
    ['components that are no list', replaced(/"tdxtcbcomponents":\[[^\]]*\]/, '"tdxtcbcomponents":{}')],
    ['a component above 255', replaced(component, '{"svn":256},')],
    ['a negative component', replaced(component, '{"svn":-1},')],
    ['a component without svn', replaced(component, '{},')],
  ])('[T24] rejects %s', (_, change) => {
    expect(decode(change)).toBe('TCB_INFO_MALFORMED')
  })

  it.each([
    ['an unknown word', replaced('"tcbStatus":"UpToDate"', '"tcbStatus":"Fine"')],
    ['another case', replaced('"tcbStatus":"UpToDate"', '"tcbStatus":"uptodate"')],
    ['an empty word', replaced('"tcbStatus":"UpToDate"', '"tcbStatus":""')],
    [
      'an unknown word of the last level',
      replaced('"tcbStatus":"Revoked","advisoryIDs":["INTEL-SA-00837"]', '"tcbStatus":"Odd"'),
    ],
    [
      'a state that only a comparison makes',
      replaced(
        /"tcbStatus":"OutOfDate","advisoryIDs":\["INTEL-SA-01036"/,
        '"tcbStatus":"TDRelaunchAdvised","advisoryIDs":["INTEL-SA-01036"',
      ),
    ],
    ['a state that a module cannot have', replaced('"tcbStatus":"UpToDate"', '"tcbStatus":"SWHardeningNeeded"')],
  ])('[T25] rejects a TCB status that is %s', (_, change) => {
    expect(decode(change)).toBe('TDX_TCB_STATUS')
  })

  it('[T17] rejects a document of SGX, whatever else it holds', () => {
    expect(decode(replaced('"id":"TDX"', '"id":"SGX"'))).toBe('COLLATERAL_KIND')
    expect(codeOf(() => decodeTcbInfo(encodeUtf8('{"id":"SGX"}')))).toBe('COLLATERAL_KIND')
  })

  it.each([
    ['version 2', replaced('"version":3', '"version":2')],
    ['another way to compare', replaced('"tcbType":0', '"tcbType":1')],
    ['a date that is none', replaced(/"issueDate":"[^"]*"/, '"issueDate":"2026-02-30T00:00:00Z"')],
    ['a date with a fraction', replaced(/"nextUpdate":"[^"]*"/, '"nextUpdate":"2026-07-30T00:00:00.5Z"')],
    ['no nextUpdate', replaced(/"nextUpdate":"[^"]*",/, '')],
    ['an FMSPC of another size', replaced(/"fmspc":"[^"]*"/, '"fmspc":"00"')],
    ['an evaluation number that is none', replaced('"tcbEvaluationDataNumber":19', '"tcbEvaluationDataNumber":"19"')],
    ['a module id of another form', replaced('TDX_03', 'TDX_3')],
    ['a module twice', replaced('TDX_03', 'TDX_01')],
    ['no levels', replaced(/"tcbLevels":\[\{"tcb":\{"isvsvn":3\}[^\]]*\]/, '"tcbLevels":[]')],
    ['two levels with one demand', replaced('{"isvsvn":4}', '{"isvsvn":5}')],
    ['an advisory of another form', replaced('"INTEL-SA-00837"', '"intel sa"')],
    ['a key twice', replaced('"version":3', '"version":3,"version":3')],
    ['text behind', (text: string) => `${text} x`],
    ['no object', () => '[]'],
    ['no JSON', () => 'tcbInfo'],
    ['nesting beyond any genuine one', replaced('"version":3', `"version":3,"x":${'['.repeat(40)}${']'.repeat(40)}`)],
  ])('[T24] rejects %s', (_, change) => {
    expect(decode(change)).toBe('TCB_INFO_MALFORMED')
  })

  it('[F2] rejects a document cut at any offset', () => {
    const bytes = encodeUtf8(infoText)
    const codes = new Set<string>()
    for (let size = 0; size < bytes.length; size += 7) codes.add(codeOf(() => decodeTcbInfo(bytes.slice(0, size))))
    expect([...codes]).toEqual(['TCB_INFO_MALFORMED'])
  })
})

describe('decodeQeIdentity', () => {
  const decode = (from: string | RegExp, to: string) =>
    codeOf(() => decodeQeIdentity(encodeUtf8(identityText.replace(from, to))))

  it('reads the document', () => {
    expect(decodeQeIdentity(encodeUtf8(identityText))).toMatchObject({ isvProdId: 2, evaluationDataNumber: 19 })
    expect(decode('"version":2', '"version":3')).toBe('ok')
  })

  it.each([
    ['the identity of an SGX enclave', '"id":"TD_QE"', '"id":"QE"', 'COLLATERAL_KIND'],
    ['an unknown status', '"tcbStatus":"UpToDate"', '"tcbStatus":"Fine"', 'TDX_TCB_STATUS'],
    [
      'a status that an enclave cannot have',
      '"tcbStatus":"UpToDate"',
      '"tcbStatus":"ConfigurationNeeded"',
      'TDX_TCB_STATUS',
    ],
    ['version 1', '"version":2', '"version":1', 'QE_IDENTITY_MALFORMED'],
    ['a mask of another size', '"miscselectMask":"FFFFFFFF"', '"miscselectMask":"FFFFFF"', 'QE_IDENTITY_MALFORMED'],
    ['no MRSIGNER', /"mrsigner":"[^"]*",/, '', 'QE_IDENTITY_MALFORMED'],
    ['a product id that is no number', '"isvprodid":2', '"isvprodid":"2"', 'QE_IDENTITY_MALFORMED'],
    ['two levels with one demand', '{"isvsvn":3}', '{"isvsvn":4}', 'QE_IDENTITY_MALFORMED'],
    ['a key twice', '"isvprodid":2', '"isvprodid":2,"isvprodid":2', 'QE_IDENTITY_MALFORMED'],
  ])('[T15] rejects %s', (_, from, to, code) => {
    expect(decode(from, to)).toBe(code)
  })
})
