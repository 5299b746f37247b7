/** A memory over a disk in memory, and turns of conversations as routes lead them. @module */
import { randomBytes } from 'node:crypto'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { JsonEdits } from '../../../src/core/transform/json-edit.ts'
import { applySplices, type Splice } from '../../../src/core/transform/splice.ts'
import type { MemoryConfig } from '../../../src/server/config/types.ts'
import { createMemory, type PreparedMemory } from '../../../src/server/context/memory/memory.ts'
import type { ContextRefusal } from '../../../src/server/context/refusal.ts'
import type { ObjectStore } from '../../../src/storage/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { createMemoryStore, memoryPath } from '../../kit/memory-store.ts'
import { rejectionOf } from '../../kit/rejection-of.ts'

export const CHAT = '/v1/chat/completions'
export const RESPONSES = '/v1/responses'
export const CONFIG: MemoryConfig = { retentionDays: 30, maxBytes: 4096 }
export const DAY = 86_400
/** Some noon. */
export const START: number = 20_000 * DAY + DAY / 2
export const RECEIPT = `sha256:${'ab'.repeat(32)}`

export interface Who {
  readonly apiKey?: string
  readonly tenant?: string
  readonly path?: string
}

export interface Turned extends PreparedMemory {
  readonly forwarded: string
  readonly splices: readonly Splice[]
}

export interface Remembering {
  readonly files: MemoryFiles
  readonly store: ObjectStore
  /** Lets days pass. */
  pass(days: number): void
  now(): number
  /** As the client writes it. */
  prepare(body: string, who?: Who): Promise<Turned>
  refusal(body: string, who?: Who): Promise<ContextRefusal>
  /** A turn with its answer, kept under an id. */
  turn(body: string, answered: Answered): Promise<Turned>
  /** Paths of what is kept. */
  kept(): readonly string[]
}

export interface Answered extends Who {
  readonly id: string
  readonly answer?: string
  readonly receipt?: string
}

export function remember(config: MemoryConfig | undefined = CONFIG): Remembering {
  const files = new MemoryFiles()
  const store = createMemoryStore(files)
  let now = START
  const memory = createMemory(config, {
    clock: { now: () => new Date(1000 * now) },
    random: (size) => new Uint8Array(randomBytes(size)),
  })
  const prepare = async (
    body: string,
    { apiKey = 'cs_alice', tenant = 'alice', path = CHAT }: Who = {},
  ): Promise<Turned> => {
    const octets = encodeUtf8(body)
    const edits = new JsonEdits(octets)
    const prepared = await memory.prepare({
      path,
      fields: JSON.parse(body),
      modelId: 'm',
      edits,
      signal: new AbortController().signal,
      tenant,
      store,
      ...(apiKey !== '' && { apiKey }),
    })
    const splices = edits.splices()
    return { ...prepared, splices, forwarded: decodeUtf8(applySplices(octets, splices)) }
  }
  return {
    files,
    store,
    pass: (days) => {
      now += Math.round(days * DAY)
    },
    now: () => now,
    prepare,
    refusal: async (body, who) => refusalOf(await rejectionOf(prepare(body, who))),
    turn: async (body, { id, answer = '{"role":"assistant","content":"Yes."}', receipt = RECEIPT, ...who }) => {
      const turned = await prepare(body, who)
      await turned.turn?.after([encodeUtf8(answer)]).save({ responseId: id, receipt })
      return turned
    },
    kept: () => files.paths().filter((path) => path.startsWith(memoryPath('private/memory/'))),
  }
}

function refusalOf(error: unknown): ContextRefusal {
  if (error instanceof Error && error.name === 'ContextRefusal' && 'param' in error && 'code' in error) {
    const { message, name, param, code } = error
    return { name, message, param: String(param), code: code === undefined ? undefined : String(code) }
  }
  throw error
}
