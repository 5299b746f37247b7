/** What is looked for, in which order, and what is said of what is there and not supported. */
import { describe, expect, it } from 'vitest'
import { CountersignError } from '../../src/errors.ts'
import {
  detectQuoter,
  LIBRARY_MISSING,
  type MachineDeps,
  type QuoterChoice,
  systemTimers,
} from '../../src/quoter/index.ts'
import { ManualTime } from '../server/gateway/manual-time.ts'
import { FakeKernel, type FakeOptions, filesOf } from './fake-kernel.ts'
import { FakeNsm } from './fake-nsm.ts'

function machine(
  options: FakeOptions,
  openNsm = (): FakeNsm => new FakeNsm(),
): MachineDeps & { readonly kernel: FakeKernel } {
  const kernel = new FakeKernel(options)
  const process = { pid: 1, isAlive: () => true }
  return { kernel, files: filesOf(kernel), openNsm, timers: systemTimers, process }
}

/** TPM_ST_NO_SESSIONS, size, TPM_RC_SUCCESS and the public part; or TPM_RC_HANDLE. */
const HCL = Uint8Array.from([0x80, 0x01, 0, 0, 0, 0x2e, 0, 0, 0, 0, ...new Uint8Array(36)])
const NO_HCL = Uint8Array.from([0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x8b])

const NOTHING: FakeOptions = { noTsm: true }

