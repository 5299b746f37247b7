import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeFolder, type GgufFile, type GgufValue, gguf, number, octets, text, texts } from './folder.ts'

const Q4_K = 12
const F32 = 0
const sha256 = (value: string | Uint8Array): string => `sha256:${createHash('sha256').update(value).digest('hex')}`

const TEMPLATE = '{% for m in messages %}{{ m.content }}{% endfor %}'
const VALUES = [
  ['general.architecture', text('llama')],
  ['general.type', text('model')],
  ['general.name', text('Small Llama')],
  ['general.file_type', number(15)],
  ['tokenizer.ggml.model', text('gpt2')],
  ['tokenizer.ggml.tokens', texts('a', 'b', 'ab')],
  ['tokenizer.ggml.precompiled_charsmap', octets(1, 2, 3)],
  ['tokenizer.chat_template', text(TEMPLATE)],
] as const
const TENSORS = [
  { name: 'token_embd.weight', shape: [256, 4], type: Q4_K },
  { name: 'output_norm.weight', shape: [256], type: F32 },
] as const

function changed(key: string, value: (typeof VALUES)[number][1]): Uint8Array {
  const values = VALUES.map(([k, v]) => [k, k === key ? value : v] as const)
  return gguf({ values, tensors: TENSORS })
}

async function described(file: GgufFile): ReturnType<typeof describeFolder> {
  return await describeFolder({ 'model.gguf': gguf(file) })
}

