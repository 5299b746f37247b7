/** A folder with the files of a small model behind a local engine, and the gateway that measures it. @module */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { MeasuredConfig, ModelConfig, UpstreamConfig } from '../../../src/server/config/index.ts'
import { type FixtureOptions, type GatewayFixture, PLAIN_MODEL, startFixture } from '../gateway/gateway-fixture.ts'

/** One tensor of four octets. */
export function safetensors(octets: readonly [number, number, number, number]): Uint8Array {
  const header = Buffer.from('{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}')
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([size, header, Uint8Array.from(octets)])
}

export const CHAT_TEMPLATE = '{% for m in messages %}{{ m.content }}{% endfor %}'
export const TOKENIZER = '{"version":"1.0"}'

/** What lies in a folder unless a test says otherwise. */
const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'config.json': '{"model_type":"llama","architectures":["LlamaForCausalLM"]}',
  'model.safetensors': safetensors([1, 2, 3, 4]),
  'tokenizer.json': TOKENIZER,
  'tokenizer_config.json': JSON.stringify({ chat_template: CHAT_TEMPLATE }),
}

export async function modelFolder(change: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-weights-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  for (const [name, content] of Object.entries({ ...FILES, ...change })) await writeFile(join(directory, name), content)
  return directory
}

/** The plain model of the fixture, served from a measured folder. */
export function measuring(
  weights: NonNullable<ModelConfig['weights']>,
  upstream: Partial<Extract<UpstreamConfig, { kind: 'http' }>> = {},
): (measured: MeasuredConfig) => MeasuredConfig {
  return (measured) => ({
    ...measured,
    models: measured.models.map((model) => (model.id === PLAIN_MODEL ? { ...model, weights } : model)),
    upstreams: Object.fromEntries(
      Object.entries(measured.upstreams).map(([name, made]) => [
        name,
        made.kind === 'http' ? { ...made, ...upstream } : made,
      ]),
    ),
  })
}

/** Closed when the test is over. */
export async function startMeasuring(directory: string, options: FixtureOptions = {}): Promise<GatewayFixture> {
  const fixture = await startFixture({ measured: measuring({ directory }), ...options })
  onTestFinished(() => fixture.close())
  return fixture
}
