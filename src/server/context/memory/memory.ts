/**
 * The gateway's memory of conversations: what went before is put into a request, and what it comes to is kept for the next one. Nothing is
 * ever left out of a state to make it fit. docs/context.md, Memory. @module
 */
import { concatBytes } from '../../../core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import { CountersignError } from '../../../errors.ts'
import type { ObjectStore } from '../../../storage/index.ts'
import type { MemoryConfig } from '../../config/types.ts'
import { describe } from '../../upstream/dependencies.ts'
import { ContextRefusal } from '../refusal.ts'
import type { AddedDependencies, ContextRequest, MemoryTurn, RememberedTurn } from '../types.ts'
import { expiryDay, isExpired } from './expire-states.ts'
import { type MemoryWish, readMemoryWish } from './memory-wish.ts'
import { type ConversationState, IV_SIZE, readState, type StateOwner, writeState } from './sealed-states.ts'

const BEFORE = 'memory-before'
const AFTER = 'memory-after'
const PREVIOUS = 'previous_response_id'
const COMMA = encodeUtf8(',')
const FALSE = encodeUtf8('false')

export interface MemoryDeps {
  readonly clock: { now(): Date }
  /** As many random octets as it is asked for. */
  readonly random: (size: number) => Uint8Array
}

export interface PreparedMemory {
  readonly dependencies: AddedDependencies
  /** Absent where a request neither goes on from an answer nor is kept. */
  readonly turn?: MemoryTurn
}

export interface Memory {
  /** @throws ContextRefusal for a request that cannot be prepared as it asks */
  prepare(request: ContextRequest): Promise<PreparedMemory>
}

/** @param config undefined where conversations are the model server's matter: then requests stay as they are */
export function createMemory(config: MemoryConfig | undefined, deps: MemoryDeps): Memory {
  return { prepare: async (request) => (config === undefined ? { dependencies: {} } : prepare(config, deps, request)) }
}

/** Messages or items, joined as they will stand in a request. */
interface Elements {
  readonly count: number
  readonly octets: Uint8Array
}

const NO_ELEMENTS: Elements = { count: 0, octets: new Uint8Array(0) }

function append({ count, octets }: Elements, elements: readonly Uint8Array[]): Elements {
  const all = count === 0 ? elements : [octets, ...elements]
  const joined = concatBytes(...all.flatMap((element, i) => (i === 0 ? [element] : [COMMA, element])))
  return { count: count + elements.length, octets: joined }
}

async function prepare(config: MemoryConfig, deps: MemoryDeps, request: ContextRequest): Promise<PreparedMemory> {
  const wish = readMemoryWish(request)
  if (wish === undefined) return { dependencies: {} }
  const { apiKey, tenant, edits } = request
  // The configuration was refused where this can be: see its cross checks.
  if (apiKey === undefined) throw new CountersignError('ERR_USAGE', 'memory needs an API key to seal with')
  const owner = { apiKey, tenant }
  const { previous } = wish
  const found =
    previous === undefined ? undefined : await findPrevious(request.store, { owner, previous }, { config, deps })
  const before = found === undefined ? NO_ELEMENTS : { count: found.elements, octets: found.octets }
  const written = edits.elementsOf(wish.member)
  if (found !== undefined && written === undefined)
    throw new ContextRefusal(`Going on from an answer needs \`${wish.member}\`.`, { param: wish.member })
  const asked = append(before, written ?? [])
  if (wish.keeps) requireRoom(config, wish, { turns: found?.turns ?? 0, size: asked.octets.length })
  change(request, wish, before)
  return {
    dependencies: found === undefined ? {} : { [BEFORE]: describeElements(BEFORE, before) },
    turn: {
      parents: found === undefined ? [] : [found.receipt],
      after: (elements) => {
        const after = append(asked, elements)
        if (!wish.keeps || after.count === 0 || after.octets.length > config.maxBytes) return NOT_KEPT
        return keep(after, { config, deps, owner, store: request.store, turns: (found?.turns ?? 0) + 1 })
      },
    },
  }
}

/** What goes beyond the limit with its answer is not kept, as a whole: its receipt says so, and no later request finds it. */
const NOT_KEPT: RememberedTurn = { dependencies: { [AFTER]: 'none' }, save: async () => undefined }

interface Keeping {
  readonly config: MemoryConfig
  readonly deps: MemoryDeps
  readonly owner: StateOwner
  readonly store: ObjectStore
  readonly turns: number
}

function keep(after: Elements, { config, deps, owner, store, turns }: Keeping): RememberedTurn {
  return {
    dependencies: { [AFTER]: describeElements(AFTER, after) },
    save: async ({ responseId, receipt }) => {
      const created = secondsOf(deps)
      await writeState(store, owner, {
        responseId,
        state: { created, turns, elements: after.count, receipt, octets: after.octets },
        expires: expiryDay(created, config.retentionDays),
        iv: deps.random(IV_SIZE),
      })
    },
  }
}

/** One text for what never was, has lapsed, was removed or is another key's: whether it exists is nobody else's business. */
async function findPrevious(
  store: ObjectStore,
  { owner, previous }: { readonly owner: StateOwner; readonly previous: string },
  { config, deps }: Pick<Keeping, 'config' | 'deps'>,
): Promise<ConversationState> {
  const found = await readState(store, owner, previous)
  if (found !== undefined && !isExpired(found.created, config.retentionDays, secondsOf(deps))) return found
  throw new ContextRefusal('There is no such previous response: it is unknown here, or no longer kept.', {
    param: PREVIOUS,
    code: 'previous_response_not_found',
  })
}

/** Before the model is asked: what cannot be kept is not begun. */
function requireRoom(
  { maxBytes, maxTurns = Number.POSITIVE_INFINITY }: MemoryConfig,
  { previous, member }: MemoryWish,
  { turns, size }: { readonly turns: number; readonly size: number },
): void {
  const param = previous === undefined ? member : PREVIOUS
  if (size > maxBytes)
    throw new ContextRefusal(
      `This conversation is larger than the ${maxBytes} octets that are kept of one: send \`"store": false\`, or begin another.`,
      { param, code: 'conversation_too_large' },
    )
  if (turns >= maxTurns)
    throw new ContextRefusal(
      `This conversation has all of the ${maxTurns} answers that are kept of one: send \`"store": false\`, or begin another.`,
      { param, code: 'conversation_too_long' },
    )
}

/** One keeper is enough: the model server is not told of the answer before, and told not to store this one. */
function change({ fields, edits }: ContextRequest, { member, previous, keeps }: MemoryWish, before: Elements): void {
  if (previous !== undefined) {
    edits.remove(PREVIOUS, BEFORE)
    edits.insertFirst(member, { octets: before.octets, role: BEFORE })
  }
  if (!keeps) return
  if (member === 'messages') {
    if (fields['store'] === true) edits.remove('store', AFTER)
    return
  }
  // Left out, it would be true.
  const octets = { octets: FALSE, role: AFTER }
  if (edits.has('store')) edits.replace('store', octets)
  else edits.add('store', octets)
}

function describeElements(
  role: typeof BEFORE | typeof AFTER,
  { count, octets }: Elements,
): ReturnType<typeof describe> {
  const name = count === 1 ? '1 message' : `${count} messages`
  return describe(role, [{ name, octets, scheme: 'raw', source: 'gateway' }])
}

function secondsOf({ clock }: MemoryDeps): number {
  return Math.floor(clock.now().getTime() / 1000)
}
