import { describe, expect, test } from 'vitest'
import { checkPurpose, type ModelPurpose } from '../../../src/measure/model/index.ts'
import { describeFolder, type GgufValue, gguf, safetensors, text } from './folder.ts'

const LLAMA = ['general.architecture', text('llama')] as const
const WEIGHT = { name: 'blk.0.attn_q.weight', shape: [32], type: 0 } as const

function ggufFolder(values: readonly (readonly [string, GgufValue])[], tensor: string = WEIGHT.name): object {
  return { 'model.gguf': gguf({ values, tensors: [{ ...WEIGHT, name: tensor }] }) }
}

function hubFolder(config: object, tensor = 'model.layers.0.weight'): object {
  return { 'model.safetensors': safetensors([tensor, 'F16', 8]), 'config.json': JSON.stringify(config) }
}

const BASE = { architectures: ['LlamaForCausalLM'], model_type: 'llama' }
const FOLDERS: readonly (readonly [ModelPurpose, string, object])[] = [
  ['model', 'GGUF', ggufFolder([LLAMA, ['general.type', text('model')]])],
  ['model', 'GGUF without a type', ggufFolder([LLAMA])],
  ['adapter', 'GGUF by its type', ggufFolder([LLAMA, ['general.type', text('adapter')]])],
  ['adapter', 'GGUF by the type of adapter', ggufFolder([LLAMA, ['adapter.type', text('lora')]])],
  [
    'adapter',
    'GGUF that calls itself a model, by its tensors',
    ggufFolder([LLAMA, ['general.type', text('model')]], `${WEIGHT.name}.lora_a`),
  ],
  ['projector', 'GGUF by its type', ggufFolder([LLAMA, ['general.type', text('mmproj')]])],
  ['projector', 'GGUF by its architecture', ggufFolder([['general.architecture', text('clip')]])],
  ['draft', 'GGUF', ggufFolder([['general.architecture', text('eagle3')]])],
  ['unknown', 'GGUF of another type', ggufFolder([LLAMA, ['general.type', text('imatrix')]])],
  ['unknown', 'GGUF without architecture', ggufFolder([])],
  ['unknown', 'GGUF with a vocabulary alone', { 'model.gguf': gguf({ values: [LLAMA] }) }],
  ['model', 'safetensors', hubFolder(BASE)],
  ['model', 'safetensors of a vision model named Eagle', hubFolder({ model_type: 'eagle_2_5_vl' })],
  [
    'adapter',
    'safetensors by its configuration',
    { ...hubFolder(BASE), 'adapter_config.json': '{"peft_type":"LORA"}' },
  ],
  ['adapter', 'safetensors by its tensors', hubFolder(BASE, 'base_model.model.q_proj.lora_A.weight')],
  ['draft', 'safetensors of EAGLE', hubFolder({ architectures: ['LlamaForCausalLMEagle3'] })],
  ['draft', 'safetensors of Medusa', hubFolder({ model_type: 'medusa' })],
  ['draft', 'safetensors of multi-token prediction', hubFolder({ architectures: ['Qwen3NextMTP'] })],
  ['draft', 'safetensors of a speculator', hubFolder({ ...BASE, speculators_config: {} })],
  ['projector', 'safetensors', hubFolder(BASE, 'multi_modal_projector.linear_1.weight')],
  ['unknown', 'safetensors without a configuration', hubFolder({})],
]
const PURPOSES = ['model', 'adapter', 'draft', 'projector'] as const

describe('purposes', () => {
  test.each(FOLDERS)('[R11] %s: %s; refused in place of each other purpose', async (purpose, _, folder) => {
    const description = await describeFolder({ ...folder })
    expect(description.purpose).toBe(purpose)
    for (const wanted of PURPOSES) {
      const verdict = await checkPurpose(description, wanted)
      if (wanted === purpose) expect(verdict).toMatchObject({ ok: true, value: description })
      else expect(verdict).toMatchObject({ ok: false, code: 'ARTIFACT_PURPOSE', checks: [{ seen: purpose, wanted }] })
    }
  })
})
