/** Runs the calls of a record again on the servers of a configuration. @module */
import { digestUri } from '../../core/crypto/index.ts'
import { concatBytes } from '../../core/encoding/bytes.ts'
import { decodeJson, isJsonObject, type JsonObject, type JsonValue } from '../../core/encoding/json.ts'
import { MAX_STRICT_DEPTH } from '../../core/encoding/strict-json.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import { readRunMembers, type ToolCallRecord } from '../../core/receipt/run.ts'
import { insertedElements } from '../../core/transform/json-edit.ts'
import type { RecordedAnswer } from '../../replay/index.ts'
import { functionsOf } from '../../server/context/tools/functions.ts'
import { Offer } from '../../server/context/tools/offered-tools.ts'
import type { ModelCall, OfferedTools } from '../../server/context/types.ts'
import { openToolServer, type ToolServer, type ToolServerConfig } from '../../tools/index.ts'
import type { Io } from '../command.ts'
import type { LiveRow } from './live-row.ts'

const COMPARED = ['identity', 'schema', 'result', 'outcome'] as const

/** One after the other, in the order of the record. @throws MalformedError for a record that is none */
export async function callAgain(
  { receipt, inserts }: RecordedAnswer,
  configs: readonly ToolServerConfig[],
  io: Io,
): Promise<readonly LiveRow[]> {
  const { exchange, forwarded } = receipt.disclosed
  const { tools = [] } = exchange === undefined ? {} : readRunMembers(exchange)
  const records = tools.filter(({ by }) => by === 'gateway')
  if (records.length === 0) return []
  const octets = (forwarded?.transforms ?? [])
    .filter(({ insert }) => insert.role === 'tool-call')
    .flatMap(({ insert }) => inserts.get(insert.digest) ?? [])
  const calls = octets.flatMap(callsIn)
  const servers = new LiveServers(configs, io)
  try {
    const rows: LiveRow[] = []
    for (const [at, record] of records.entries()) rows.push(await callOne(record, calls[at], servers))
    return rows
  } finally {
    await servers.close()
  }
}

function callsIn(insert: Uint8Array): readonly ModelCall[] {
  const list = concatBytes(encodeUtf8('['), insertedElements(insert), encodeUtf8(']'))
  const elements = decodeJson(list, { maxSize: list.length, maxDepth: MAX_STRICT_DEPTH, numbers: 'any' })
  return objectsIn(elements).flatMap((element) =>
    element['type'] === 'function_call'
      ? [readCall(element['call_id'], element)]
      : objectsIn(element['tool_calls']).map(({ id, function: called }) =>
          readCall(id, called !== undefined && isJsonObject(called) ? called : {}),
        ),
  )
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

function readCall(id: JsonValue | undefined, { name, arguments: given }: JsonObject): ModelCall {
  const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '')
  return { id: text(id), name: text(name), arguments: text(given) }
}

async function callOne(record: ToolCallRecord, call: ModelCall | undefined, servers: LiveServers): Promise<LiveRow> {
  const row = (status: LiveRow['status'], detail: string): LiveRow => ({
    kind: 'tool',
    name: record.tool,
    status,
    detail,
  })
  if (record.identity === 'none' && record.outcome === 'refused') return row('same', 'it was run neither then nor now')
  // Whoever hands octets over must not choose with what a tool is run.
  if (call?.name !== record.tool || digestUri(encodeUtf8(call.arguments)) !== record.arguments)
    return row('not-asked', 'its arguments are not at hand')
  const offer = await servers.offerOf(record.tool)
  if (offer === undefined) return row('not-asked', 'the configuration has no such tool')
  const { record: again } = await offer.call(call, new AbortController().signal)
  const other = COMPARED.filter((name) => again[name] !== record[name])
  if (other.length === 0) return row('same', `${COMPARED.join(', ')}`)
  return row('other', other.map((name) => `${name}: then ${record[name]}, now ${again[name]}`).join('; '))
}

/** Only servers of the record's calls are started or reached. */
class LiveServers {
  readonly #configs: readonly ToolServerConfig[]
  readonly #io: Io
  readonly #opened = new Map<string, ToolServer>()

  constructor(configs: readonly ToolServerConfig[], io: Io) {
    this.#configs = configs
    this.#io = io
  }

  async offerOf(name: string): Promise<OfferedTools | undefined> {
    const config = this.#configs.find(({ id }) => name.startsWith(`${id}__`))
    if (config === undefined) return undefined
    const monotonicMs = (): number => performance.now()
    const server = this.#opened.get(config.id) ?? (await openToolServer(config, { env: this.#io.env, monotonicMs }))
    this.#opened.set(config.id, server)
    const offer = new Offer(functionsOf(server), { maxCalls: 1, monotonicMs })
    return offer.owns(name) ? offer : undefined
  }

  async close(): Promise<void> {
    await Promise.all([...this.#opened.values()].map((server) => server.close()))
  }
}
