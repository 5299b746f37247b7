/** Text that a gateway wrote, on its way into a page. @module */

const MAX_LENGTH = 500

/**
 * Nothing that a gateway wrote may act: control characters, those that turn the direction of text or hide, and lone surrogates are shown
 * as what they are, a replacement; combining marks pile up beyond their line and are kept to two. What is too long is cut.
 */
export function printable(text: string): string {
  const shown = text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}]/gu, '\ufffd')
    .replace(/(\p{M}{2})\p{M}+/gu, '$1\ufffd')
  const characters = [...shown]
  return characters.length <= MAX_LENGTH ? shown : `${characters.slice(0, MAX_LENGTH - 1).join('')}…`
}
