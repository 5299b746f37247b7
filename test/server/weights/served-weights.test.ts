/** When measured weights count as changed, and when a measurement does not count at all. */
import { writeFileSync } from 'node:fs'
import { chmod, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { measureWeights } from '../../../src/server/weights/measure-weights.ts'
import type { ServedWeights } from '../../../src/server/weights/served-weights.ts'
import { modelFolder } from './model-folder.ts'

async function measured(directory: string, monotonicMs: () => number = () => 0): Promise<ServedWeights> {
  const model = { id: 'm', upstream: 'u', name: 'm', digest: 'none', weights: { directory } }
  const found = (await measureWeights([model], { monotonicMs, tell: () => {} })).get('m')
  if (found === undefined) throw new Error('the model has weights')
  return found.weights
}

describe('measured weights', () => {
  it('are as they were while nobody touches them', async () => {
    const weights = await measured(await modelFolder())
    expect(await weights.look()).toBeUndefined()
    expect(weights.change).toBeUndefined()
  })

  it('are changed by an executable bit', async () => {
    const directory = await modelFolder()
    const weights = await measured(directory)
    await chmod(join(directory, 'config.json'), 0o755)
    expect(await weights.look()).toBe('config.json was changed')
  })

  it('are never taken back once a file differed, though all is as before: somebody may have read it', async () => {
    const directory = await modelFolder()
    const weights = await measured(directory)
    await writeFile(join(directory, 'adapter_model.safetensors'), '')
    expect(await weights.look()).toBe('adapter_model.safetensors was added')
    await rm(join(directory, 'adapter_model.safetensors'))
    expect(await weights.look()).toBe('adapter_model.safetensors was added')
  })

  it('are not vouched for while the folder cannot be read, and again when it is there as it was', async () => {
    const directory = await modelFolder()
    const weights = await measured(directory)
    await rename(directory, `${directory}-away`)
    expect(await weights.look()).toContain('cannot be read')
    await rename(`${directory}-away`, directory)
    expect(await weights.look()).toBeUndefined()
  })

  it('do not count when a file comes in while they are measured', async () => {
    const directory = await modelFolder()
    // Asked for the first time before anything is read, then after each portion.
    let calls = 0
    const monotonicMs = (): number => {
      calls += 1
      if (calls === 2) writeFileSync(join(directory, 'zzz.bin'), 'late')
      return 0
    }
    await expect(measured(directory, monotonicMs)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringMatching(/zzz[.]bin .*while/) }),
    )
  })
})
