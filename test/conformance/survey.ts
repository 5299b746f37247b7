/** Asks every variant of every client, and notes what came of it. @module */

import { createProxy } from '../../src/proxy/index.ts'
import { type GatewayFixture, startFixture } from '../server/gateway/gateway-fixture.ts'
import { CHAT_COMPLETION, json } from '../server/upstream/mock-answers.ts'
import type { ReceivedRequest, Script } from '../server/upstream/mock-upstream.ts'
import { ATTACKS } from './attacks.ts'
import { type Client, nodeClients } from './clients.ts'
import { startMiddlebox } from './middlebox.ts'
import { type Answer, type Outcome, outcomeOfAnswer, outcomeOfError } from './outcome.ts'
import { hasPython, startPython } from './python-client.ts'
import { variantOf } from './question.ts'
import { REFUSED, VARIANTS } from './variants.ts'

/** By variant, then by client. A client that is not asked has no cell. */
export type Survey = Readonly<Record<string, Readonly<Record<string, Outcome>>>>

export interface Surveys {
  /** Clients as they are, straight to the gateway. */
  readonly bare: Survey
  /** Clients that verify, with somebody in between who does nothing. */
  readonly verified: Survey
  /** The same, with somebody in between who attacks. */
  readonly attacked: Survey
}

const NOTHING: Answer = { text: '', tools: [], finish: '' }
/** Long enough for a busy machine, short enough to wait for. */
const SILENCE_MS = 4_000

function answer({ body }: ReceivedRequest): Script {
  const asked = variantOf(body)
  const variant = VARIANTS[ATTACKS[asked]?.over ?? (asked in ATTACKS ? 'good' : asked)]
  const form = JSON.parse(Buffer.from(body).toString()).stream === true ? 'stream' : 'whole'
  return variant?.[form] ?? json(CHAT_COMPLETION)
}

async function outcomeOf(client: Client, variant: string, wanted: Answer): Promise<Outcome> {
  try {
    return outcomeOfAnswer(await client.ask(variant), wanted)
  } catch (error) {
    return outcomeOfError(error)
  }
}

interface Row {
  readonly variant: string
  readonly forms: readonly string[]
  readonly says: Answer
  readonly without: readonly string[]
}

/** Row by row, all clients of a row at once. */
async function survey(clients: readonly Client[], rows: readonly Row[]): Promise<Survey> {
  const outcomes: Record<string, Record<string, Outcome>> = {}
  for (const { variant, forms, says, without } of rows) {
    const asked = clients.filter(({ name, form }) => forms.includes(form) && !without.includes(name))
    const cells = await Promise.all(
      asked.map(async (client) => [client.name, await outcomeOf(client, variant, says)] as const),
    )
    outcomes[variant] = Object.fromEntries(cells)
  }
  return outcomes
}

const UPSTREAM_ROWS: readonly Row[] = Object.entries(VARIANTS).map(
  ([variant, { whole, stream, says = NOTHING, without = [] }]) => ({
    variant,
    forms: [...(whole === undefined ? [] : ['whole']), ...(stream === undefined ? [] : ['stream'])],
    says,
    without,
  }),
)
const ATTACK_ROWS: readonly Row[] = Object.entries(ATTACKS).map(([variant, { forms }]) => ({
  variant,
  forms,
  says: NOTHING,
  without: [],
}))
const REFUSED_ROW: Row = { variant: REFUSED, forms: ['whole', 'stream'], says: NOTHING, without: [] }

/** Gives the attackers something to keep: an answer of each form. */
async function prime(clients: readonly Client[]): Promise<void> {
  const primed = Object.keys(ATTACKS).filter((variant) => ATTACKS[variant]?.primed)
  for (const variant of primed) for (const { ask } of clients) await ask(variant)
}

export async function takeSurveys(): Promise<Surveys> {
  const fixture = await startFixture({ answer, timeouts: { firstByteMs: SILENCE_MS, idleMs: SILENCE_MS } })
  const closing: (() => unknown)[] = [() => fixture.close()]
  try {
    return await surveysOf(fixture, closing)
  } finally {
    for (const close of closing.reverse()) await close()
  }
}

async function surveysOf(fixture: GatewayFixture, closing: (() => unknown)[]): Promise<Surveys> {
  const base = `${fixture.url}/v1`
  const between = await startMiddlebox(fixture.url, (variant) => ATTACKS[variant]?.attack)
  closing.push(between.close)
  const { policy, lock } = fixture.trust
  const trust = { policy, ...(lock === undefined ? {} : { lock }) }
  const bare = [...nodeClients({ base })]
  const verifying = [...nodeClients({ base: between.base, trust })]
  if (hasPython) {
    const listen = { host: '127.0.0.1', port: 0 }
    const proxy = createProxy({
      base: between.base,
      trust: fixture.trust,
      channel: 'none',
      listen,
      report: () => undefined,
    })
    closing.push(proxy.close)
    for (const [clients, address] of [
      [bare, base],
      [verifying, await proxy.listen()],
    ] as const) {
      const python = startPython(address)
      closing.push(python.close)
      clients.push(...python.clients)
    }
  }
  const [straight, verified] = await Promise.all([survey(bare, UPSTREAM_ROWS), survey(verifying, UPSTREAM_ROWS)])
  await prime(nodeClients({ base: between.base, trust }).slice(0, 2))
  const attacked = await survey(verifying, ATTACK_ROWS)
  // The last row: from here on nobody serves.
  await fixture.mock.close()
  const [last, lastVerified] = [await survey(bare, [REFUSED_ROW]), await survey(verifying, [REFUSED_ROW])]
  return { bare: { ...straight, ...last }, verified: { ...verified, ...lastVerified }, attacked }
}
