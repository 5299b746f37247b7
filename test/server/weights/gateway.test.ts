/** A gateway that measures what its local model server is about to serve, with swaps planted before boot and while it runs. */
import { rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sha256 } from '../../../src/core/crypto/index.ts'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeJcs } from '../../../src/core/encoding/jcs.ts'
import type { ResourceDescriptor } from '../../../src/core/evidence/resource-descriptor.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { upstreamAssumptions } from '../../../src/core/receipt/upstream-assumptions.ts'
import { measureFolder } from '../../../src/measure/index.ts'
import type { MeasuredConfig } from '../../../src/server/config/index.ts'
import type { Timers } from '../../../src/server/deps.ts'
import {
  ask,
  attest,
  decodedReceiptOf,
  type GatewayFixture,
  PLAIN_MODEL,
  ridOf,
  SPLICED_MODEL,
  startFixture,
  verifySigned,
} from '../gateway/gateway-fixture.ts'
import { ManualTime } from '../gateway/manual-time.ts'
import { CHAT_TEMPLATE, measuring, modelFolder, safetensors, startMeasuring, TOKENIZER } from './model-folder.ts'

async function modelsOf(fixture: GatewayFixture): Promise<readonly ResourceDescriptor[]> {
  const { session } = await attest(fixture)
  return session.dependencies.filter(({ annotations }) => annotations.role === 'model')
}

const PACE_MS = 10_000

