/** The table: what is swapped, where an operator would swap it, and what must come of it. @module */
import type { TestGatewayOptions } from '../kit/gateway.ts'
import type { Configured } from './configuration.ts'
import { startTestEngine } from './engine.ts'
import { changesUnlisted, hidesOrder, hidesResult, sendsOther } from './hostile.ts'
import type { Answers, Expected } from './judge.ts'
import { quantise } from './quantise.ts'
import { askBoth, askRemembered, CLERK, DOCUMENTS, FIELD, FIELDS, gotWhatIsSaid, TOOLS } from './questions.ts'
import { copyDocuments, type World, writePrompt } from './world.ts'

export interface Swap extends Expected {
  readonly name: string
  /** Where it was planted, and what is to be known about it. */
  readonly note: string
  /** Plants it and asks. */
  ask(world: World): Promise<Answers>
}

type Planting = Pick<Swap, 'ask'>

/** A file of the model's folder is another one; the configuration is the same to the octet. */
const inFolder = (file: string, change: (octets: Uint8Array) => Uint8Array): Planting => ({
  ask: (world) =>
    askBoth(world, CLERK, async () => world.start({}, { modelDirectory: await world.swapFile(file, change) })),
})

/** The operator serves under another configuration. */
const inConfiguration = (
  question: Parameters<typeof askBoth>[1],
  change: (world: World) => Partial<Configured> | Promise<Partial<Configured>>,
): Planting => ({
  ask: (world) => askBoth(world, question, async () => world.start(await change(world))),
})

/** The process of the gateway does something else than its code says. */
const inGateway = (question: Parameters<typeof askBoth>[1], options: TestGatewayOptions): Planting => ({
  ask: (world) => askBoth(world, question, () => world.start({}, options)),
})

/** Whoever runs the server changes what it does; nothing of the gateway is touched. */
const inServer = (change: (world: World) => () => void): Planting => ({
  ask: (world) => {
    let undo = (): void => {}
    const plant = (): World['baseline'] => {
      undo = change(world)
      return world.baseline
    }
    return askBoth(world, TOOLS, plant).finally(() => undo())
  },
})

/** @param honest whether the receipt says what the engine really got */
const checkingEngine = ({ ask }: Planting, honest: boolean): Planting => ({
  ask: async (world) => {
    const answers = await ask(world)
    if (gotWhatIsSaid(world, answers.planted) !== honest)
      throw new Error('the engine was not given what this row is about')
    return answers
  },
})

const append =
  (text: string) =>
  (octets: Uint8Array): Uint8Array =>
    Buffer.concat([octets, Buffer.from(text)])

const CONFIGURATION = 'The configuration says so, and its digest is in the lock: that refuses before the pin is asked.'
const SAME = 'Configuration and code are those of the lock.'
const CALLS =
  'A pin of tool-call admits one list of calls, with its durations: it refuses every other answer with calls too.'
const UNLISTED =
  'A gateway whose process lists no splice for it. The receipt gives the digest of what the engine really got.'
const CHANGED_CODE =
  'A gateway that lies about what it sent: no receipt can show that, its measurement does. The simulated TEE is told of another launch digest.'
const OTHER_CODE = new Uint8Array(48).fill(9)
const ADDED = ',"chat_template_kwargs":{"enable_thinking":false}'

