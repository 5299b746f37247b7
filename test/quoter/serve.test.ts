/** A gateway on what its kernel calls hardware: it listens, and signs nothing over evidence that no vendor vouches for. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startHardwareGateway } from '../../src/cli/hardware-gateway.ts'
import { type MachineDeps, systemTimers } from '../../src/quoter/index.ts'
import { createDefaultConfig, type GatewayConfig } from '../../src/server/config/index.ts'
import { createSimulatedTdx } from '../../src/simulator/index.ts'
import { recordIo } from '../cli/log/history-folder.ts'
import { call } from '../server/gateway/http-client.ts'
import { FakeKernel, filesOf } from './fake-kernel.ts'

const tdx = createSimulatedTdx({ latencyMs: 0 })
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-hardware-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function setting(): { readonly config: GatewayConfig; readonly kernel: FakeKernel } {
  const env = { COUNTERSIGN_LISTEN_PORT: '0', COUNTERSIGN_DATA_DIR: folder, COUNTERSIGN_LOG: 'none' }
  const config = createDefaultConfig({ env })
  const answer = (inblob: Uint8Array): Uint8Array => tdx.quote(inblob)
  const kernel = new FakeKernel({ provider: 'tdx_guest', answer })
  return { config: { ...config, operational: { ...config.operational, collateral: 'none' } }, kernel }
}

const machineOf = (kernel: FakeKernel): MachineDeps => ({
  files: filesOf(kernel),
  openNsm: () => {
    throw new Error('there is no module')
  },
  timers: systemTimers,
  process: { pid: 1, isAlive: () => true },
})

describe('serve on hardware', () => {
  it('says which device it asks, does not answer over simulated evidence, and lets go of the device at the end', async () => {
    const { config, kernel } = setting()
    const { io, err } = recordIo(new Date())
    const { gateway, url } = await startHardwareGateway(
      { config, lineage: 'begin', enrolmentToken: 'none', machine: machineOf(kernel) },
      io,
    )
    expect(err()).toContain('quotes of tdx: configfs-tsm answers')
    expect(err()).toContain('RTMR3 cannot carry the configuration: this kernel offers no RTMR3')
    const body = JSON.stringify({ model: config.measured.models[0]?.id, messages: [{ role: 'user', content: 'Hi' }] })
    const headers = { 'content-type': 'application/json' }
    const { status } = await call(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
    expect(status).toBe(503)
    expect(gateway.evidence()).toBeUndefined()
    await gateway.close()
    expect(await gateway.ended).toBeUndefined()
    await new Promise((resolve) => setImmediate(resolve))
    expect(kernel.instances.size).toBe(0)
  })

  it('leaves nothing at work behind where its port is taken', async () => {
    const { config, kernel } = setting()
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    const onPort = (to: number): GatewayConfig => ({
      ...config,
      operational: { ...config.operational, listen: { host: '127.0.0.1', port: to } },
    })
    const start = (to: number, lineage: 'begin' | 'continue'): ReturnType<typeof startHardwareGateway> =>
      startHardwareGateway(
        { config: onPort(to), lineage, enrolmentToken: 'none', machine: machineOf(kernel) },
        recordIo(new Date()).io,
      )
    await expect(start(port, 'begin')).rejects.toThrow(/port \d+ is in use/)
    expect(kernel.instances.size).toBe(0)
    taken.close()
    // The history is free again: a gateway that went on would hold it.
    const { gateway } = await start(0, 'continue')
    await gateway.close()
  })

  it('begins no history by itself', async () => {
    const { config, kernel } = setting()
    const starting = startHardwareGateway(
      { config, lineage: 'continue', enrolmentToken: 'none', machine: machineOf(kernel) },
      recordIo(new Date()).io,
    )
    await expect(starting).rejects.toMatchObject({ code: 'ERR_CONFIG' })
    expect(kernel.instances.size).toBe(0)
  })
})
