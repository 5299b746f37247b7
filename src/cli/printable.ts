/** Text of others on a terminal. It stands alone so that a command that judges nothing loads no verdicts. @module */

/** Attackers write some details; a terminal must not obey them: no control characters, none that turns the direction or hides. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?')
}

/** `name  value` lines, aligned. */
export function renderFields(fields: readonly (readonly [string, string])[]): string {
  const width = Math.max(...fields.map(([name]) => name.length))
  return fields.map(([name, value]) => `  ${name.padEnd(width)}  ${printable(value)}`).join('\n')
}