export const SWAPS: readonly Swap[] = [
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
  {
    name: 'tool schema',
    member: 'dependencies.tool-definitions',
    change: 'changed tool-definitions: weather',
    code: 'CONFIG_UNMEASURED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: CONFIGURATION,
    ...inConfiguration(TOOLS, () => ({ townSchema: { type: 'string', description: 'With the name of who asks.' } })),
  },
  {
    name: 'tool result',
    member: 'exchange.tools.0.result',
    change: 'changed tool-call: weather__today: result',
    code: 'DEPENDENCY_UNPINNED',
    pinned: 'DEPENDENCY_UNPINNED',
    pinsCalls: true,
    note: `The tool server answers the same call otherwise. ${SAME} ${CALLS}`,
    ...inServer(({ tools }) => {
      tools.weather = 'stormy'
      return () => {
        tools.weather = 'sunny'
      }
    }),
  },
  {
    name: 'tool result, hidden by the receipt',
    member: 'forwarded.transforms',
    change: 'changed transforms: tool-call',
    code: 'TOOL_TRANSCRIPT_MISMATCH',
    pinned: 'TOOL_TRANSCRIPT_MISMATCH',
    note: 'The receipt lists the result of the server, the model was given another one.',
    ...inGateway(TOOLS, { wrap: hidesResult('/today?town=Ulm: stormy') }),
  },
  {
    name: 'tool order',
    member: 'exchange.tools.*.tool',
    change: 'changed tool-call: weather__today',
    code: 'DEPENDENCY_UNPINNED',
    pinned: 'DEPENDENCY_UNPINNED',
    pinsCalls: true,
    note: `The model server makes the same two calls in another order. ${SAME} ${CALLS}`,
    ...inServer(({ engine }) => {
      const { order } = engine
      engine.order = order.toReversed()
      return () => {
        engine.order = order
      }
    }),
  },
  {
    name: 'tool order, hidden by the receipt',
    member: 'exchange.tools.*.tool',
    change: 'changed tool-call: weather__today',
    code: 'TOOL_TRANSCRIPT_MISMATCH',
    pinned: 'TOOL_TRANSCRIPT_MISMATCH',
    note: 'The receipt lists the calls in another order than the model was given them.',
    ...inGateway(TOOLS, { wrap: hidesOrder() }),
  },
  {
    name: 'index (one chunk)',
    member: 'dependencies.retrieval-index',
    change: 'changed retrieval-index: docs',
    code: 'CONFIG_UNMEASURED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: `One word of one document. ${CONFIGURATION} With the old root the gateway does not begin.`,
    ...inConfiguration(DOCUMENTS, async ({ folder }) => ({
      documents: await copyDocuments(folder, (text) => text.replace('Sundays', 'Mondays')),
    })),
  },
  {
    name: 'memory (one turn)',
    member: 'dependencies.memory-before',
    change: 'changed memory-before: 2 messages',
    code: 'DEPENDENCY_UNPINNED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: `The host puts the sealed state of another conversation in place. ${SAME} The chain of the receipts alone: STATE_CHAIN_BROKEN.`,
    ask: askRemembered,
  },
  {
    name: 'upstream host',
    member: 'exchange.upstream.host',
    change: 'changed upstream: host',
    code: 'CONFIG_UNMEASURED',
    pinned: 'none',
    note: 'Another baseUrl, where a server gives the same answers. The digest of the configuration pins it; policy has no pin of its own.',
    ask: async (world) => {
      const other = await startTestEngine()
      const answers = askBoth(world, FIELDS, () => world.start({ engineOrigin: other.origin }))
      return answers.finally(() => other.close())
    },
  },
  {
    name: 'engine version',
    member: 'claims.engine.version',
    change: 'changed engine: version',
    code: 'CONFIG_UNMEASURED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: `${CONFIGURATION} Of an engine behind HTTP the version is the word of its operator.`,
    ...inConfiguration(FIELDS, () => ({ engineVersion: '0.11.1' })),
  },
  {
    name: 'a field dropped before forwarding',
    member: 'forwarded.digest',
    change: 'changed transforms: forwarded octets',
    code: 'TRANSFORM_MISMATCH',
    pinned: 'TRANSFORM_MISMATCH',
    note: UNLISTED,
    ...checkingEngine(inGateway(FIELDS, { wrap: changesUnlisted({ drop: FIELD }) }), true),
  },
  {
    name: 'a field added after hashing',
    member: 'forwarded.digest',
    change: 'changed transforms: forwarded octets',
    code: 'TRANSFORM_MISMATCH',
    pinned: 'TRANSFORM_MISMATCH',
    note: UNLISTED,
    ...checkingEngine(inGateway(FIELDS, { wrap: changesUnlisted({ add: ADDED }) }), true),
  },
  {
    name: 'a field dropped by changed code',
    member: 'quote.measurements.measurement',
    change: 'changed code: measurement',
    code: 'MEASUREMENT_MISMATCH',
    pinned: 'none',
    note: CHANGED_CODE,
    ...checkingEngine(
      inGateway(FIELDS, {
        wrap: sendsOther((body) => body.replace(FIELD, '')),
        snp: { fields: { measurement: OTHER_CODE } },
      }),
      false,
    ),
  },
  {
    name: 'a field added by changed code',
    member: 'quote.measurements.measurement',
    change: 'changed code: measurement',
    code: 'MEASUREMENT_MISMATCH',
    pinned: 'none',
    note: CHANGED_CODE,
    ...checkingEngine(
      inGateway(FIELDS, {
        wrap: sendsOther((body) => body.replace(FIELD, `${FIELD}${ADDED}`)),
        snp: { fields: { measurement: OTHER_CODE } },
      }),
      false,
    ),
  },
]
