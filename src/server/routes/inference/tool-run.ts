/**
 * One request on its way through model and tools: a model call whose answer asks for tools of the gateway is a step, with a receipt of its
 * own; the tools are run, what they gave goes to the model, and so on until it answers. The client gets that answer and its receipt, which
 * lists all calls. docs/formats.md, Tools and runs. @module
 */
import { digestUri } from '../../../core/crypto/index.ts'
import { concatBytes } from '../../../core/encoding/bytes.ts'
import { encodeJcs } from '../../../core/encoding/jcs.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import { askedCalls, clientToolCalls, foldAsked, shownName } from '../../../core/receipt/client-calls.ts'
import type { Octets } from '../../../core/receipt/disclosed.ts'
import type { RunMembers, ToolCallRecord } from '../../../core/receipt/run.ts'
import type { ForwardedOctets } from '../../../core/transform/forwarded-octets.ts'
import { CountersignError } from '../../../errors.ts'
import type { AddedDependencies, CalledTool, ModelCall, OfferedTools } from '../../context/types.ts'
import type { AnswerFacts } from '../../recorder/exchange-facts.ts'
import { stepRid } from '../../recorder/step-receipts.ts'
import { describe } from '../../upstream/dependencies.ts'
import type { Upstream } from '../../upstream/types.ts'
import { judgeCalls } from './judge-calls.ts'
import type { AnswerOutput } from './operation.ts'
import { type Changes, type PreparedRequest, type Routed, transform } from './prepare.ts'
import type { Turn } from './turn.ts'

const ROLE = 'tool-call'
/** Splices of the role `tool-call` hold calls and nothing else: a verifier reads them. */
const OFFER = 'tool-definitions'
const CHAT = '/v1/chat/completions'
const COMMA = encodeUtf8(',')
/** What the model is given for a call beyond the limit. */
const REFUSED = 'No more tools may be called for this request: answer with what is known.'

/** What a model call gave that asks for tools. */
export interface StepAnswer {
  readonly calls: readonly ModelCall[]
  readonly output: AnswerOutput
  readonly response: Octets
  readonly facts: AnswerFacts
}

/** By which a client may name an answer: as it stands in what it was given. */
export function responseIdsOf({ responseId }: AnswerFacts): ReadonlySet<string> {
  return new Set(responseId === undefined ? [] : [responseId])
}

export class ToolRun {
  readonly #turn: Turn
  readonly #routed: Routed
  readonly #changes: Changes
  readonly #tools: OfferedTools | undefined
  readonly #memory: PreparedRequest['context']['memory']
  readonly #records: ToolCallRecord[]
  /** Octets of what the steps added to the conversation. */
  readonly #elements: Uint8Array[] = []
  #parents: readonly string[]
  #forwarded: ForwardedOctets | undefined
  #step = 0
  #called = 0

  /** @throws MalformedError for ids without an exact form */
  constructor(turn: Turn, routed: Routed, { context, edits, body }: PreparedRequest) {
    this.#turn = turn
    this.#routed = routed
    this.#changes = { body, edits, dependencies: context.dependencies }
    this.#tools = context.tools
    this.#memory = context.memory
    this.#parents = context.memory?.parents ?? []
    this.#records = [...clientToolCalls(routed.request.fields)]
  }

  /** Whether the gateway may have to run tools: then what the model says is followed before it leaves. */
  get mayCall(): boolean {
    return this.#tools !== undefined
  }

  get upstream(): Upstream {
    return this.#routed.upstream
  }

