/** What one block of a model server's stream says: read once, for the gateway's bookkeeping. Never changes a block. @module */
import { isUtf8 } from 'node:buffer'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/encoding/json.ts'
import { isStrictJson } from '../../core/encoding/strict-json.ts'

/** Counts of tokens as the upstream reports them. */
export interface UsageReading {
  readonly inputTokens: number
  readonly outputTokens: number
}

/**
 * - `comment` no data: keep-alives, empty blocks, `retry:`
 * - `event` a JSON object
 * - `error` a JSON object that reports an error
 * - `done` `[DONE]`
 * - `invalid` data that is none of these
 */
export type BlockReading =
  | { readonly kind: 'comment' | 'done' | 'invalid' }
  | { readonly kind: 'error'; readonly data: JsonObject }
  | {
      readonly kind: 'event'
      /** The parsed event, so that nobody parses it again. Not strict JSON: of two equal keys it has the last. */
      readonly data: JsonObject
      /** `finish_reason` by choice, null while the choice goes on. Empty for events without choices. */
      readonly choices: readonly { readonly index: number; readonly finishReason: string | null }[]
      readonly usage?: UsageReading
      /** Whether its octets are strict JSON, so that every reader finds the same in them. Costs a walk through it. */
      readonly isStrict: () => boolean
    }

const COLON = 0x3a

/** Reads one whole block of {@link EventBlocks}. Never throws. */
export function inspectBlock(block: Uint8Array): BlockReading {
  const data = dataOf(block)
  if (data === undefined) return { kind: 'comment' }
  if (data.trim() === '[DONE]') return { kind: 'done' }
  const event = parse(data)
  if (event === undefined) return { kind: 'invalid' }
  const { type, error, response } = event
  if (isPresent(error) || type === 'error' || type === 'response.failed' || event['object'] === 'error')
    return { kind: 'error', data: event }
  const usage = readUsage(event['usage']) ?? (isJsonObject(response) ? readUsage(response['usage']) : undefined)
  return {
    kind: 'event',
    data: event,
    choices: readChoices(event['choices']),
    ...(usage === undefined ? {} : { usage }),
    isStrict: () => isUtf8(block) && isStrictJson(data, event),
  }
}

/** The lines `data:` joined by line feeds (HTML, section 9.2.6); undefined without any. */
function dataOf(block: Uint8Array): string | undefined {
  if (block[0] === COLON && block.indexOf(0x0a) >= block.length - 3) return undefined
  const text = Buffer.from(block.buffer, block.byteOffset, block.length)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
  let data: string | undefined
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line !== 'data' && !line.startsWith('data:')) continue
    const value = line.slice(line.startsWith('data: ') ? 6 : 5)
    data = data === undefined ? value : `${data}\n${value}`
  }
  return data
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: JsonValue = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isPresent(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null
}

function readChoices(
  value: JsonValue | undefined,
): readonly { readonly index: number; readonly finishReason: string | null }[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((choice: JsonValue, position) => {
    if (!isJsonObject(choice)) return []
    const { index, finish_reason: reason } = choice
    // Some servers leave the index of a single choice out, and some write "" for null.
    return [
      {
        index: typeof index === 'number' ? index : position,
        finishReason: typeof reason === 'string' && reason !== '' ? reason : null,
      },
    ]
  })
}

/** Usage of chat and completions (`prompt_tokens`) or of responses (`input_tokens`). */
export function readUsage(value: JsonValue | undefined): UsageReading | undefined {
  if (!isJsonObject(value)) return undefined
  const input = value['prompt_tokens'] ?? value['input_tokens']
  const output = value['completion_tokens'] ?? value['output_tokens'] ?? 0
  if (!isCount(input) || !isCount(output)) return undefined
  return { inputTokens: input, outputTokens: output }
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
