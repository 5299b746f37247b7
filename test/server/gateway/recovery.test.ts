/** A host that puts an old copy of its disk back: the witnesses remember more, and the next log says what. */
import { afterEach, describe, expect, it } from 'vitest'
import { beginLineage, createFileStore, nodeProcess } from '../../../src/storage/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { startWitness, TOKEN } from '../../witness/witness-fixture.ts'
import { policyOf } from '../witnessing/loop-fixture.ts'
import { ask, type GatewayFixture, HOST, PLAIN_MODEL, startFixture } from './gateway-fixture.ts'

const PROCESS = { ...nodeProcess(), isAlive: async () => false }
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function startWitnessed(): Promise<{
  readonly files: MemoryFiles
  boot(disk: MemoryFiles): Promise<GatewayFixture>
}> {
  const witness = await startWitness({ now: () => new Date() })
  closing.push(() => witness.close())
  const witnesses = policyOf([witness], 1)
  const files = new MemoryFiles()
  await beginLineage(createFileStore('/data', files), { name: 'main', host: HOST })
  return {
    files,
    async boot(disk) {
      const deps = { store: createFileStore('/data', disk), process: PROCESS, witnesses, enrolmentToken: TOKEN }
      const fixture = await startFixture({ lineage: 'there', deps })
      closing.push(() => fixture.close())
      return fixture
    },
  }
}

const cosigned = ({ event, ...line }: { readonly event: string }): boolean =>
  event === 'witness' && 'detail' in line && String(line.detail).includes('cosigned')

async function genesisOf({ get, gateway }: GatewayFixture): Promise<{ readonly previous: object }> {
  return JSON.parse((await get(`/log/${gateway.log.id}/genesis`)).text)
}

describe('a boot that asks its witnesses', () => {
  it('[L12] names the checkpoint that they saw when the store is behind it, and says so', async () => {
    const { files, boot } = await startWitnessed()
    const first = await boot(files)
    const old = files.afterCrash(() => true, { names: 'all' })
    await first.chat(ask(PLAIN_MODEL))
    await first.line(cosigned)
    await first.stop()
    const second = await boot(old)
    const { previous } = await genesisOf(second)
    expect(previous).toMatchObject({ source: 'witness', origin: first.gateway.log.origin })
    const readiness = JSON.parse((await second.get('/readyz')).text)
    expect(readiness).toMatchObject({ ready: true, history: expect.stringContaining('STATE_ROLLBACK') })
  })

  it('continues what they saw when the store has it all', async () => {
    const { files, boot } = await startWitnessed()
    const first = await boot(files)
    await first.chat(ask(PLAIN_MODEL))
    await first.line(cosigned)
    await first.stop()
    const second = await boot(files)
    expect((await genesisOf(second)).previous).toMatchObject({ source: 'disk', origin: first.gateway.log.origin })
    expect(JSON.parse((await second.get('/readyz')).text)).toMatchObject({ ready: true, history: 'ok' })
  })
})
