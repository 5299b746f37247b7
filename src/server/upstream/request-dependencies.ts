/** What a client's chat request itself brings along: system messages, tool definitions, sampling parameters. @module */
import { encodeJcs } from '../../core/encoding/jcs.ts'
import type { JsonValue } from '../../core/encoding/json.ts'
import { isJsonObject } from '../../core/encoding/json.ts'
import type { Dependencies } from '../../core/receipt/disclosed.ts'
import { findMembers } from '../../core/transform/json-span.ts'
import { type DescribedOctets, describe, NO_DEPENDENCIES } from './dependencies.ts'

/** Members of a request that steer how tokens are chosen. */
const SAMPLING_MEMBERS = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'seed',
  'n',
  'stop',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'frequency_penalty',
  'presence_penalty',
  'repetition_penalty',
  'logit_bias',
  'response_format',
  'reasoning_effort',
] as const

/**
 * The dependencies that can be read from the request, each vouched for by the client. What the model server adds to them
 * (its tokenizer, its template, its defaults) is not known here.
 * - `system-prompt` raw UTF-8 of each system or developer message's text; text parts are joined by a line feed
 * - `tool-definitions` raw octets of the member `tools`
 * - `sampling-parameters` JCS of the sampling members that are there
 * @throws MalformedError JSON_LONE_SURROGATE, JSON_NUMBER_RANGE, JSON_DUPLICATE_KEY
 */
export function requestDependencies(body: Uint8Array): Dependencies {
  const request = parse(body)
  if (!isJsonObject(request)) return NO_DEPENDENCIES
  const tools = request['tools'] === undefined ? undefined : findMembers(body).get('tools')
  const sampling = SAMPLING_MEMBERS.flatMap((name): [string, JsonValue][] => {
    const value = request[name]
    return value === undefined || value === null ? [] : [[name, value]]
  })
  return {
    ...NO_DEPENDENCIES,
    'system-prompt': describe('system-prompt', systemMessages(request['messages'])),
    'tool-definitions': describe(
      'tool-definitions',
      tools === undefined ? [] : [clientOctets('tools', body.subarray(tools.start, tools.end))],
    ),
    'sampling-parameters': describe(
      'sampling-parameters',
      sampling.length === 0
        ? []
        : [
            {
              name: sampling.map(([name]) => name).join(' '),
              octets: encodeJcs(Object.fromEntries(sampling)),
              scheme: 'jcs',
              source: 'client',
            },
          ],
    ),
  }
}

/** The texts of system and developer messages. */
export function systemMessages(messages: JsonValue | undefined): readonly DescribedOctets[] {
  if (!Array.isArray(messages)) return []
  return messages.flatMap((message: JsonValue, i): DescribedOctets[] => {
    if (!isJsonObject(message) || (message['role'] !== 'system' && message['role'] !== 'developer')) return []
    return [clientOctets(`messages[${i}]`, new TextEncoder().encode(textOf(message['content'])))]
  })
}

function clientOctets(name: string, octets: Uint8Array): DescribedOctets {
  return { name, octets, scheme: 'raw', source: 'client' }
}

function textOf(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .flatMap((part: JsonValue) => (isJsonObject(part) && typeof part['text'] === 'string' ? [part['text']] : []))
    .join('\n')
}

function parse(body: Uint8Array): JsonValue {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'))
  } catch {
    return null
  }
}
