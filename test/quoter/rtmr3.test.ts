/** Sessions in RTMR3: the log before the register, and verifiers that replay it. */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeArchive } from '../../src/core/archive/index.ts'
import {
  ALG_SHA384,
  type CcelEvent,
  decodeCcel,
  decodeEventLog,
  encodeCcel,
  encodeEventLog,
  listCcelEvents,
  listEvents,
  replay,
  SESSION_EVENT_TYPE,
  sessionDigest,
} from '../../src/core/event-log/index.ts'
import { endorseFromQuote } from '../../src/core/evidence/endorse.ts'
import type { EndorsedQuote } from '../../src/core/evidence/hardware.ts'
import type { Quote } from '../../src/core/evidence/quoter.ts'
import { decodePolicy } from '../../src/core/policy.ts'
import { createTdxQuoter, type HardwareQuoter, systemTimers, type Timers } from '../../src/quoter/index.ts'
import { createSimulatedTdx } from '../../src/simulator/index.ts'
import { TDX_POLICY } from '../kit/permissive-policies.ts'
import { attestArchive, type GatewayFixture, startFixture } from '../server/gateway/gateway-fixture.ts'
import { ManualTime } from '../server/gateway/manual-time.ts'
import { type FakeFiles, FakeKernel, type FakeOptions, filesOf } from './fake-kernel.ts'

const tdx = createSimulatedTdx({ latencyMs: 0 })
const EVENTS = '/run/countersign/rtmr3-events.json'
const DATA = new Uint8Array(randomBytes(64))
const session = (text: string, epoch = 0): { octets: Uint8Array; configuration: Uint8Array; epoch: number } => ({
  octets: new TextEncoder().encode(text),
  configuration: new Uint8Array(32),
  epoch,
})

interface Guest {
  readonly kernel: FakeKernel
  readonly files: FakeFiles
  readonly quoter: () => HardwareQuoter
}

function guest(options: FakeOptions = {}, timers: Timers = systemTimers): Guest {
  const answer = (inblob: Uint8Array): Uint8Array => tdx.quote(inblob, { rtMr3: kernel.rtmr3 })
  const kernel = new FakeKernel({ provider: 'tdx_guest', rtmr3: true, answer, ...options })
  const files = filesOf(kernel)
  const deps = {
    files,
    timers,
    process: { pid: 1, isAlive: () => true },
    privlevel: 'default',
  } as const
  return { kernel, files, quoter: () => createTdxQuoter(deps) }
}

async function logOf(quoter: HardwareQuoter): Promise<Uint8Array | undefined> {
  const quote = await quoter.quote(DATA)
  return quote.tee === 'tdx' ? quote.eventLog : undefined
}

