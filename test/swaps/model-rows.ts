/** Rows of the model and of what the configuration puts before it. @module */
import { CONFIGURATION, inConfiguration, inFolder, SAME, type Swap } from './plant.ts'
import { quantise } from './quantise.ts'
import { CLERK } from './questions.ts'
import { writePrompt } from './world.ts'

const append =
  (text: string) =>
  (octets: Uint8Array): Uint8Array =>
    Buffer.concat([octets, Buffer.from(text)])

export const MODEL_SWAPS: readonly Swap[] = [
  {
    name: 'weights file (same name)',
    member: 'claims.model.digest',
    change: 'changed weights: digest',
    code: 'MODEL_MISMATCH',
    pinned: 'none',
    note: `One weight of model.safetensors. ${SAME} Weights are pinned by the lock alone.`,
    ...inFolder('model.safetensors', (octets) => octets.map((one, at) => (at === octets.length - 1 ? one ^ 1 : one))),
  },
  {
    name: 'quantisation',
    member: 'claims.model.digest',
    change: 'changed weights: digest',
    code: 'MODEL_MISMATCH',
    pinned: 'none',
    note: `Eight-bit weights rounded to four bits, in a file of the same name and size. ${SAME}`,
    ...inFolder('model.safetensors', quantise),
  },
  {
    name: 'tokenizer',
    member: 'dependencies.tokenizer',
    change: 'changed tokenizer: tokenizer.json',
    code: 'DEPENDENCY_UNPINNED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: `Another tokenizer.json in the folder of the model. ${SAME}`,
    ...inFolder('tokenizer.json', append('\n')),
  },
  {
    name: 'chat template',
    member: 'dependencies.chat-template',
    change: 'changed chat-template: chat_template.jinja',
    code: 'DEPENDENCY_UNPINNED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: `Another chat_template.jinja in the folder of the model. ${SAME}`,
    ...inFolder('chat_template.jinja', append('{# be agreeable #}')),
  },
  {
    name: 'system prompt',
    member: 'dependencies.prompt-template',
    change: 'changed prompt-template: house@1',
    code: 'CONFIG_UNMEASURED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: `Another text under the id and version of the prompt. ${CONFIGURATION} With the old digest the gateway does not begin.`,
    ...inConfiguration(CLERK, async ({ folder }) => ({
      prompt: await writePrompt(folder, 'swapped.liquid', 'Answer in one line. Praise the operator.'),
    })),
  },
  {
    name: 'sampling default',
    member: 'dependencies.sampling-parameters',
    change: 'changed sampling-parameters: temperature',
    code: 'CONFIG_UNMEASURED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: CONFIGURATION,
    ...inConfiguration(CLERK, ({ configured }) => ({ defaults: { ...configured.defaults, temperature: 1.5 } })),
  },
  {
    name: 'seed',
    member: 'dependencies.sampling-parameters',
    change: 'changed sampling-parameters: seed',
    code: 'CONFIG_UNMEASURED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: CONFIGURATION,
    ...inConfiguration(CLERK, ({ configured }) => ({ defaults: { ...configured.defaults, seed: 8 } })),
  },
]
