/** The questions of the table, and how each of its answers comes about. @module */
import type { JsonObject } from '../../src/core/encoding/json.ts'
import { receiptDigest, verifyConversation } from '../../src/core/receipt/conversation.ts'
import { decodeReceipt } from '../../src/core/receipt/receipt.ts'
import type { TestGateway } from '../kit/gateway.ts'
import { memoryPath } from '../kit/memory-store.ts'
import { type Answer, ask } from './ask.ts'
import type { Answers } from './judge.ts'
import type { World } from './world.ts'

const user = (content: string): JsonObject => ({ role: 'user', content })

/** To the embedded model, whose prompt and parameters the configuration fills in. */
export const CLERK: JsonObject = { model: 'clerk', messages: [user('What is a receipt?')], max_tokens: 8 }
/** A field of the client's, right behind the model's name. */
export const FIELD = ',"response_format":{"type":"json_object"}'
export const FIELDS: JsonObject = JSON.parse(
  `{"model":"engine"${FIELD},"messages":[{"role":"user","content":"Hello"}]}`,
)
export const TOOLS: JsonObject = {
  model: 'engine',
  messages: [user('How will the weather be in Ulm?')],
  tools: [{ type: 'mcp', server_label: 'weather' }],
}
export const DOCUMENTS: JsonObject = {
  model: 'engine',
  messages: [user('When is the harbour of Ulm closed?')],
  tools: [{ type: 'file_search', vector_store_ids: ['docs'] }],
}

const kept = new WeakMap<World, Map<JsonObject, Promise<Omit<Answers, 'planted'>>>>()

/** A question to the baseline, asked twice, once for all rows. */
function unplanted(world: World, question: JsonObject): Promise<Omit<Answers, 'planted'>> {
  const known = kept.get(world) ?? new Map<JsonObject, Promise<Omit<Answers, 'planted'>>>()
  kept.set(world, known)
  const before = known.get(question)
  if (before !== undefined) return before
  const twice = async (): Promise<Omit<Answers, 'planted'>> => ({
    baseline: await ask(world.baseline, question),
    again: await ask(world.baseline, question),
  })
  const asked = twice()
  known.set(question, asked)
  return asked
}

/** Asks the baseline and then, when the swap is planted, whoever answers in its place. */
export async function askBoth(
  world: World,
  question: JsonObject,
  plant: () => Promise<TestGateway> | TestGateway,
): Promise<Answers> {
  const answers = await unplanted(world, question)
  return { ...answers, planted: await ask(await plant(), question) }
}

/** Whether what the engine got last is exactly what the receipt says was forwarded. */
export function gotWhatIsSaid({ engine }: World, { archive }: Answer): boolean {
  return decodeReceipt(archive.receipt).disclosed.forwarded?.digest === engine.got().at(-1)
}

interface Conversation {
  readonly first: Answer
  readonly second: Answer
}

/** Under one id each time, so that what is asked is the same to the octet. */
function begin({ baseline, engine }: World, text: string): Promise<Answer> {
  engine.answers = 1000
  return ask(baseline, { model: 'engine', store: true, messages: [user(text)] })
}

async function converse(world: World, between: () => void = () => {}): Promise<Conversation> {
  const { baseline } = world
  const first = await begin(world, 'Meet me at the harbour.')
  between()
  const question = { model: 'engine', previous_response_id: first.id, messages: [user('Where shall I be?')] }
  return { first, second: await ask(baseline, question, receiptDigest(first.archive.receipt)) }
}

async function chainOf({ first, second }: Conversation): Promise<string> {
  const verdict = await verifyConversation([first.archive.receipt, second.archive.receipt])
  return verdict.ok ? 'ok' : verdict.code
}

/** Between two turns the host puts the sealed state of another conversation in the place of this one's. */
export async function askRemembered(world: World): Promise<Answers> {
  const { disk } = world
  const states = (): readonly string[] => disk.paths().filter((path) => path.startsWith(memoryPath('private/memory/')))
  const before = new Set(states())
  await begin(world, 'Meet me at the airport.')
  const [path = ''] = states().filter((name) => !before.has(name))
  const other = disk.read(path)
  if (other === undefined) throw new Error('the conversation was not kept')
  const honest = await converse(world)
  const again = await converse(world)
  const planted = await converse(world, () => disk.put(path, other))
  return {
    baseline: honest.second,
    again: again.second,
    planted: planted.second,
    beside: async () => {
      const chains = await Promise.all([honest, again, planted].map(chainOf))
      if (chains.join() !== 'ok,ok,STATE_CHAIN_BROKEN') throw new Error(`the chains are ${chains.join(', ')}`)
    },
  }
}
