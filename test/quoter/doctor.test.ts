/** `countersign doctor`, and `serve` on a machine without a TEE. */
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { command } from '../../src/cli/commands/doctor.ts'
import { type DoctorDeps, examine } from '../../src/cli/doctor/examine.ts'
import { renderExamination } from '../../src/cli/doctor/render.ts'
import type { SystemFacts } from '../../src/cli/doctor/system.ts'
import { startHardwareGateway } from '../../src/cli/hardware-gateway.ts'
import { systemTimers } from '../../src/quoter/index.ts'
import { createDefaultConfig } from '../../src/server/config/index.ts'
import { createSimulatedTdx } from '../../src/simulator/index.ts'
import { recordIo } from '../cli/log/history-folder.ts'
import { FakeKernel, type FakeOptions, filesOf } from './fake-kernel.ts'
import { FakeNsm } from './fake-nsm.ts'

const NOW = new Date('2026-11-22T08:00:00Z')
const tdx = createSimulatedTdx({ latencyMs: 0 })

function facts(more: Partial<SystemFacts> = {}): SystemFacts {
  return {
    nodeVersion: '20.20.0',
    kernelRelease: '6.16.0',
    library: '/somewhere/koffi',
    read: () => undefined,
    exists: () => false,
    ...more,
  }
}

function deps(options: FakeOptions, system: Partial<SystemFacts> = {}, nsm: FakeNsm = new FakeNsm()): DoctorDeps {
  const process = { pid: 1, isAlive: () => true }
  const machine = { files: filesOf(new FakeKernel(options)), openNsm: () => nsm, timers: systemTimers, process }
  return { machine, system: facts(system), now: NOW }
}

describe('doctor', () => {
  it('says of a machine without a TEE what was looked for and what to do', async () => {
    const found = await examine(deps({ noTsm: true }), { quote: false })
    expect(JSON.parse(JSON.stringify(found))).toMatchObject({
      platforms: [
        { name: 'sev-snp', available: false, why: expect.stringContaining('/dev/sev-guest') },
        { name: 'tdx', available: false, why: expect.stringContaining('/dev/tdx_guest') },
        { name: 'nitro', available: false, why: expect.stringContaining('/dev/nsm') },
      ],
      quoter: 'none',
      runtime: { register: 'none', available: false },
      node: { version: '20.20.0', supported: true },
      koffi: { available: true },
      kernel: { release: '6.16.0', options: { CONFIG_TSM_REPORTS: 'unknown', CONFIG_NSM: 'unknown' } },
      clock: { now: NOW.toISOString(), plausible: true, synchronised: 'unknown' },
      next: [
        expect.stringContaining('confidential virtual machine'),
        expect.stringContaining('--simulated'),
        expect.stringContaining('clock'),
      ],
    })
  })

  it('shows the same to people', async () => {
    const text = renderExamination(await examine(deps({ noTsm: true }), { quote: false }), { colour: false })
    expect(text).toMatch(/^ {2}✗ sev-snp {2}no \/dev\/sev-guest/m)
    expect(text).toMatch(/^ {2}quoter +none$/m)
    expect(text).toMatch(/^ {2}✗ \/dev\/nsm: no Nitro Enclave/m)
  })

  it('makes one real quote of a TDX guest and takes it apart', async () => {
    const answer = (inblob: Uint8Array): Uint8Array => tdx.quote(inblob)
    const found = await examine(deps({ provider: 'tdx_guest', rtmr3: true, answer }), { quote: true })
    expect(found).toMatchObject({
      quoter: 'configfs',
      runtime: { register: 'RTMR3', available: true },
      quote: { ok: true, measurements: { mrTd: tdx.measurements.mrTd } },
    })
    expect(found.next[0]).toContain('countersign serve')
  })

  it('makes one of a Nitro enclave', async () => {
    const found = await examine(deps({ noTsm: true, devices: ['/dev/nsm'] }), { quote: true })
    expect(found).toMatchObject({ quoter: 'nsm', quote: { ok: true, measurements: { document: 'enclave' } } })
  })

  it('says why a quote is not usable', async () => {
    const found = await examine(deps({ provider: 'tdx_guest' }), { quote: true })
    expect(found.quote).toMatchObject({ ok: false, why: expect.stringContaining('empty blob') })
    expect(found.next.join(' ')).toContain('empty blob')
  })

  it('reads the options of the kernel, packed or not, and names those that are missing', async () => {
    const text = 'CONFIG_TSM_REPORTS=m\n# CONFIG_NSM is not set\nCONFIG_CONFIGFS_FS=y\n'
    const plain = (path: string): Uint8Array | undefined =>
      path === '/boot/config-6.16.0' ? Buffer.from(text) : undefined
    const packed = (path: string): Uint8Array | undefined =>
      path === '/proc/config.gz' ? gzipSync(Buffer.from(text)) : undefined
    for (const read of [plain, packed]) {
      const { kernel, next } = await examine(deps({ noTsm: true }, { read }), { quote: false })
      expect(kernel.options).toMatchObject({ CONFIG_TSM_REPORTS: 'm', CONFIG_CONFIGFS_FS: 'y', CONFIG_NSM: 'n' })
      expect(next.join(' ')).toContain('CONFIG_NSM')
    }
  })

  it.each<[string, Partial<SystemFacts>, string]>([
    ['an old Node', { nodeVersion: '20.18.3' }, 'Update Node'],
    ['a missing library', { library: undefined }, 'koffi'],
  ])('tells of %s', async (_, system, words) => {
    expect((await examine(deps({ noTsm: true }, system), { quote: false })).next.join(' ')).toContain(words)
  })

  it('tells of a clock that stands before this release', async () => {
    const found = await examine({ ...deps({ noTsm: true }), now: new Date('2020-01-01') }, { quote: false })
    expect(found.clock.plausible).toBe(false)
    expect(found.next.join(' ')).toContain('Set the clock')
  })

  it('as a command prints JSON of this very machine', async () => {
    const { io, out } = recordIo(NOW)
    await command.run(['--json'], io)
    expect(JSON.parse(out()).platforms.map(({ name }: { name: string }) => name)).toEqual(['sev-snp', 'tdx', 'nitro'])
  })
})

describe('serve', () => {
  it('on a machine without a TEE ends with everything that was looked for, and never simulates', async () => {
    const { machine } = deps({ noTsm: true, devices: ['/dev/sev-guest'] })
    const starting = startHardwareGateway(
      { config: createDefaultConfig(), lineage: 'begin', enrolmentToken: 'none', machine },
      recordIo(NOW).io,
    )
    await expect(starting).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringContaining('no TEE'),
      hint: expect.stringMatching(/sev-snp: .*configfs-tsm alone[\s\S]*Looked for:[\s\S]*\/dev\/nsm[\s\S]*--simulated/),
    })
  })
})