describe('weights of a local model server', () => {
  it('stand in session and receipt by their root, measured by the gateway', async () => {
    const directory = await modelFolder()
    const { root } = await measureFolder(directory)
    const fixture = await startMeasuring(directory)
    const request = ask(PLAIN_MODEL)
    const reply = await fixture.chat(request)
    expect(decodedReceiptOf(reply).claims.model).toEqual({ name: PLAIN_MODEL, digest: root })
    expect(await modelsOf(fixture)).toEqual([
      {
        name: PLAIN_MODEL,
        digest: { sha256: root.slice('sha256:'.length) },
        annotations: { scheme: 'oms-v1', role: 'model', source: 'gateway' },
      },
    ])
    const { claims } = await verifySigned(fixture, { request, reply })
    expect(upstreamAssumptions(claims, (await attest(fixture)).session)).toContain(
      'The weights were measured where they lie: that the model server loaded them is the word of the operator.',
    )
    expect(await fixture.line(({ event }) => event === 'weights')).toMatchObject({
      detail: `${directory}: ${root}, 4 files`,
    })
  })

  it.each([
    ['tensors', { 'model.safetensors': safetensors([1, 2, 3, 5]) }],
    ['tokenizer', { 'tokenizer.json': '{"version":"1.1"}' }],
    ['chat template', { 'tokenizer_config.json': '{"chat_template":"{{ messages }}"}' }],
  ])('[R9] that were swapped before boot, %s under the same name, are refused by the lock', async (_, swap) => {
    const directory = await modelFolder()
    const before = await startMeasuring(directory)
    const [measuredBefore] = await modelsOf(before)
    await before.stop()
    for (const [name, content] of Object.entries(swap)) await writeFile(join(directory, name), content)
    const after = await startMeasuring(directory, { dataDir: before.dataDir })
    expect((await modelsOf(after))[0]?.digest).not.toEqual(measuredBefore?.digest)
    const request = ask(PLAIN_MODEL)
    const reply = await after.chat(request)
    // Same code, same configuration: the row of the lock differs in the weights alone.
    const pinned = before.trust.lock?.rows[0]?.models ?? []
    const lock = after.trust.lock
    if (lock === undefined) throw new Error('the fixture locks its models')
    const trust = { ...after.trust, lock: { ...lock, rows: lock.rows.map((row) => ({ ...row, models: pinned })) } }
    await expect(verifySigned({ ...after, trust }, { request, reply })).rejects.toThrow(/MODEL_MISMATCH/)
  })

  it('[R10] come to another root when a file is renamed', async () => {
    const directory = await modelFolder()
    const { root } = await measureFolder(directory)
    await rename(join(directory, 'tokenizer.json'), join(directory, 'tokenizer2.json'))
    await expect(startFixture({ measured: measuring({ directory, root }) })).rejects.toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: expect.stringContaining('ARTIFACT_DIGEST_MISMATCH'),
      }),
    )
  })

  it('that are not what the configuration pins refuse the boot', async () => {
    const directory = await modelFolder()
    const { root } = await measureFolder(directory)
    const pinned = measuring({ directory, root })
    const fixture = await startFixture({ measured: pinned })
    await fixture.close()
    await writeFile(join(directory, 'model.safetensors'), safetensors([1, 2, 3, 5]))
    await expect(startFixture({ measured: pinned })).rejects.toThrow(`weights.root is ${root}`)
  })

  it.each([
    ['an adapter', { 'adapter_config.json': '{"peft_type":"LORA"}' }, 'adapter'],
    ['a draft', { 'config.json': '{"architectures":["EagleLlamaForCausalLM"]}' }, 'draft'],
  ])('[R11] that are those of %s in place of the model refuse the boot', async (_, swap, purpose) => {
    const directory = await modelFolder(swap)
    await expect(startFixture({ measured: measuring({ directory }) })).rejects.toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: expect.stringMatching(new RegExp(`ARTIFACT_PURPOSE.*${purpose}`)),
      }),
    )
  })

  it('of a format that nobody knows are served by their root alone', async () => {
    const directory = await modelFolder()
    await rm(join(directory, 'model.safetensors'))
    await writeFile(join(directory, 'pytorch_model.bin'), 'octets')
    const fixture = await startMeasuring(directory)
    const { root } = await measureFolder(directory)
    expect(decodedReceiptOf(await fixture.chat(ask(PLAIN_MODEL))).claims.model.digest).toBe(root)
  })

  it('bring their chat template and tokenizer into receipts, as in the measured files', async () => {
    const fixture = await startMeasuring(await modelFolder())
    const reply = await fixture.chat(ask(PLAIN_MODEL))
    const { dependencies } = decodeReceipt((await fixture.get(`/v1/receipts/${ridOf(reply)}`)).text).disclosed
    const described = (role: string, name: string, content: string): object => ({
      name,
      digest: { sha256: encodeHex(sha256(new TextEncoder().encode(content))) },
      annotations: { scheme: 'raw', role, source: 'gateway' },
    })
    expect(dependencies?.['chat-template']).toEqual([
      described('chat-template', 'chat template as in the measured files', CHAT_TEMPLATE),
    ])
    expect(dependencies?.tokenizer).toEqual([described('tokenizer', 'tokenizer as in the measured files', TOKENIZER)])
    const completion = await fixture.post('/v1/completions', JSON.stringify({ model: PLAIN_MODEL, prompt: 'x' }))
    const fetched = await fixture.get(`/v1/receipts/${ridOf(completion)}`)
    expect(decodeReceipt(fetched.text).disclosed.dependencies).toMatchObject({ 'chat-template': 'none' })
    const other = await fixture.chat(ask(SPLICED_MODEL))
    const unmeasured = decodeReceipt((await fixture.get(`/v1/receipts/${ridOf(other)}`)).text)
    expect(unmeasured.disclosed.dependencies).toMatchObject({ 'chat-template': 'none', tokenizer: 'none' })
  })

  it('that are not there refuse the boot, naming the model', async () => {
    const directory = await modelFolder()
    await rm(directory, { recursive: true })
    await expect(startFixture({ measured: measuring({ directory }) })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringContaining(`weights of ${PLAIN_MODEL}`) }),
    )
  })
})

describe('an engine that the operator names', () => {
  const engine = { name: 'vllm', version: '0.9.1', determinism: 'batch-invariant' } as const
  const named = (measured: MeasuredConfig): MeasuredConfig => ({
    ...measured,
    upstreams: Object.fromEntries(
      Object.entries(measured.upstreams).map(([key, upstream]) => [
        key,
        upstream.kind === 'http' ? { ...upstream, engine } : upstream,
      ]),
    ),
  })

  it("stands in receipts, and in the session as the operator's word", async () => {
    const fixture = await startFixture({ measured: named })
    onTestFinished(() => fixture.close())
    const request = ask(PLAIN_MODEL)
    const { claims } = await verifySigned(fixture, { request, reply: await fixture.chat(request) })
    expect(claims.engine).toEqual({ ...engine, flags: 'none' })
    const { session } = await attest(fixture)
    expect(session.dependencies.filter(({ annotations }) => annotations.role === 'engine')).toEqual([
      {
        name: 'vllm 0.9.1',
        digest: { sha256: encodeHex(sha256(encodeJcs(engine))) },
        annotations: { scheme: 'jcs', role: 'engine', source: 'operator' },
      },
    ])
    expect(upstreamAssumptions(claims, session)).toEqual([
      'The local model server is trusted as part of the measured machine.',
      'Name, version and determinism of the engine are the word of the operator.',
    ])
  })

  it('is not known where nobody names it', async () => {
    const fixture = await startFixture()
    onTestFinished(() => fixture.close())
    const { claims } = decodedReceiptOf(await fixture.chat(ask(PLAIN_MODEL)))
    expect(claims.engine).toMatchObject({ version: 'unknown', determinism: 'best-effort' })
  })
})

