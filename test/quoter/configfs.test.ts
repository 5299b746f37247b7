/** Quotes through configfs-tsm, over a kernel that does everything that real ones have done. */
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeCbor } from '../../src/core/encoding/cbor-encode.ts'
import { endorseFromQuote } from '../../src/core/evidence/endorse.ts'
import { verifyHardware } from '../../src/core/evidence/hardware.ts'
import { encodeSnpEndorsements } from '../../src/core/snp/index.ts'
import type { TsmDeps } from '../../src/quoter/configfs/quoter.ts'
import { createSnpQuoter, createTdxQuoter, type HardwareQuoter } from '../../src/quoter/index.ts'
import { selfTrust } from '../../src/server/session/self-policy.ts'
import { createSimulatedSnp, createSimulatedTdx, type SimulatedSnp } from '../../src/simulator/index.ts'
import type { QuoteParts } from '../../src/simulator/tdx-quote.ts'
import { ManualTime } from '../server/gateway/manual-time.ts'
import { testPki } from '../server/gateway/test-pki.ts'
import { FakeKernel, type FakeOptions, filesOf, KernelError, TSM } from './fake-kernel.ts'

let snp: SimulatedSnp
const tdx = createSimulatedTdx({ latencyMs: 0 })
beforeAll(async () => {
  snp = await createSimulatedSnp({ pki: await testPki(), latencyMs: 0 })
})

const DATA = new Uint8Array(randomBytes(64))
const PROCESS = { pid: 4711, isAlive: (pid: number) => pid === 99 || pid === 4711 }

/** Timers that fire as soon as everything that can happen has happened: pauses between attempts take no time. */
const atOnce = {
  after(ms: number, run: () => void) {
    if (ms > 10_000) return () => {}
    const timer = setImmediate(run)
    return () => clearImmediate(timer)
  },
}

interface Bench {
  readonly kernel: FakeKernel
  readonly files: ReturnType<typeof filesOf>
  readonly quoter: HardwareQuoter
}

function bench(
  tee: 'snp' | 'tdx',
  { privlevel = 'default', ...options }: FakeOptions & { readonly privlevel?: TsmDeps['privlevel'] } = {},
  timers: typeof atOnce | ManualTime = atOnce,
): Bench {
  const answer = (inblob: Uint8Array): Uint8Array => (tee === 'snp' ? snp.report(inblob) : tdx.quote(inblob))
  const kernel = new FakeKernel({ provider: tee === 'snp' ? 'sev_guest' : 'tdx_guest', answer, ...options })
  const files = filesOf(kernel)
  const deps = { files, timers, process: PROCESS, privlevel }
  return { kernel, files, quoter: tee === 'snp' ? createSnpQuoter(deps) : createTdxQuoter(deps) }
}

const failing =
  (...errnos: readonly (string | undefined)[]) =>
  (inblob: Uint8Array, call: number): Uint8Array => {
    const errno = errnos[call]
    if (errno !== undefined) throw new KernelError(errno)
    return snp.report(inblob)
  }

