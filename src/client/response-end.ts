/** What a reader of `/v1/responses` takes for the end of a stream: there is no `[DONE]`, one of the events is the last. @module */

const LAST = ['response.completed', 'response.incomplete', 'response.failed']
/** As readers do: what is not well-formed becomes a replacement character. */
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true })
const LINE_END = /\r\n|\r|\n/
const FIELD = /^\ufeff*(data|event)[ \t]*:[ \t]*(.*)$/

/**
 * Whether a block may be the last event. The host writes every octet, so what cannot be read is taken for the end: a reader might read it.
 * @param block lines with their ends
 */
export function mayEndResponse(block: Uint8Array): boolean {
  const data: string[] = []
  for (const line of decoder.decode(block).split(LINE_END)) {
    const [, field, value = ''] = FIELD.exec(line) ?? []
    if (field === 'event' && LAST.includes(value.trim())) return true
    if (field === 'data') data.push(value)
  }
  return data.length > 0 && mayBeLast(data.join('\n'))
}

function mayBeLast(text: string): boolean {
  try {
    // As SDKs read it: escapes in the name of a type are no disguise.
    const event: unknown = JSON.parse(text)
    if (typeof event !== 'object' || event === null || !('type' in event)) return true
    return typeof event.type !== 'string' || LAST.includes(event.type)
  } catch {
    return true
  }
}