describe('a session', () => {
  it('is recorded, then extended, and travels with quotes', async () => {
    const { kernel, quoter } = guest()
    const device = quoter()
    expect(await device.measureSession?.(session('one'))).toMatchObject({ measured: true })
    const log = decodeEventLog((await logOf(device)) ?? new Uint8Array())
    expect(log.events).toEqual([
      { register: 3, type: SESSION_EVENT_TYPE, digest: sessionDigest(session('one').octets) },
    ])
    expect(replay(log.events, 3)).toEqual(new Uint8Array(kernel.rtmr3))
    const order = kernel.written.map(({ path }) => path).filter((path) => !path.includes('tsm'))
    expect(order).toEqual([`${EVENTS}.next`, expect.stringContaining('rtmr3:sha384')])
  })

  it('of the next epoch comes behind', async () => {
    const { kernel, quoter } = guest()
    const device = quoter()
    await device.measureSession?.(session('one'))
    expect(await device.measureSession?.(session('two', 1))).toMatchObject({ measured: true })
    const log = decodeEventLog((await logOf(device)) ?? new Uint8Array())
    expect(log.events).toHaveLength(2)
    expect(replay(log.events, 3)).toEqual(new Uint8Array(kernel.rtmr3))
  })

  it('of another process in the same machine is honest about those before', async () => {
    const { kernel, quoter } = guest()
    await quoter().measureSession?.(session('one'))
    const next = quoter()
    expect(await next.measureSession?.(session('two'))).toMatchObject({
      measured: false,
      detail: expect.stringContaining('earlier boots'),
    })
    const log = decodeEventLog((await logOf(next)) ?? new Uint8Array())
    expect(replay(log.events, 3)).toEqual(new Uint8Array(kernel.rtmr3))
  })

  it('that was recorded and not extended by a process that ended is dropped', async () => {
    const { kernel, quoter } = guest()
    const lost = { register: 3, type: SESSION_EVENT_TYPE, digest: sessionDigest(session('lost').octets) } as const
    kernel.files.set(EVENTS, encodeEventLog({ events: [lost] }))
    const device = quoter()
    expect(await device.measureSession?.(session('one'))).toMatchObject({ measured: true })
    expect(decodeEventLog((await logOf(device)) ?? new Uint8Array()).events).toHaveLength(1)
  })

  it('is not put behind what no log explains', async () => {
    const { kernel, quoter } = guest()
    kernel.rtmr3 = new Uint8Array(48).fill(9)
    const device = quoter()
    expect(await device.measureSession?.(session('one'))).toMatchObject({ measured: false })
    expect(kernel.rtmr3).toEqual(new Uint8Array(48).fill(9))
    expect(await logOf(device)).toBeUndefined()
  })

  it.each<[string, FakeOptions, string]>([
    ['the kernel offers no register', { rtmr3: false }, 'Linux 6.16'],
    ['the record of events is damaged', { files: new Map([[EVENTS, new TextEncoder().encode('{}')]]) }, 'not extended'],
  ])('is not measured where %s, and quotes go on', async (_, options, words) => {
    const { quoter } = guest(options)
    const device = quoter()
    expect(await device.measureSession?.(session('one'))).toMatchObject({
      measured: false,
      detail: expect.stringContaining(words),
    })
    expect(await logOf(device)).toBeUndefined()
  })
})

describe('a register that does not answer', () => {
  it.each([
    ['read', /CCEL$/],
    ['write', /rtmr3:sha384$/],
  ] as const)('to a %s of %s is let go of in time, and quotes go on without a log', async (call, path) => {
    const time = new ManualTime()
    const { files, quoter } = guest({}, time)
    const device = quoter()
    files.hang(call, path)
    const measured = expect(device.measureSession?.(session('one'))).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: expect.stringContaining('did not answer within 75 s'),
    })
    for (let turns = 0; turns < 20; turns++) await Promise.resolve()
    time.advance(75_000)
    await measured
    expect(files.abandoned()).toBe(1)
    expect(await logOf(device)).toBeUndefined()
    expect(await device.measureSession?.(session('two'))).toMatchObject({ measured: true })
  })
})

