/** `output_digest` again from an answer's octets: what a verifier holds. The octets come from whoever hands them over. @module */
import { MalformedError } from '../../errors.ts'
import { decodeJson, isJsonObject, type JsonObject } from '../encoding/json.ts'
import { MAX_STRICT_DEPTH } from '../encoding/strict-json.ts'
import { decodeUtf8 } from '../encoding/utf8.ts'
import { ChoiceMerger, outputDigest } from './merged-choices.ts'

function decodeObject(text: string): JsonObject {
  const value = decodeJson(text, { maxSize: text.length, maxDepth: MAX_STRICT_DEPTH, numbers: 'any' })
  if (!isJsonObject(value)) throw new MalformedError('PARSE_INVALID', 'an answer is made of JSON objects')
  return value
}

/** Data of the blocks in order, as in `inspectBlock`; a rest without its blank line is no block (HTML, section 9.2.6). */
function* dataOf(stream: string): Generator<string, void, void> {
  let data: string[] = []
  const lines = stream.split(/\r\n|\n|\r/)
  // What stands behind the last line end.
  lines.pop()
  let isFirst = true
  for (const whole of lines) {
    const line = isFirst ? whole.replace(/^\ufeff/, '') : whole
    isFirst = whole === ''
    if (line === 'data' || line.startsWith('data:')) data.push(line.slice(line.startsWith('data: ') ? 6 : 5))
    else if (whole === '' && data.length > 0) {
      yield data.join('\n')
      data = []
    }
  }
}

/** An answer that went wrong is none. */
function isError({ error, type, object }: JsonObject): boolean {
  return (error !== undefined && error !== null) || type === 'error' || object === 'error'
}

function takeStream(merger: ChoiceMerger, stream: string): void {
  let isDone = false
  for (const data of dataOf(stream)) {
    if (isDone) merger.fail('something stands behind [DONE]')
    isDone = data.trim() === '[DONE]'
    if (isDone) continue
    const event = decodeObject(data)
    if (isError(event)) merger.fail('the stream ends in an error')
    merger.take(event)
  }
}

/** Choices by index. @throws MalformedError where the answer has no merged form */
export function mergeOutput(octets: Uint8Array, mediaType: string): readonly JsonObject[] {
  const isStream = /^text\/event-stream\s*(?:;|$)/i.test(mediaType)
  const merger = new ChoiceMerger(isStream ? 'delta' : 'message')
  const text = decodeUtf8(octets)
  if (isStream) takeStream(merger, text)
  else merger.take(decodeObject(text))
  const { choices, failure } = merger
  if (choices === undefined) throw new MalformedError('PARSE_INVALID', failure ?? '')
  if (choices.length === 0) throw new MalformedError('PARSE_INVALID', 'the answer has no choices')
  return choices
}

/** @throws MalformedError where the answer has no merged form */
export function digestOutput(octets: Uint8Array, mediaType: string): string {
  return outputDigest(mergeOutput(octets, mediaType))
}