describe('weights that change on disk', () => {
  interface Watched {
    readonly fixture: GatewayFixture
    readonly directory: string
    /** Lets the pace come round, and waits until the change is told. */
    readonly look: () => Promise<void>
  }

  async function startWatched(): Promise<Watched> {
    const directory = await modelFolder()
    const paced = new ManualTime()
    // Only what waits for the pace is held; all other timers run by themselves.
    const after: Timers['after'] = (ms, run) => {
      if (ms === PACE_MS) return paced.after(ms, run)
      const timer = setTimeout(run, ms)
      return () => clearTimeout(timer)
    }
    const fixture = await startMeasuring(directory, { deps: { timers: { after } } })
    await fixture.line(({ event }) => event === 'weights')
    return {
      fixture,
      directory,
      look: async () => {
        paced.advance(PACE_MS)
        await fixture.line((line) => line.event === 'weights' && line.detail.includes('changed on disk'))
      },
    }
  }

  it.each([
    [
      'another content of the same size, with its old time',
      async (directory: string): Promise<void> => {
        const path = join(directory, 'model.safetensors')
        await writeFile(path, safetensors([9, 9, 9, 9]))
        await utimes(path, new Date(0), new Date(0))
      },
      'model.safetensors was changed',
    ],
    [
      'a file that is put in its place',
      async (directory: string): Promise<void> => {
        await writeFile(join(directory, '..', 'swap'), safetensors([1, 2, 3, 4]))
        await rename(join(directory, '..', 'swap'), join(directory, 'model.safetensors'))
      },
      'model.safetensors was changed',
    ],
    [
      'a file that is added',
      (directory: string): Promise<void> => writeFile(join(directory, 'adapter_model.safetensors'), ''),
      'adapter_model.safetensors was added',
    ],
    ['a file that is removed', (directory: string): Promise<void> => rm(join(directory, 'config.json')), 'is gone'],
  ])('by %s are not served any more: 503, with a receipt', async (_, swap, what) => {
    const { fixture, directory, look } = await startWatched()
    expect((await fixture.chat(ask(PLAIN_MODEL))).status).toBe(200)
    await swap(directory)
    await look()
    const reply = await fixture.chat(ask(PLAIN_MODEL))
    expect(reply.status).toBe(503)
    expect(JSON.parse(reply.text).error).toMatchObject({ code: 'weights_changed', param: 'model' })
    expect(reply.headers['x-should-retry']).toBe('false')
    const { claims } = decodedReceiptOf(reply)
    expect(claims).toMatchObject({ outcome: 'refused', model: { name: PLAIN_MODEL, digest: 'none' } })
    expect(fixture.mock.received.filter(({ method }) => method === 'POST')).toHaveLength(1)
    expect(fixture.lines.filter(({ event }) => event === 'weights').at(-1)).toMatchObject({
      detail: expect.stringContaining(what),
    })
    // Models of other folders are served on.
    expect((await fixture.chat(ask(SPLICED_MODEL))).status).toBe(200)
    expect(JSON.parse((await fixture.get('/readyz')).text)).toMatchObject({
      ready: false,
      upstreams: 'weights changed on disk',
    })
  })

  it('stay refused when the old content comes back', async () => {
    const { fixture, directory, look } = await startWatched()
    await writeFile(join(directory, 'model.safetensors'), safetensors([9, 9, 9, 9]))
    await look()
    await writeFile(join(directory, 'model.safetensors'), safetensors([1, 2, 3, 4]))
    await fixture.gateway.changeEpoch()
    expect((await fixture.chat(ask(PLAIN_MODEL))).status).toBe(503)
  })

  it('are found before an epoch, and its session names them no more', async () => {
    const { fixture, directory } = await startWatched()
    await writeFile(join(directory, 'model.safetensors'), safetensors([9, 9, 9, 9]))
    await fixture.gateway.changeEpoch()
    expect(await modelsOf(fixture)).toEqual([])
    expect((await fixture.chat(ask(PLAIN_MODEL))).status).toBe(503)
  })
})
