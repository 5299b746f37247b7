/** The text that a model is given for the result of a tool. Every octet of a result is the server's choice. @module */
import type { CallToolResult } from '@modelcontextprotocol/client'

/** Text is joined by line feeds; of other kinds the model learns that they were there. Structured content stands in where there is no text. */
export function textOfResult({ content, structuredContent }: CallToolResult): string {
  const lines = content.map((block): string => {
    switch (block.type) {
      case 'text':
        return block.text
      case 'image':
      case 'audio':
        return `[${block.type}, ${block.mimeType}]`
      case 'resource':
        return `[resource, ${block.resource.uri}]`
      case 'resource_link':
        return `[resource link, ${block.uri}]`
      default:
        return '[content of another kind]'
    }
  })
  const hasText = content.some(({ type }) => type === 'text')
  if (!hasText && structuredContent !== undefined) lines.unshift(JSON.stringify(structuredContent))
  return lines.join('\n')
}

/**
 * At most so many octets of UTF-8, and a last line that says what is missing: a model that is given half a table must be able to know it.
 * Lone surrogates become U+FFFD, so that the text has one digest.
 */
export function limitText(text: string, maxBytes: number): string {
  const octets = Buffer.from(text, 'utf8')
  if (octets.length <= maxBytes) return octets.toString('utf8')
  let end = maxBytes
  // Not within a character: 0b10xxxxxx goes on one that began before.
  while (end > 0 && ((octets[end] ?? 0) & 0xc0) === 0x80) end--
  return `${octets.toString('utf8', 0, end)}\n[cut here: the first ${end} of ${octets.length} octets]`
}