describe('what a GGUF file says', () => {
  test('name, architecture, quantisation, purpose, and the digest of the exact chat template', async () => {
    const model = await described({ values: VALUES, tensors: TENSORS })
    expect(model).toMatchObject({
      format: 'gguf',
      name: 'Small Llama',
      architecture: 'llama',
      quantisation: 'Q4_K_M',
      purpose: 'model',
      chatTemplate: { digest: sha256(TEMPLATE), size: TEMPLATE.length },
    })
  })

  test.each([2, 3])('version %d', async (version) => {
    expect((await described({ values: VALUES, tensors: TENSORS, version })).architecture).toBe('llama')
  })

  test('the type of most weights, where the file type says another', async () => {
    const values = VALUES.map(([k, v]) => [k, k === 'general.file_type' ? number(1) : v] as const)
    expect((await described({ values, tensors: TENSORS })).quantisation).toBe('Q4_K')
    expect((await described({ values, tensors: [{ ...TENSORS[0], type: 1 }] })).quantisation).toBe('F16')
    expect((await described({ values, tensors: [{ ...TENSORS[0], type: 99 }] })).quantisation).toBe('type 99')
  })

  test.each([
    ['tokenizer.ggml.tokens', texts('a', 'b', 'aB')],
    ['tokenizer.ggml.model', text('gpt3')],
    ['tokenizer.ggml.precompiled_charsmap', octets(1, 2, 4)],
  ])('%s changes the digest of the tokenizer and not that of the template', async (key, value) => {
    const before = await described({ values: VALUES, tensors: TENSORS })
    const after = await describeFolder({ 'model.gguf': changed(key, value) })
    expect(after.tokenizer?.digest).not.toBe(before.tokenizer?.digest)
    expect(after.chatTemplate).toEqual(before.chatTemplate)
  })

  test('the template changes its digest and not that of the tokenizer', async () => {
    const before = await described({ values: VALUES, tensors: TENSORS })
    const after = await describeFolder({ 'model.gguf': changed('tokenizer.chat_template', text(`${TEMPLATE} `)) })
    expect(after.chatTemplate?.digest).toBe(sha256(`${TEMPLATE} `))
    expect(after.tokenizer).toEqual(before.tokenizer)
  })

  test('the digest of a tokenizer is that of JCS of the digests of its values', async () => {
    const { tokenizer } = await described({ values: VALUES.slice(4, 5), tensors: TENSORS })
    const value = Buffer.concat([Buffer.from([8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('gpt2')])
    expect(tokenizer).toEqual({ digest: sha256(`{"tokenizer.ggml.model":"${sha256(value)}"}`), size: value.length })
  })

  test('octets that are no UTF-8 are told apart, and templates across the borders of 2 MB are digested whole', async () => {
    const [a, b] = [0xfe, 0xff].map((octet) => changed('tokenizer.ggml.tokens', texts(Buffer.from([octet]))))
    const [first, second] = [await describeFolder({ 'm.gguf': a ?? '' }), await describeFolder({ 'm.gguf': b ?? '' })]
    expect(first.tokenizer?.digest).not.toBe(second.tokenizer?.digest)
    const long = 'x'.repeat(5_000_000)
    const { chatTemplate } = await describeFolder({ 'm.gguf': changed('tokenizer.chat_template', text(long)) })
    expect(chatTemplate).toEqual({ digest: sha256(long), size: long.length })
  })
})

describe('models in several files', () => {
  const first = gguf({ values: VALUES })
  const second = gguf({ tensors: TENSORS })

  test('the first part holds the metadata, the others tensors', async () => {
    const parts = { 'm-00001-of-00002.gguf': first, 'm-00002-of-00002.gguf': second }
    expect(await describeFolder(parts)).toMatchObject({ name: 'Small Llama', quantisation: 'Q4_K_M', purpose: 'model' })
  })

  test('a missing part is refused', async () => {
    await expect(describeFolder({ 'm-00001-of-00002.gguf': first })).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  test('a projector beside the model is passed over; of two models nothing is told', async () => {
    const model = gguf({ values: VALUES, tensors: TENSORS })
    const projector = gguf({ values: [['general.architecture', text('clip')]], tensors: TENSORS })
    expect(await describeFolder({ 'm.gguf': model, 'mmproj.gguf': projector })).toMatchObject({ architecture: 'llama' })
    expect(await describeFolder({ 'm.gguf': model, 'n.gguf': model })).toEqual({ format: 'gguf', purpose: 'unknown' })
  })
})

describe('hostile GGUF files', () => {
  const whole = gguf({ values: VALUES, tensors: TENSORS }).subarray(0, -64)
  const huge = (count: bigint): Uint8Array => {
    const octets = Buffer.alloc(12)
    octets.writeUInt32LE(0, 0)
    octets.writeBigUInt64LE(count, 4)
    return octets
  }
  const nested = Buffer.alloc(24)
  nested.writeUInt32LE(9, 0)
  nested.writeBigUInt64LE(1n, 4)
  const million: GgufValue = [
    9,
    Buffer.concat([Buffer.alloc(4), huge(1_000_000n).subarray(4), Buffer.alloc(1_000_000)]),
  ]
  const FILES: readonly (readonly [string, Uint8Array])[] = [
    ['empty', new Uint8Array(0)],
    ['other magic', Buffer.concat([Buffer.from('GGML'), whole.subarray(4)])],
    ['version 1', gguf({ version: 1 })],
    ['version 4', gguf({ version: 4 })],
    ['big-endian', Buffer.concat([Buffer.from('GGUF'), Buffer.from([0, 0, 0, 3]), whole.subarray(8)])],
    ['2^63 values', gguf({ valueCount: 2n ** 63n })],
    ['more values than there are', gguf({ values: VALUES, valueCount: 4_000 })],
    ['2^63 tensors', gguf({ tensorCount: 2n ** 63n })],
    ['more tensors than there are', gguf({ tensors: TENSORS, tensorCount: 60_000 })],
    ['an array of 2^63', gguf({ values: [['a', [9, huge(2n ** 63n)]]] })],
    ['an array beyond the file', gguf({ values: [['a', [9, huge(900_000n)]]] })],
    ['five million values', gguf({ values: ['a', 'b', 'c', 'd', 'e'].map((key) => [key, million] as const) })],
    ['an array of arrays', gguf({ values: [['a', [9, nested]]] })],
    ['a string beyond the file', gguf({ values: [['a', [8, Buffer.from('ffffffffffffff7f', 'hex')]]] })],
    ['an unknown type', gguf({ values: [['a', [13, Buffer.alloc(8)]]] })],
    ['a key twice', gguf({ values: [...VALUES, ['general.name', text('Other')]], tensors: TENSORS })],
    ['a key of the prototype', gguf({ values: [['__proto__', text('x')]] })],
    ['a long key', gguf({ values: [['k'.repeat(2_000), text('x')]] })],
    ['nine dimensions', gguf({ tensors: [{ name: 't', shape: Array(9).fill(1), type: 0 }] })],
    ['a dimension of 2^63', gguf({ tensors: [{ name: 'secret-name', shape: [2n ** 63n], type: 0 }] })],
    ['an alignment of 0', gguf({ values: [['general.alignment', number(0)]], tensors: TENSORS })],
  ]

  test.each(FILES)('%s', async (_, octets) => {
    const error = await describeFolder({ 'model.gguf': octets }).catch((caught) => caught)
    expect(error).toMatchObject({ code: 'ERR_CONFIG', message: expect.stringMatching(/^model\.gguf cannot be read/) })
    expect(error.message.length).toBeLessThan(200)
    expect(error.message).not.toContain('secret-name')
    expect(error.cause).toBeUndefined()
  })

  test('cut off anywhere in its header', async () => {
    for (let size = 0; size < whole.length; size += 23) {
      await expect(describeFolder({ 'm.gguf': whole.subarray(0, size) }), `${size}`).rejects.toMatchObject({
        code: 'ERR_CONFIG',
      })
    }
  })

  test('with any octet altered: a description, or a refusal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, octet) => {
        const altered = Buffer.from(whole)
        altered[at] = octet
        const outcome = await describeFolder({ 'm.gguf': altered }).catch((error) => error)
        expect(outcome.format ?? outcome.code).toMatch(/^(gguf|ERR_CONFIG)$/)
      }),
      { numRuns: 60 },
    )
  })
})
