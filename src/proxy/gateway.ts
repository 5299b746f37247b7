/** The gateway behind the proxy: asked through an attested fetch, and looked at on its own for readiness. @module */

import type { Channel, OpenChannel } from '../client/channel.ts'
import { type ClientDeps, createClientDeps } from '../client/deps.ts'
import { bearsReceipt } from '../client/exchange.ts'
import { GatewayAttestation } from '../client/gateway-attestation.ts'
import { createAttestedFetch, receiptOf } from '../client/index.ts'
import type { AttestedReceipt } from '../client/receipt.ts'
import type { ReceiptStore } from '../client/store.ts'
import type { Attestation, Trust } from '../core/evidence/attestation.ts'
import { type Binding, GRADES, type Grade, type Policy } from '../core/policy.ts'
import { judge, type Verified } from '../core/verdict.ts'
import { CountersignError } from '../errors.ts'
import { type Refusal, refusalOf } from './refusal.ts'

export interface GatewayOptions {
  /** Its address up to and with `/v1`. */
  readonly base: string
  readonly trust: Trust
  readonly channel: Channel | 'none'
  /** No answer below this grade passes; by default what policy asks for. */
  readonly grade?: Grade | undefined
  /** Seconds that the gateway may hold an answer for that. */
  readonly wait?: number | undefined
  readonly onReceipt?: ((receipt: AttestedReceipt) => void) | undefined
  /** Keeps request, answer and receipt, and follows the gateway's log. */
  readonly store?: ReceiptStore | undefined
  readonly deps?: Partial<ClientDeps> | undefined
}

/** What verified. */
export interface Standing {
  readonly platform: Attestation['hardware']['tee']
  readonly simulated: boolean
  readonly channel: Binding | 'none'
  /** Host and id of its log. */
  readonly origin: string
}

export interface Answer {
  readonly response: Response
  /** `none`: a listing. Of a stream it resolves at the end. */
  readonly receipt: Promise<AttestedReceipt> | 'none'
}

export interface VerifiedGateway {
  readonly channel: Binding | 'none'
  /** @param path of the target with its query @throws RefusedError */
  ask(path: string, init: GatewayRequest): Promise<Answer>
  /** Verifies it anew, unless that was done a moment ago. @throws RefusedError */
  check(): Promise<Standing>
}

export interface GatewayRequest {
  readonly method: string
  readonly headers: Headers
  readonly body: Uint8Array
  readonly signal: AbortSignal
}

/** No answer, and what to say instead. */
export class RefusedError extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal, cause: unknown) {
    super(refusal.code, { cause })
    this.refusal = refusal
  }
}

/** Each check is a leaf in the gateway's log: whoever asks for readiness without pause must not fill it. */
const CHECK_EVERY_MS = 10_000

/** Nothing below what is asked for passes, whatever the gateway manages in time. */
function demanding(policy: Policy, grade: Grade | undefined): Policy {
  if (grade === undefined || GRADES.indexOf(grade) <= GRADES.indexOf(policy.grade)) return policy
  if (grade === 'witnessed' && policy.audit.witnesses === 'unchecked')
    throw new CountersignError('ERR_CONFIG', 'grade witnessed is out of reach: the policy names no witnesses')
  return { ...policy, grade }
}

/** Said before anything is asked: every answer would be refused, and its request would have gone out unbound. */
function requireBinding({ live }: Policy, binding: Binding | 'none'): void {
  if (live.channel === 'unchecked' || live.channel.some((wanted) => wanted === binding)) return
  throw new CountersignError(
    'ERR_CONFIG',
    `the policy asks for channel ${live.channel.join(' or ')}, not for ${binding}`,
  )
}

/** The status of an answer that does not verify, whoever wrote it: known by the signal, of which each request has its own. */
class SeenStatuses {
  readonly #statuses: WeakMap<AbortSignal, number> = new WeakMap()

  of(signal: AbortSignal): number {
    return this.#statuses.get(signal) ?? 0
  }

  note({ signal }: RequestInit, { status }: Response): void {
    if (signal) this.#statuses.set(signal, status)
  }

  watchFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
    return async (input, init = {}) => {
      const response = await fetch(input, init)
      this.note(init, response)
      return response
    }
  }

  /** Inside the channel: what is around it has a status of its own. */
  watchChannel(channel: Channel): Channel {
    const watch = (open: OpenChannel): OpenChannel => ({
      fetch: async (url, init) => {
        const answer = await open.fetch(url, init)
        this.note(init, answer.response)
        return answer
      },
      close: () => open.close(),
    })
    return {
      binding: channel.binding,
      ...(channel.fetch === undefined ? {} : { fetch: channel.fetch }),
      open: async (gateway) => watch(await channel.open(gateway)),
    }
  }
}

async function standingOf(attestation: Verified<Attestation>, channel: Binding | 'none'): Promise<Standing> {
  const { simulated } = await judge(['gateway'], async (check) => {
    check.restsOn(attestation)
    check.pass('gateway')
    return attestation
  })
  return { platform: attestation.hardware.tee, simulated, channel, origin: attestation.checkpoint.origin }
}

/** @throws CountersignError ERR_CONFIG where policy and lock do not go together, or ask for what is out of reach */
export function createVerifiedGateway(options: GatewayOptions): VerifiedGateway {
  const { base, channel, grade, wait, onReceipt, store } = options
  const trust: Trust = { ...options.trust, policy: demanding(options.trust.policy, grade) }
  const binding = channel === 'none' ? 'none' : channel.binding
  requireBinding(trust.policy, binding)
  const deps = createClientDeps(options.deps)
  const seen = new SeenStatuses()
  const attested = createAttestedFetch({
    policy: trust.policy,
    ...(trust.lock === undefined ? {} : { lock: trust.lock }),
    ...(grade === undefined ? {} : { grade }),
    ...(wait === undefined ? {} : { wait }),
    ...(onReceipt === undefined ? {} : { onReceipt }),
    ...(store === undefined ? {} : { store }),
    ...(channel === 'none'
      ? { deps: { ...deps, fetch: seen.watchFetch(deps.fetch) } }
      : { deps, channel: seen.watchChannel(channel) }),
  })
  const check = createCheck(async () => {
    const { attestation, channel: opened } = await new GatewayAttestation(base, { trust, deps, channel }).current()
    opened.close()
    return standingOf(attestation, binding)
  }, deps.clock)
  return {
    channel: binding,
    ask: async (path, { method, headers, body, signal }) => {
      try {
        const init = { method, headers, signal, ...(method === 'GET' ? {} : { body: body.slice() }) }
        const response = await attested(`${base}${path.slice('/v1'.length)}`, init)
        const [behind = ''] = path.slice('/v1'.length).split('?')
        return { response, receipt: bearsReceipt(method, behind) ? receiptOf(response) : 'none' }
      } catch (error) {
        throw new RefusedError(refusalOf(signal.aborted ? signal.reason : error, seen.of(signal)), error)
      }
    },
    check: async () => {
      try {
        return await check()
      } catch (error) {
        throw new RefusedError(refusalOf(error, 0), error)
      }
    },
  }
}

/** One at a time; what it came to stands for a moment. */
function createCheck<T>(check: () => Promise<T>, { monotonicMs }: ClientDeps['clock']): () => Promise<T> {
  let last: { readonly result: Promise<T>; readonly untilMs: number } | undefined
  return () => {
    if (last === undefined || monotonicMs() >= last.untilMs)
      last = { result: check(), untilMs: monotonicMs() + CHECK_EVERY_MS }
    return last.result
  }
}
