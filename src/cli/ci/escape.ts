/**
 * Attackers write some of what reports show: a gateway its documents, a builder its bundles. Each form of a report has its own way to be
 * broken out of. @module
 */
import { printable } from '../output.ts'

const MAX_LENGTH = 400

function bounded(text: string): string {
  const shown = [...printable(text)]
  return shown.length <= MAX_LENGTH ? shown.join('') : `${shown.slice(0, MAX_LENGTH).join('')}…`
}

/**
 * Text for Markdown with tables, in a code element: references to characters are never syntax, and inside of code nobody is mentioned.
 * Full stop, colon, slash and `@` are among them, as bare addresses become links. GitHub Flavored Markdown 2.5, 6.9.
 */
export function markdownCode(text: string): string {
  const literal = bounded(text).replace(/[^\p{L}\p{N} ,;+=%'’…-]/gu, (char) => `&#${char.codePointAt(0)};`)
  // An empty element would be dropped, and a reader would take the cell for one that says nothing.
  return `<code>${literal.trim() === '' ? '&#8211;' : literal}</code>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Text or the value of an attribute. XML 1.0, 2.2: a document with a character outside of Char is none. */
export function xml(text: string): string {
  return bounded(text)
    .replace(/[\ufffe\uffff]/g, '?')
    .replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '?')
}

/** Plain text of a SARIF message, in which brackets make links and braces are placeholders. SARIF 2.1.0, 3.11.5 and 3.11.6. */
export function sarifText(text: string): string {
  return bounded(text).replace(/[[{]/g, '(').replace(/[\]}]/g, ')').replaceAll('\\', '/')
}