describe('a quote through configfs', () => {
  it('of SEV-SNP verifies through the core, with the certificates of the auxblob', async () => {
    const auxblob = encodeSnpEndorsements(snp.endorsements)
    const { kernel, quoter } = bench('snp', { auxblob, chunk: 100 })
    const quote = endorseFromQuote(await quoter.quote(DATA))
    const verdict = await verifyHardware(quote, selfTrust(quote, true), {
      at: new Date(),
      reportData: DATA,
      besideReportData: 'absent',
    })
    expect(verdict).toMatchObject({ ok: true, value: { tee: 'snp' } })
    expect(kernel.written).toHaveLength(1)
    expect(kernel.written[0]?.octets).toEqual(Buffer.from(DATA))
  })

  it('of TDX verifies through the core, cut to its own length whatever the kernel left behind it', async () => {
    const answer = (inblob: Uint8Array): Uint8Array =>
      Buffer.concat([tdx.quote(inblob), Buffer.alloc(9_000, 'memory of the kernel')])
    const { quoter } = bench('tdx', { answer })
    const taken = await quoter.quote(DATA)
    if (taken.tee !== 'tdx') throw new Error('not TDX')
    expect(taken.quote).toHaveLength(tdx.quote(DATA).length)
    const quote = { ...taken, endorsements: tdx.collateral }
    const verdict = await verifyHardware(quote, selfTrust(quote, true), {
      at: new Date(),
      reportData: DATA,
      besideReportData: 'absent',
    })
    expect(verdict).toMatchObject({ ok: true, value: { tee: 'tdx' } })
  })

  it.each([
    ['4, TD report 1.0', { version: 4, bodyType: 2 }],
    ['5, TD report 1.0', { version: 5, bodyType: 2 }],
    ['5, TD report 1.5', { version: 5, bodyType: 3 }],
  ])('of TDX in version %s is cut to its own length', async (_, fields) => {
    const answer = (inblob: Uint8Array): Uint8Array =>
      Buffer.concat([tdx.quote(inblob, fields), Buffer.alloc(9_000, 'memory of the kernel')])
    const taken = await bench('tdx', { answer }).quoter.quote(DATA)
    if (taken.tee !== 'tdx') throw new Error('not TDX')
    expect(taken.quote).toHaveLength(tdx.quote(DATA, fields).length)
    expect(Buffer.from(taken.quote).includes('memory of the kernel')).toBe(false)
  })

  it('keeps one instance with a name of its own, and removes it at the end', async () => {
    const { kernel, quoter } = bench('snp')
    await quoter.quote(DATA)
    await quoter.quote(DATA)
    expect([...kernel.instances.keys()]).toEqual([expect.stringMatching(/^countersign-4711-[0-9a-f]{12}$/)])
    await quoter.close()
    expect([...kernel.instances.keys()]).toEqual([])
    await expect(quoter.quote(DATA)).rejects.toMatchObject({ code: 'ERR_QUOTE', message: 'the quoter is closed' })
  })

  it('removes what ended processes left, and nothing of live ones or others', async () => {
    const folders = [
      'countersign-12-0123456789ab',
      'countersign-4711-0123456789ab',
      'countersign-99-0123456789ab',
      'other-12',
      'countersign',
    ]
    const { kernel, quoter } = bench('snp', { folders })
    await quoter.quote(DATA)
    expect([...kernel.instances.keys()].slice(0, 3)).toEqual(['countersign-99-0123456789ab', 'other-12', 'countersign'])
  })

  it('uses the instance that was made ready where it may make none, and leaves it there', async () => {
    const { kernel, quoter } = bench('snp', { folders: ['countersign'], mkdirErrno: 'EACCES' })
    await quoter.quote(DATA)
    await quoter.close()
    expect([...kernel.instances.keys()]).toEqual(['countersign'])
  })

  it('asks for the lowest privilege level that the guest may ask', async () => {
    const { kernel, quoter } = bench('snp', { privlevelFloor: 2 })
    await quoter.quote(DATA)
    expect(kernel.written.map(({ path, octets }) => [path.split('/').at(-1), octets.length])).toEqual([
      ['privlevel', 1],
      ['inblob', 64],
    ])
  })

  it.each([
    ['that was chosen', { privlevel: 1, privlevelFloor: 0 } as const, '1'],
    ['that was chosen where the kernel names none', { privlevel: 0 } as const, '0'],
    ['of the kernel where that is the lowest of all', { privlevelFloor: 0 } as const, undefined],
    ['of the kernel where it names none', {} as const, undefined],
    ['of the kernel where what it names is none', { privlevelFloor: 4 } as const, undefined],
  ])('asks for the privilege level %s', async (_, options, level) => {
    const { kernel, quoter } = bench('snp', options)
    await quoter.quote(DATA).catch(() => {})
    const written = kernel.written.find(({ path }) => path.endsWith('/privlevel'))
    expect(written && Buffer.from(written.octets).toString()).toBe(level)
  })

  it('grows its buffer to what the kernel has', async () => {
    const auxblob = new Uint8Array(200_000).fill(1)
    const { quoter } = bench('snp', { auxblob, chunk: 4096 })
    const quote = await quoter.quote(DATA)
    expect(quote.tee === 'snp' && Buffer.compare(quote.auxblob, auxblob)).toBe(0)
  })
})

