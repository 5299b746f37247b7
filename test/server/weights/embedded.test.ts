/** The embedded model from a measured folder: what runs is what was measured. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { measureFolder } from '../../../src/measure/index.ts'
import { createDefaultConfig, EMBEDDED_MODEL_ID, type MeasuredConfig } from '../../../src/server/config/index.ts'
import { createUpstreams, type UpstreamSet } from '../../../src/server/index.ts'
import { EMBEDDED_MODEL_DIRECTORY, loadEmbeddedModel } from '../../../src/server/upstream/embedded-model.ts'
import type { UpstreamDeps } from '../../../src/server/upstream/index.ts'

const FILES = ['config.json', 'model.safetensors', 'tokenizer.json', 'chat_template.jinja'] as const

async function copyOfModel(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-embedded-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  for (const name of FILES) await cp(join(EMBEDDED_MODEL_DIRECTORY, name), join(directory, name))
  return directory
}

async function serve(directories: readonly string[], deps: Partial<UpstreamDeps> = {}): Promise<UpstreamSet> {
  const { measured } = createDefaultConfig()
  const models = directories.map((directory, i) => ({
    id: `m${i}`,
    upstream: 'embedded',
    name: EMBEDDED_MODEL_ID,
    digest: 'none',
    weights: { directory },
  }))
  const config: MeasuredConfig = { ...measured, models: [...measured.models, ...models] }
  const upstreams = await createUpstreams(config, {
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    random: (size) => new Uint8Array(size),
    env: {},
    ...deps,
  })
  onTestFinished(() => upstreams.close())
  return upstreams
}

describe('an embedded model with weights to measure', () => {
  it('is named by the root of its folder; without them by its tensors, as ever', async () => {
    const directory = await copyOfModel()
    const { root, files } = await measureFolder(directory)
    const upstreams = await serve([directory])
    expect(upstreams.models().map(({ claim }) => claim.digest)).toEqual([
      files.find(({ name }) => name === 'model.safetensors')?.digest,
      root,
    ])
    expect(upstreams.models().map(({ weights }) => weights?.directory)).toEqual([undefined, directory])
  })

  it('[R9] is another one when its template was swapped, the tensors being the same', async () => {
    const [directory, swapped] = [await copyOfModel(), await copyOfModel()]
    await writeFile(join(swapped, 'chat_template.jinja'), 'another')
    const [, first, second] = (await serve([directory, swapped])).models()
    expect(first?.claim.name).toBe(second?.claim.name)
    expect(first?.claim.digest).not.toBe(second?.claim.digest)
  })

  it('is not loaded from files that were swapped behind the measurement', async () => {
    const directory = await copyOfModel()
    const measured = await measureFolder(directory)
    await expect(loadEmbeddedModel(directory, measured)).resolves.toMatchObject({ digest: measured.root })
    const path = join(directory, 'tokenizer.json')
    await writeFile(path, `${await readFile(path, 'utf8')} `)
    await expect(loadEmbeddedModel(directory, measured)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringContaining('tokenizer.json changed after') }),
    )
  })

  it('measures a folder that two models share once, and tells how it goes', async () => {
    const directory = await copyOfModel()
    const { root } = await measureFolder(directory)
    const lines: string[] = []
    await serve([directory, join(directory, '.')], { tell: (line) => lines.push(line) })
    expect(lines).toHaveLength(2)
    expect(lines[0]).toBe(`measuring the weights in ${directory}`)
    expect(lines[1]).toContain(`${root}, 4 files`)
  })

  it('tells how far a large folder is, now and then', async () => {
    const lines: string[] = []
    let nowMs = 0
    const clock = {
      now: () => new Date(),
      monotonicMs: () => {
        nowMs += 6_000
        return nowMs
      },
    }
    await serve([await copyOfModel()], { clock, tell: (line) => lines.push(line) })
    expect(lines.filter((line) => / of [0-9.]+ GiB$/.test(line)).length).toBeGreaterThan(0)
  })
})
