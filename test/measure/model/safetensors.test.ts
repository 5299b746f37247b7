import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { measureFolder } from '../../../src/measure/index.ts'
import { describeModel } from '../../../src/measure/model/index.ts'
import { describeFolder, folderOf, safetensors, safetensorsOf } from './folder.ts'

const sha256 = (value: string): string => `sha256:${createHash('sha256').update(value).digest('hex')}`

const CONFIG = { _name_or_path: 'example/small', architectures: ['LlamaForCausalLM'], model_type: 'llama' }
const WEIGHTS = safetensors(['model.embed_tokens.weight', 'BF16', 64], ['model.norm.weight', 'F32', 8])
const FOLDER = {
  'model.safetensors': WEIGHTS,
  'config.json': JSON.stringify(CONFIG),
  'tokenizer.json': '{"version":"1.0"}',
  'tokenizer_config.json': '{"model_max_length":1000000000000000019884624838656,"chat_template":"{{ messages }}é"}',
}

describe('what a folder of safetensors says', () => {
  test('name, architecture, the type of most octets, and the digests of template and tokenizer', async () => {
    expect(await describeFolder(FOLDER)).toEqual({
      format: 'safetensors',
      name: 'example/small',
      architecture: 'LlamaForCausalLM',
      quantisation: 'BF16',
      purpose: 'model',
      chatTemplate: { digest: sha256('{{ messages }}é'), size: 16 },
      tokenizer: { digest: sha256('{"version":"1.0"}'), size: 17 },
    })
  })

  test('a template in a file of its own comes before the one in the configuration', async () => {
    const model = await describeFolder({ ...FOLDER, 'chat_template.jinja': '{{ own }}' })
    expect(model.chatTemplate).toEqual({ digest: sha256('{{ own }}'), size: 9 })
  })

  test.each([
    [{ quant_method: 'gptq', bits: 4 }, 'gptq 4 bit'],
    [{ quant_method: 'bitsandbytes', load_in_4bit: true }, 'bitsandbytes 4 bit'],
    [{ quant_method: 'fp8' }, 'fp8'],
  ])('the method of quantisation %j', async (quantization_config, shown) => {
    const config = JSON.stringify({ ...CONFIG, quantization_config })
    expect((await describeFolder({ ...FOLDER, 'config.json': config })).quantisation).toBe(shown)
  })

  test('tensors of all files are counted', async () => {
    const more = safetensors(['model.layers.0.weight', 'I8', 4_096])
    expect((await describeFolder({ ...FOLDER, 'more.safetensors': more })).quantisation).toBe('I8')
  })

  test('the embedded model of this project', async () => {
    const directory = fileURLToPath(new URL('../../../model/', import.meta.url))
    const { files } = await measureFolder(directory)
    expect(await describeModel(directory, files)).toMatchObject({
      format: 'safetensors',
      name: 'countersign-demo-2m',
      architecture: 'countersign',
      quantisation: 'I8',
      purpose: 'model',
      tokenizer: { digest: files.find(({ name }) => name === 'tokenizer.json')?.digest },
      chatTemplate: { digest: files.find(({ name }) => name === 'chat_template.jinja')?.digest },
    })
  })

  test('nothing, where there are no weights or weights in two formats', async () => {
    const unknown = { format: 'unknown', purpose: 'unknown' }
    expect(await describeFolder({ 'README.md': 'x' })).toEqual(unknown)
    expect(await describeFolder({ ...FOLDER, 'model.gguf': 'GGUF' })).toEqual(unknown)
  })
})

describe('hostile safetensors folders', () => {
  const slot = (begin: number, end: number): object => ({ dtype: 'F32', shape: [1], data_offsets: [begin, end] })
  const headed = (header: object, size: number): object => ({
    'model.safetensors': safetensorsOf(JSON.stringify(header), size),
  })
  const CASES: readonly (readonly [string, object])[] = [
    ['an empty file', { 'model.safetensors': '' }],
    ['a header of 2^63 octets', { 'model.safetensors': Buffer.from('000000000000008000', 'hex') }],
    ['a header of 64 MB', { 'model.safetensors': Buffer.from('00000004000000007b7d', 'hex') }],
    ['a header beyond the file', { 'model.safetensors': WEIGHTS.subarray(0, 20) }],
    ['data cut off', { 'model.safetensors': WEIGHTS.subarray(0, -1) }],
    ['octets after the data', { 'model.safetensors': Buffer.concat([WEIGHTS, Buffer.from([0])]) }],
    ['a header that is no object', headed([], 0)],
    ['a tensor twice', { 'model.safetensors': safetensorsOf('{"a":{},"a":{}}', 0) }],
    ['a gap', headed({ a: slot(0, 4), b: slot(8, 12) }, 12)],
    ['an overlap', headed({ a: slot(0, 8), b: slot(4, 12) }, 12)],
    ['offsets out of order', headed({ a: slot(4, 0) }, 4)],
    ['three offsets', headed({ a: { ...slot(0, 4), data_offsets: [0, 4, 4] } }, 4)],
    ['an unknown member', headed({ a: { ...slot(0, 4), more: 1 } }, 4)],
    ['a type that is no name', headed({ a: { ...slot(0, 4), dtype: '\u001b[2J' } }, 4)],
    ['a configuration that is no JSON', { 'config.json': '{' }],
    ['a configuration that is no object', { 'config.json': '[]' }],
    ['a configuration that is no UTF-8', { 'config.json': Buffer.from([0x22, 0xff, 0x22]) }],
    ['a configuration of 17 MB', { 'config.json': `"${' '.repeat(17 * 1024 * 1024)}"` }],
    ['a template with half a character', { 'tokenizer_config.json': '{"chat_template":"\\ud800"}' }],
  ]

  test.each(CASES)('%s', async (_, contents) => {
    const error = await describeFolder({ ...FOLDER, ...contents }).catch((caught) => caught)
    expect(error).toMatchObject({ code: 'ERR_CONFIG' })
    expect(error.message.length).toBeLessThan(200)
    expect(error.cause).toBeUndefined()
  })

  test('a deep configuration is read', async () => {
    const deep = `{"model_type":"x","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect((await describeFolder({ ...FOLDER, 'config.json': deep })).architecture).toBe('x')
  })

  test.each(['config.json', 'model.safetensors'])('%s changed since it was measured', async (name) => {
    const directory = await folderOf(FOLDER)
    const { files } = await measureFolder(directory)
    const altered = { 'config.json': FOLDER['config.json'].replace('llama', 'lLama'), 'model.safetensors': 'short' }
    await writeFile(`${directory}/${name}`, altered[name === 'config.json' ? name : 'model.safetensors'])
    await expect(describeModel(directory, files)).rejects.toMatchObject({ code: 'ERR_STATE' })
  })

  test('with any octet altered: a description, or a refusal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(WEIGHTS.length - 1), fc.nat(255), async (at, octet) => {
        const altered = Buffer.from(WEIGHTS)
        altered[at] = octet
        const outcome = await describeFolder({ ...FOLDER, 'model.safetensors': altered }).catch((error) => error)
        expect(outcome.format ?? outcome.code).toMatch(/^(safetensors|ERR_CONFIG)$/)
      }),
      { numRuns: 60 },
    )
  })
})