describe('faults that pass', () => {
  it('is busy: asks again', async () => {
    const { kernel, quoter } = bench('snp', { answer: failing('EBUSY', 'EBUSY') })
    await expect(quoter.quote(DATA)).resolves.toMatchObject({ tee: 'snp' })
    expect(kernel.calls).toBe(3)
  })

  it('was written to by somebody else: asks again, in another instance', async () => {
    const { kernel, quoter } = bench('snp', { skew: (call) => (call === 1 ? 1 : 0) })
    await expect(quoter.quote(DATA)).resolves.toMatchObject({ tee: 'snp' })
    expect(kernel.calls).toBe(2)
    expect(kernel.instances.size).toBe(1)
  })

  it.each(['snp', 'tdx'] as const)('of %s answers over other report data: asks again', async (tee) => {
    const report = (asked: Uint8Array): Uint8Array => (tee === 'snp' ? snp.report(asked) : tdx.quote(asked))
    const answer = (inblob: Uint8Array, call: number): Uint8Array => report(call === 0 ? new Uint8Array(64) : inblob)
    const { kernel, quoter } = bench(tee, { answer })
    const quote = await quoter.quote(DATA)
    const octets = quote.tee === 'snp' ? quote.report : quote.tee === 'tdx' ? quote.quote : DATA
    expect(Buffer.from(octets).includes(Buffer.from(DATA))).toBe(true)
    expect(kernel.calls).toBe(2)
  })

  it.each([1, 2])(
    'counts its writes by something that is no number, at look %i behind a report: asks again',
    async (at) => {
      let looks = 0
      const { kernel, quoter } = bench('snp', { skew: () => (++looks === at ? Number.NaN : 0) })
      await quoter.quote(DATA)
      await expect(quoter.quote(DATA)).resolves.toMatchObject({ tee: 'snp' })
      expect(kernel.calls).toBe(3)
    },
  )

  it('lost its instance: makes another', async () => {
    const { kernel, quoter } = bench('snp')
    await quoter.quote(DATA)
    kernel.instances.clear()
    await expect(quoter.quote(DATA)).resolves.toMatchObject({ tee: 'snp' })
  })
})

describe('faults that do not', () => {
  it('ENXIO takes the instance away: the driver that comes back has another', async () => {
    const { kernel, quoter } = bench('snp', { answer: failing(undefined, 'ENXIO') })
    await quoter.quote(DATA)
    const [first] = kernel.instances.keys()
    await expect(quoter.quote(DATA)).rejects.toThrow('ENXIO')
    await quoter.quote(DATA)
    expect([...kernel.instances.keys()]).toEqual([expect.stringMatching(/^countersign-4711-/)])
    expect(kernel.instances.has(first ?? '')).toBe(false)
  })

  it.each(['EACCES', 'EPERM'])('%s where no instance was made ready says what to do', async (mkdirErrno) => {
    const { quoter } = bench('snp', { mkdirErrno })
    await expect(quoter.quote(DATA)).rejects.toThrow(`${mkdirErrno}): this user may not make report instances`)
  })

  it.each([
    ['ENXIO', 'load it again'],
    ['EFBIG', 'larger than this kernel'],
    ['EINVAL', 'privlevel_floor'],
    ['ETIMEDOUT', 'too many reports'],
    ['EIO', 'restarted'],
    ['EACCES', 'run as root'],
    ['EUCLEAN', 'dmesg'],
  ])('%s says what to do', async (errno, remedy) => {
    const { quoter } = bench('snp', { answer: failing(errno) })
    await expect(quoter.quote(DATA)).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: expect.stringContaining(remedy),
    })
    await expect(quoter.quote(DATA)).resolves.toMatchObject({ tee: 'snp' })
  })

  it('busy for good ends after a few attempts', async () => {
    const { kernel, quoter } = bench('snp', { answer: failing(...Array.from({ length: 20 }, () => 'EBUSY')) })
    await expect(quoter.quote(DATA)).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: expect.stringContaining('EBUSY'),
    })
    expect(kernel.calls).toBe(4)
  })

  it('a generation that never fits ends after a few attempts', async () => {
    const { kernel, quoter } = bench('snp', { skew: () => 1 })
    await expect(quoter.quote(DATA)).rejects.toThrow('written to by somebody else')
    expect(kernel.calls).toBe(4)
  })

  it('EIO three times in a row on SEV-SNP is the end: the machine is not asked again', async () => {
    const { kernel, quoter } = bench('snp', { answer: failing('EIO', 'EIO', 'EIO') })
    for (let i = 0; i < 3; i++) await expect(quoter.quote(DATA)).rejects.toThrow('EIO')
    await expect(quoter.quote(DATA)).rejects.toThrow('VMPCK')
    expect(kernel.calls).toBe(3)
  })

  it('ENOTTY on SEV-SNP is the end at once: the driver says that it has no key', async () => {
    const { kernel, quoter } = bench('snp', { answer: failing('ENOTTY') })
    await expect(quoter.quote(DATA)).rejects.toThrow('VMPCK')
    await expect(quoter.quote(DATA)).rejects.toThrow('VMPCK')
    expect(kernel.calls).toBe(1)
  })

  it('EIO with reports in between, or on TDX, is not', async () => {
    const mixed = bench('snp', { answer: failing('EIO', 'EIO', undefined, 'EIO') })
    for (const ok of [false, false, true, false, true])
      await (ok
        ? expect(mixed.quoter.quote(DATA)).resolves.toMatchObject({ tee: 'snp', report: { length: 1184 } })
        : expect(mixed.quoter.quote(DATA)).rejects.toThrow('EIO'))
    const { quoter } = bench('tdx', {
      answer: (inblob, call) => {
        if (call < 4) throw new KernelError('EIO')
        return tdx.quote(inblob)
      },
    })
    for (let i = 0; i < 4; i++) await expect(quoter.quote(DATA)).rejects.toThrow('EIO')
    await expect(quoter.quote(DATA)).resolves.toMatchObject({ tee: 'tdx' })
  })

  it.each([
    ['an empty blob', () => new Uint8Array(), 'an empty blob'],
    [
      'a CBOR Web Token',
      () => Buffer.concat([Buffer.from('d83dd2', 'hex'), encodeCbor(new Uint8Array(9_000))]),
      'DICE',
    ],
    ['a quote of another version', () => new Uint8Array(5_000).fill(3), 'quote version'],
    ['a quote that is cut', (inblob: Uint8Array) => tdx.quote(inblob).subarray(0, 2_000), 'no evidence'],
    ['a length beyond the blob', (inblob: Uint8Array) => tdx.quote(inblob).fill(0xff, 632, 636), 'no evidence'],
    ['more than any quote', () => new Uint8Array(300_000), 'larger than this kernel'],
  ])('of TDX, %s is refused', async (_, answer, words) => {
    const { quoter } = bench('tdx', { answer })
    await expect(quoter.quote(DATA)).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: expect.stringContaining(words),
    })
  })

  // No signature covers these lengths: the host would have the kernel's memory inside of the quote.
  const MEMORY = Buffer.alloc(9_000, 'memory of the kernel')
  it.each<[string, (parts: QuoteParts) => QuoteParts, string]>([
    ['certificates', (parts) => ({ ...parts, innerData: Buffer.concat([parts.innerData, MEMORY]) }), 'no evidence'],
    [
      'authentication data',
      (parts) => ({ ...parts, qeAuthData: Buffer.concat([parts.qeAuthData, MEMORY]) }),
      'another key or authentication data',
    ],
  ])('of TDX, %s that are stretched over what the kernel copied are refused', async (_, signed, words) => {
    const { quoter } = bench('tdx', { answer: (inblob) => tdx.quote(inblob, {}, { signed }) })
    await expect(quoter.quote(DATA)).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: expect.stringContaining(words),
    })
  })

  it('of SEV-SNP, a report of another size is refused', async () => {
    const { quoter } = bench('snp', { answer: (inblob) => snp.report(inblob).subarray(0, 1000) })
    await expect(quoter.quote(DATA)).rejects.toThrow('1000 octets')
  })

  it('another provider than at the start is refused', async () => {
    const { quoter } = bench('snp', { provider: 'tdx_guest' })
    await expect(quoter.quote(DATA)).rejects.toThrow('restart the gateway')
  })

  it('takes no other number of octets than 64', async () => {
    const { quoter } = bench('snp')
    await expect(quoter.quote(new Uint8Array(63))).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})

