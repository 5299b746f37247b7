/** What a client's request itself brings along, whichever API it is of: system messages, tool definitions, sampling parameters, earlier state. @module */
import { equalBytes } from '../../core/crypto/equal.ts'
import { digestUri } from '../../core/crypto/index.ts'
import { encodeJcs } from '../../core/encoding/jcs.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/encoding/json.ts'
import type { Dependencies } from '../../core/receipt/disclosed.ts'
import { samplingOf, showParameters } from '../../core/receipt/parameters.ts'
import { findMembers } from '../../core/transform/json-span.ts'
import type { ModelDescription } from '../../measure/model/index.ts'
import { type DescribedOctets, describe, describeMeasured, NO_DEPENDENCIES } from './dependencies.ts'

/** What was found in the files of a model. */
export type MeasuredParts = Pick<ModelDescription, 'tokenizer' | 'chatTemplate'>

/** What is known beside the request. */
export interface RequestSurroundings extends MeasuredParts {
  /** What the engine is given; the request itself where it is given that. */
  readonly forwarded?: Uint8Array
}

/**
 * The dependencies that can be read from the request, each vouched for by the client unless the gateway changed it. What the model server adds to them
 * (its tokenizer, its template, its defaults) is known only as far as it lies in files that the gateway measured.
 * - `system-prompt` raw UTF-8 of each system or developer message's text; text parts are joined by a line feed; `instructions`. Beyond eight
 *   the others are one: JCS of the list of their digests (`sha256:…`)
 * - `tool-definitions` raw octets of the member `tools`
 * - `sampling-parameters` JCS of the sampling members that are there, as forwarded
 * - `prompt-template` raw octets of the member `prompt`, where it names a stored one
 * - `tokenizer`, `chat-template` as in the measured files, the template where messages are put into one
 * - `memory-before` raw octets of `previous_response_id` and `conversation`: of what the model server remembers only the name is known
 * @throws MalformedError JSON_LONE_SURROGATE, JSON_NUMBER_RANGE, JSON_DUPLICATE_KEY
 */
export function requestDependencies(
  body: Uint8Array,
  { tokenizer, chatTemplate, forwarded = body }: RequestSurroundings = {},
): Dependencies {
  const request = parse(body)
  if (!isJsonObject(request)) return NO_DEPENDENCIES
  const memberOctets = rawMembers(body, request)
  const prompts = [
    ...systemMessages(request['messages']),
    ...instructions(request),
    ...systemMessages(request['input'], 'input'),
  ]
  return {
    ...NO_DEPENDENCIES,
    'system-prompt': describe('system-prompt', foldPrompts(prompts)),
    tokenizer: describeMeasured('tokenizer', 'tokenizer as in the measured files', tokenizer),
    'chat-template': describeMeasured(
      'chat-template',
      'chat template as in the measured files',
      fillsTemplate(request) ? chatTemplate : undefined,
    ),
    'tool-definitions': describe('tool-definitions', memberOctets('tools')),
    'sampling-parameters': describe(
      'sampling-parameters',
      samplingParameters(request, forwarded === body ? request : parse(forwarded)),
    ),
    // A text is what is to be completed.
    'prompt-template': describe('prompt-template', isJsonObject(request['prompt']) ? memberOctets('prompt') : []),
    'memory-before': describe('memory-before', [
      ...memberOctets('previous_response_id'),
      ...memberOctets('conversation'),
    ]),
  }
}

/** A bare text to be embedded looks like one to be answered: whether the server puts it into its template is not known here. */
function fillsTemplate({ messages, input }: JsonObject): boolean {
  return messages !== undefined || input !== undefined
}

/** Exact octets of top-level members; nothing where they are absent or null. Found once, when the first is there. */
function rawMembers(body: Uint8Array, request: JsonObject): (name: string) => readonly DescribedOctets[] {
  let members: ReturnType<typeof findMembers> | undefined
  return (name) => {
    if (request[name] === undefined || request[name] === null) return []
    members ??= findMembers(body)
    const span = members.get(name)
    return span === undefined ? [] : [clientOctets(name, body.subarray(span.start, span.end))]
  }
}

/** As forwarded: the gateway's where it filled in, renamed or resolved something, else the client's own. */
function samplingParameters(asked: JsonObject, forwarded: JsonValue): readonly DescribedOctets[] {
  const used = isJsonObject(forwarded) ? samplingOf(forwarded) : {}
  if (Object.keys(used).length === 0) return []
  const octets = encodeJcs(used)
  const isOwn = asked === forwarded || equalBytes(octets, encodeJcs(samplingOf(asked)))
  return [{ name: showParameters(used), octets, scheme: 'jcs', source: isOwn ? 'client' : 'gateway' }]
}

function instructions({ instructions: text }: JsonObject): readonly DescribedOctets[] {
  return typeof text === 'string' ? [clientOctets('instructions', new TextEncoder().encode(text))] : []
}

/** Of more messages than a receipt has room for the first are named one by one. */
const MAX_PROMPTS = 8

/** What is behind the first ones is one thing: JCS of the list of their digests. */
function foldPrompts(prompts: readonly DescribedOctets[]): readonly DescribedOctets[] {
  const more = prompts.slice(MAX_PROMPTS)
  if (more.length === 0) return prompts
  const octets = encodeJcs(more.map(({ octets: text }) => digestUri(text)))
  const name = `${more.length} more ${more.length === 1 ? 'message' : 'messages'}`
  return [...prompts.slice(0, MAX_PROMPTS), { name, octets, scheme: 'jcs', source: 'client' }]
}

/** The texts of system and developer messages. @param member where they stand */
function systemMessages(messages: JsonValue | undefined, member: string = 'messages'): readonly DescribedOctets[] {
  if (!Array.isArray(messages)) return []
  return messages.flatMap((message: JsonValue, i): DescribedOctets[] => {
    if (!isJsonObject(message) || (message['role'] !== 'system' && message['role'] !== 'developer')) return []
    return [clientOctets(`${member}[${i}]`, new TextEncoder().encode(textOf(message['content'])))]
  })
}

function clientOctets(name: string, octets: Uint8Array): DescribedOctets {
  return { name, octets, scheme: 'raw', source: 'client' }
}

/** Text of a message's content: parts are joined by a line feed. */
export function textOf(content: JsonValue | undefined): string {
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
