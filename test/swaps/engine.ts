/** A model server that gives the same answer to the same request, asks for tools where it is offered some, and keeps what it was sent. @module */
import { digestUri } from '../../src/core/crypto/index.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/core/encoding/json.ts'
import { elementsIn } from '../../src/core/receipt/client-calls.ts'
import { json } from '../server/upstream/mock-answers.ts'
import { type Script, startMockUpstream } from '../server/upstream/mock-upstream.ts'

export interface TestEngine {
  readonly origin: string
  /** In which order it asks for its tools. */
  order: readonly string[]
  /** Ids of its answers are counted from here on: an engine gives one id twice where its host wants it to. */
  answers: number
  /** Digests of the chat requests that it really got, oldest first. */
  got(): readonly string[]
  close(): Promise<void>
}

function asks(name: string): JsonObject {
  return { id: `call_${name}`, type: 'function', function: { name: `weather__${name}`, arguments: '{"town":"Ulm"}' } }
}

/** A run asks once, then answers with what it was told. */
function messageFor(request: JsonValue, order: readonly string[]): JsonObject {
  const { messages, tools } = isJsonObject(request) ? request : {}
  const told = elementsIn(messages).filter(({ role }) => role === 'tool')
  if (tools === undefined || told.length > 0) return { role: 'assistant', content: 'That is what I was told.' }
  return { role: 'assistant', content: null, tool_calls: order.map(asks) }
}

export async function startTestEngine(): Promise<TestEngine> {
  const respond = (message: JsonObject): Script => {
    engine.answers += 1
    const finish_reason = message['tool_calls'] === undefined ? 'stop' : 'tool_calls'
    const choices = [{ index: 0, message, finish_reason }]
    return json({ id: `chatcmpl-${engine.answers}`, object: 'chat.completion', created: 1, model: 'm', choices })
  }
  const upstream = await startMockUpstream(({ method, body }) =>
    method === 'POST'
      ? respond(messageFor(JSON.parse(new TextDecoder().decode(body)), engine.order))
      : json({ object: 'list', data: [] }),
  )
  const engine: TestEngine = {
    origin: upstream.origin,
    order: ['today', 'tomorrow'],
    answers: 0,
    got: () => upstream.received.filter(({ method }) => method === 'POST').map(({ body }) => digestUri(body)),
    close: () => upstream.close(),
  }
  return engine
}