  /** What the model is given next. */
  get forwarded(): ForwardedOctets {
    if (this.#forwarded === undefined) throw new CountersignError('ERR_USAGE', 'a run begins with forward')
    return this.#forwarded
  }

  /** Makes what the model is given next. @throws MalformedError */
  forward(): void {
    const dependencies = { ...this.#changes.dependencies, ...this.#callDependency() }
    const forwarding = transform(this.#routed, { ...this.#changes, dependencies })
    const { exchange } = this.#turn
    exchange.forwarding(forwarding)
    exchange.ran(this.#members([]))
    this.#forwarded = forwarding.forwarded
  }

  /**
   * The calls of an answer that the gateway must run; undefined where there are none.
   * @throws UpstreamFailure for an answer that the run cannot go on from
   */
  due(output: AnswerOutput): readonly ModelCall[] | undefined {
    const tools = this.#tools
    if (tools === undefined) return undefined
    const { maxCalls } = tools
    const isForbidden = this.#routed.request.fields['tool_choice'] === 'none'
    return judgeCalls(output, { owns: (name) => tools.owns(name), isForbidden, isEnough: this.#called >= maxCalls })
  }

  /** Signs the step, runs its tools, and puts what they gave into the request. */
  async advance({ calls, output, response, facts }: StepAnswer): Promise<void> {
    const { exchange } = this.#turn
    const rid = stepRid(exchange.admitted.rid, this.#step)
    const { digest, durable } = exchange.concludeStep({
      rid,
      response: withOutput(response, output),
      facts,
      run: this.#members(output.elements.flatMap(askedCalls)),
    })
    const [called] = await Promise.all([this.#call(calls), durable])
    this.#parents = [digest]
    this.#step += 1
    this.#records.push(...called.map(({ record }) => record))
    this.#add([...output.elements.map(encodeJcs), ...called.map((tool, at) => this.#result(tool, calls[at]))])
    this.#steer()
    this.forward()
  }

  /** Tells the receipt of the answer what it came from, and gives what keeps the conversation when that receipt is there. */
  conclude(output: AnswerOutput, responseIds: ReadonlySet<string>): ((receipt: string) => Promise<void>) | undefined {
    const { exchange } = this.#turn
    exchange.ran(this.#members(output.elements.flatMap(askedCalls)))
    if (this.#memory === undefined || responseIds.size === 0 || output.elements.length === 0) return undefined
    const { dependencies, save } = this.#memory.after([...this.#elements, ...output.elements.map(encodeJcs)])
    exchange.remembered(dependencies)
    return async (receipt) => {
      await Promise.all([...responseIds].map((responseId) => save({ responseId, receipt })))
    }
  }

  #members(calls: RunMembers['calls'] & object): RunMembers {
    return {
      ...(this.#records.length > 0 && { tools: [...this.#records] }),
      ...(calls.length > 0 && { calls: foldAsked(calls) }),
      ...((this.#step > 0 || this.#parents.length > 0) && { run: { step: this.#step, parents: this.#parents } }),
    }
  }

  #callDependency(): AddedDependencies {
    const { length } = this.#records
    if (length === 0) return {}
    const octets = encodeJcs(this.#records.map((record) => ({ ...record })))
    const source = this.#records.some(({ by }) => by === 'gateway') ? 'gateway' : 'client'
    return {
      [ROLE]: describe(ROLE, [{ name: `${length} ${length === 1 ? 'call' : 'calls'}`, octets, scheme: 'jcs', source }]),
    }
  }

  /** Side by side; the model gets the results in the order of its calls. */
  #call(calls: readonly ModelCall[]): Promise<readonly CalledTool[]> {
    const tools = this.#tools
    const room = tools === undefined ? 0 : tools.maxCalls - this.#called
    this.#called += calls.length
    return Promise.all(
      calls.map(async (call, at) =>
        tools === undefined || at >= room ? refuse(call) : tools.call(call, this.#turn.signal),
      ),
    )
  }

  #result({ content }: CalledTool, call: ModelCall | undefined): Uint8Array {
    const id = call?.id ?? ''
    return encodeJcs(
      this.#isChat
        ? { role: 'tool', tool_call_id: id, content }
        : { type: 'function_call_output', call_id: id, output: content },
    )
  }

  get #isChat(): boolean {
    return this.#routed.path === CHAT
  }

  #add(elements: readonly Uint8Array[]): void {
    this.#elements.push(...elements)
    const octets = concatBytes(...elements.flatMap((element, at) => (at === 0 ? [element] : [COMMA, element])))
    this.#changes.edits.insertLast(this.#isChat ? 'messages' : 'input', { octets, role: ROLE })
  }

  /** A model that was made to call a tool would call it for ever; one that has called enough is to answer. */
  #steer(): void {
    const { edits } = this.#changes
    const isEnough = this.#tools !== undefined && this.#called >= this.#tools.maxCalls
    const choice = this.#routed.request.fields['tool_choice']
    const isMade = choice !== undefined && choice !== null && choice !== 'auto' && choice !== 'none'
    if (isEnough || isMade)
      edits.set('tool_choice', { octets: encodeUtf8(isEnough ? '"none"' : '"auto"'), role: OFFER })
  }
}

/** Of a step no octets are kept: what it said is compared by this digest when it is run again. */
function withOutput(response: Octets, { digest }: AnswerOutput): Octets {
  return digest === undefined ? response : { ...response, output_digest: digest }
}

function refuse({ id, name, arguments: text }: ModelCall): CalledTool {
  const record = {
    id: shownName(id),
    by: 'gateway',
    tool: name,
    identity: 'none',
    schema: 'none',
    arguments: digestUri(encodeUtf8(text)),
    result: digestUri(encodeUtf8(REFUSED)),
    outcome: 'refused',
  } as const
  return { content: REFUSED, record }
}