/** Everything that can happen without time has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a read that does not come back', () => {
  it('is let go of after the kernel should have given up, and the next quote has a thread and an instance of its own', async () => {
    const time = new ManualTime()
    const { kernel, files, quoter } = bench('snp', {}, time)
    files.hang('read', /outblob$/)
    const quote = quoter.quote(DATA)
    const refused = expect(quote).rejects.toThrow('did not answer within 75 s')
    await settled()
    time.advance(74_999)
    expect(files.abandoned()).toBe(0)
    time.advance(1)
    await refused
    expect(files.abandoned()).toBe(1)
    await expect(quoter.quote(DATA)).resolves.toMatchObject({ tee: 'snp' })
    expect(kernel.instances.size).toBe(2)
  })

  it('holds one more call, and refuses others at once', async () => {
    const time = new ManualTime()
    const { files, quoter } = bench('snp', {}, time)
    files.hang('read', /outblob$/)
    const first = expect(quoter.quote(DATA)).rejects.toThrow('75 s')
    await settled()
    const second = quoter.quote(DATA)
    await expect(quoter.quote(DATA)).rejects.toThrow('one waits already')
    time.advance(75_000)
    await first
    await expect(second).resolves.toMatchObject({ tee: 'snp' })
  })

  it('ends with the quoter', async () => {
    const time = new ManualTime()
    const { kernel, files, quoter } = bench('snp', {}, time)
    files.hang('read', /outblob$/)
    const quote = expect(quoter.quote(DATA)).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: 'the quoter is closed',
    })
    await settled()
    await quoter.close()
    await quote
    expect([...kernel.instances.keys()]).toEqual([])
  })
})

it('makes its instances below the folder of the kernel', () => {
  expect(TSM).toBe('/sys/kernel/config/tsm/report')
})