describe("the firmware's log", () => {
  const CCEL = '/sys/firmware/acpi/tables/data/CCEL'
  const event = (index: number, fill: number): CcelEvent => ({
    index,
    type: 0x80000007,
    digests: [{ algorithm: ALG_SHA384, digest: new Uint8Array(48).fill(fill) }],
    data: Uint8Array.of(fill),
  })
  const specId = {
    index: 1,
    platformClass: 0,
    versionMinor: 0,
    versionMajor: 2,
    errata: 0,
    uintnSize: 2,
    algorithms: [{ algorithm: ALG_SHA384, size: 48 }],
    vendorInfo: new Uint8Array(),
  }
  // Index 4 is RTMR3: a boot loader may have measured into it.
  const firmware = encodeCcel({ specId, events: [event(1, 1), event(4, 2)] })
  const area = Buffer.concat([firmware, Buffer.alloc(1_000, 0xff)])

  it('comes before the sessions, without its padding', async () => {
    const { kernel, quoter } = guest({ files: new Map([[CCEL, area]]) })
    kernel.rtmr3 = replay(listCcelEvents(decodeCcel(firmware)), 3)
    const device = quoter()
    expect(await device.measureSession?.(session('one'))).toMatchObject({ measured: true })
    const octets = (await logOf(device)) ?? new Uint8Array()
    expect(decodeEventLog(octets).ccel).toEqual(firmware)
    expect(replay(listEvents({ format: 'record', octets }), 3)).toEqual(new Uint8Array(kernel.rtmr3))
  })

  it('of a size that no verifier reads keeps sessions out of the register, since nobody could replay them', async () => {
    const large = encodeCcel({ specId, events: [{ ...event(1, 1), data: new Uint8Array(800_000) }] })
    const { kernel, quoter } = guest({ files: new Map([[CCEL, large]]) })
    const device = quoter()
    expect(await device.measureSession?.(session('one'))).toMatchObject({
      measured: false,
      detail: expect.stringContaining('larger than verifiers read'),
    })
    expect(kernel.rtmr3).toEqual(new Uint8Array(48))
    expect(await logOf(device)).toBeUndefined()
    const { quoter: bare } = guest({ rtmr3: false, files: new Map([[CCEL, large]]) })
    const without = bare()
    await without.measureSession?.(session('one'))
    expect(await logOf(without)).toBeUndefined()
  })

  it('travels alone where the kernel offers no RTMR3', async () => {
    const { quoter } = guest({ rtmr3: false, files: new Map([[CCEL, area]]) })
    const device = quoter()
    await device.measureSession?.(session('one'))
    expect(decodeEventLog((await logOf(device)) ?? new Uint8Array())).toEqual({ ccel: firmware, events: [] })
  })
})

describe('a gateway', () => {
  let fixture: GatewayFixture
  afterEach(() => fixture.close())

  /** The simulated root counts only where the quoter calls itself simulated. */
  async function start(simulated: boolean, options: FakeOptions = {}): Promise<FakeKernel> {
    const { kernel, quoter } = guest(options)
    const endorse = async (quote: Quote): Promise<EndorsedQuote> =>
      quote.tee === 'tdx' ? { ...quote, endorsements: tdx.collateral } : endorseFromQuote(quote)
    fixture = await startFixture({ quoter: () => ({ ...quoter(), simulated }), deps: { endorse }, unready: !simulated })
    return kernel
  }

  async function configuration(): Promise<unknown> {
    const section = { platforms: ['tdx'], tdx: TDX_POLICY, eventLog: { replay: [3], required: 'unchecked' } }
    const unchecked = {
      measurements: 'unchecked',
      models: 'unchecked',
      dependencies: 'unchecked',
      engines: 'unchecked',
    }
    const policy = {
      ...fixture.trust.policy,
      ...section,
      ...unchecked,
      dangerouslyTrustSimulatedRoots: [tdx.rootFingerprint],
    }
    const trust = { policy: decodePolicy(JSON.stringify(policy)), lock: undefined }
    const archive = decodeArchive((await fixture.get('/v1/attestation')).octets)
    return (await attestArchive({ ...fixture, trust }, archive)).configuration
  }

  it('measures each session, so that clients find the configuration in the hardware', async () => {
    const kernel = await start(true)
    expect(await configuration()).toEqual({ digest: fixture.config.digest, source: 'hardware' })
    await fixture.gateway.changeEpoch()
    expect(await configuration()).toEqual({ digest: fixture.config.digest, source: 'hardware' })
    expect(kernel.written.filter(({ path }) => path.includes('rtmr3:'))).toHaveLength(2)
  })

  it('serves where the kernel offers no register, and tells its operator', async () => {
    await start(true, { rtmr3: false })
    const line = await fixture.line(({ event }) => event === 'session-measured')
    expect(line).toMatchObject({ detail: expect.stringContaining('no RTMR3') })
    expect((await fixture.get('/v1/attestation')).status).toBe(200)
  })

  it('on hardware never takes simulated evidence for its own', async () => {
    await start(false)
    const line = await fixture.line(({ event }) => event === 'quote-failed')
    expect(line).toMatchObject({ detail: expect.stringContaining('did not verify') })
    expect((await fixture.gateway.readiness()).ready).toBe(false)
  })
})
