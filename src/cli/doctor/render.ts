/** The examination for people. @module */
import { paint, printable, renderFields } from '../output.ts'
import type { Examination } from './examine.ts'

export function renderExamination(found: Examination, { colour }: { readonly colour: boolean }): string {
  const { platforms, runtime, node, koffi, kernel, clock, lookups, next, quote } = found
  const mark = (ok: boolean): string => paint(ok ? '✓' : '✗', ok ? '32' : '31', colour)
  const rows = platforms.map(({ name, available, why }) => `  ${mark(available)} ${name.padEnd(8)} ${printable(why)}`)
  const options = Object.entries(kernel.options).map(([name, value]) => `${name.slice('CONFIG_'.length)}=${value}`)
  const lines = [
    'This machine can attest as',
    ...rows,
    '',
    renderFields([
      ['quoter', found.quoter],
      [
        'runtime register',
        runtime.register === 'none'
          ? runtime.why
          : `${runtime.register}, ${runtime.available ? 'available' : 'not available'}: ${runtime.why}`,
      ],
      ['Node', `${node.version}, ${node.why}`],
      ['koffi', koffi.why],
      ['kernel', `${kernel.release}, ${options.join(' ')}`],
      ['clock', `${clock.now}, ${clock.why}`],
      ...(quote === undefined ? [] : quoteFields(quote)),
    ]),
    '',
    'Looked for',
    ...lookups.map(({ what, found: there, detail }) => `  ${mark(there)} ${what}: ${printable(detail)}`),
    '',
    'Next',
    ...next.map((sentence) => `  ${printable(sentence)}`),
  ]
  return `${lines.join('\n')}\n`
}

function quoteFields(quote: NonNullable<Examination['quote']>): readonly (readonly [string, string])[] {
  if (!quote.ok) return [['quote', `failed: ${quote.why}`]]
  return [
    ['quote', `${quote.octets} octets in ${quote.durationMs} ms, over the report data that were asked for`],
    ...Object.entries(quote.measurements).map(([name, value]) => [`  ${name}`, value] as const),
  ]
}