describe('detection', () => {
  it.each<[string, FakeOptions, QuoterChoice, string | undefined]>([
    ['takes the security module first', { devices: ['/dev/nsm'] }, 'auto', 'nitro'],
    ['takes SEV-SNP through configfs', { provider: 'sev_guest' }, 'auto', 'snp'],
    ['takes TDX through configfs', { provider: 'tdx_guest' }, 'auto', 'tdx'],
    ['takes configfs where it is named', { devices: ['/dev/nsm'], provider: 'tdx_guest' }, 'configfs', 'tdx'],
    ['takes the module where it is named', { devices: ['/dev/nsm'], provider: 'tdx_guest' }, 'nsm', 'nitro'],
    ['finds no module where only configfs is', { provider: 'tdx_guest' }, 'nsm', undefined],
    ['knows no other provider', { provider: 'arm_cca_guest' }, 'auto', undefined],
    ['finds nothing where there is nothing', NOTHING, 'auto', undefined],
    ['does not take a device without configfs', { ...NOTHING, devices: ['/dev/sev-guest'] }, 'auto', undefined],
    ['does not take a vTPM', { ...NOTHING, devices: ['/dev/tpmrm0'], tpm: HCL }, 'auto', undefined],
  ])('%s', async (_, options, choice, tee) => {
    const deps = machine(options)
    const { quoter, report } = await detectQuoter(choice, deps)
    expect(quoter?.tee).toBe(tee)
    expect(report.platforms.map(({ name }) => name)).toEqual(['sev-snp', 'tdx', 'nitro'])
    expect(report.platforms.filter(({ available }) => available)).toHaveLength(tee === undefined ? 0 : 1)
    expect(deps.kernel.instances.size).toBe(0)
    await quoter?.close()
  })

  it.each<[string, FakeOptions, 'sev-snp' | 'tdx' | 'nitro', string]>([
    ['that there is nothing', NOTHING, 'sev-snp', 'no /dev/sev-guest; configfs is not mounted'],
    ['that the device alone does not do', { ...NOTHING, devices: ['/dev/sev-guest'] }, 'sev-snp', 'configfs-tsm alone'],
    ['the same of TDX', { ...NOTHING, devices: ['/dev/tdx_guest'] }, 'tdx', 'configfs-tsm alone'],
    ['that a paravisor is not supported', { ...NOTHING, devices: ['/dev/tpmrm0'], tpm: HCL }, 'tdx', 'paravisor'],
    ['that it may make no instance', { mkdirErrno: 'EACCES' }, 'sev-snp', 'run as root'],
    ['that no driver is loaded', { mkdirErrno: 'ENXIO' }, 'tdx', 'modprobe'],
    ['which other machine it is', { provider: 'sev_guest' }, 'tdx', 'SEV-SNP guest'],
    ['that there is no enclave', NOTHING, 'nitro', 'no Nitro Enclave'],
  ])('says %s', async (_, options, name, words) => {
    const { quoter, report } = await detectQuoter('auto', machine(options))
    expect(report.platforms.find((platform) => platform.name === name)?.why).toContain(words)
    await quoter?.close()
  })

  it('does not take a TPM for a paravisor', async () => {
    const { report } = await detectQuoter('auto', machine({ ...NOTHING, devices: ['/dev/tpmrm0'], tpm: NO_HCL }))
    expect(report.lookups.find(({ what }) => what.includes('tpm'))).toMatchObject({ found: false })
  })

  it('does not wait for a TPM that does not answer: the host decides when it does', async () => {
    const time = new ManualTime()
    const { kernel, ...deps } = machine({ provider: 'tdx_guest', devices: ['/dev/tpmrm0'] })
    const files = filesOf(kernel)
    files.hang('exchange', /tpmrm0$/)
    const detected = detectQuoter('auto', { ...deps, files, timers: time })
    while (time.armed === 0) await new Promise((resolve) => setImmediate(resolve))
    time.advance(10_000)
    const { quoter, report } = await detected
    expect(quoter?.tee).toBe('tdx')
    expect(files.abandoned()).toBe(1)
    expect(report.lookups.find(({ what }) => what.includes('tpm'))).toMatchObject({
      found: false,
      detail: expect.stringContaining('the TPM did not answer within 10 s'),
    })
    await quoter?.close()
  })

  it('lists everything that was looked for', async () => {
    const { report } = await detectQuoter('auto', machine(NOTHING))
    expect(report.lookups.map(({ what }) => what)).toEqual([
      '/dev/nsm',
      '/sys/kernel/config/tsm/report',
      'NV index 0x01400001 of /dev/tpmrm0',
      '/dev/sev-guest',
      '/dev/tdx_guest',
    ])
  })

  it('says what is missing where the module is there and the library is not', async () => {
    const deps = machine({ ...NOTHING, devices: ['/dev/nsm'] }, () => {
      throw new CountersignError('ERR_CONFIG', LIBRARY_MISSING)
    })
    const { quoter, report } = await detectQuoter('auto', deps)
    expect(quoter).toBeUndefined()
    expect(report.platforms[2]).toMatchObject({ available: false, why: expect.stringContaining('koffi') })
  })

  it('does not take a module whose registers no verifier knows', async () => {
    const nsm = new FakeNsm()
    nsm.digest = 'SHA512'
    const { quoter, report } = await detectQuoter(
      'auto',
      machine({ ...NOTHING, devices: ['/dev/nsm'] }, () => nsm),
    )
    expect(quoter).toBeUndefined()
    expect(nsm.abandoned).toBe(1)
    expect(report.platforms[2]).toMatchObject({ available: false, why: expect.stringContaining('SHA512') })
  })

  it.each<[string, FakeOptions, object]>([
    [
      'RTMR3 where the kernel offers it',
      { provider: 'tdx_guest', rtmr3: true },
      { register: 'RTMR3', available: true },
    ],
    ['that the kernel offers none', { provider: 'tdx_guest' }, { register: 'RTMR3', available: false }],
    ['HOST_DATA', { provider: 'sev_guest' }, { register: 'HOST_DATA', available: true }],
    ['PCR16', { devices: ['/dev/nsm'] }, { register: 'PCR16', available: true }],
    ['nothing', NOTHING, { register: 'none', available: false }],
  ])('names %s', async (_, options, runtime) => {
    const { quoter, report } = await detectQuoter('auto', machine(options))
    expect(report.runtime).toMatchObject(runtime)
    await quoter?.close()
  })
})
