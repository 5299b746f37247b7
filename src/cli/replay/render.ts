/** How a replay looks on a terminal, and to machines. @module */

import type { Divergence, OutputDifference } from '../../replay/index.ts'
import type { Judged } from '../evidence/judge-archive.ts'
import { paint, printable, renderChecks, renderFields, SIMULATED_BANNER } from '../output.ts'
import type { LiveRow } from './live-row.ts'
import type { Replays } from './run.ts'

const COMPARED = {
  octets: 'every octet of the answer',
  choices: 'every choice of the answer',
  'output-digest': 'the digest of its choices',
} as const

/** Texts are of an answer: shown as JSON strings, so that spaces and line ends are seen. */
function renderDivergence({ part, choice, token, recorded, replayed }: Divergence, why: string): string {
  const place = [
    ...(token === undefined ? [] : [`token ${token}`]),
    ...(choice === undefined ? [] : [`choice ${choice}`]),
  ]
  const fields = renderFields([
    ['recorded', recorded === '' ? 'ends here' : JSON.stringify(recorded)],
    ['replayed', replayed === '' ? 'ends here' : JSON.stringify(replayed)],
    ['why', why],
  ])
  return `DIVERGENT in ${part}${place.length === 0 ? '' : `, first at ${place.join(' of ')}`}\n${fields}`
}

function renderDifference({ member, choice, character, recorded, replayed }: OutputDifference, why: string): string {
  const place = [
    ...(character === undefined ? [] : [`character ${character}`]),
    ...(choice === undefined ? [] : [`choice ${choice}`]),
  ]
  const fields = renderFields([
    ['recorded', recorded === '' ? 'nothing' : JSON.stringify(recorded)],
    ['replayed', replayed === '' ? 'nothing' : JSON.stringify(replayed)],
    ['why', why],
  ])
  return `in ${printable(member)}${place.length === 0 ? '' : `, first at ${place.join(' of ')}`}\n${fields}`
}

type Result = Replays[number]['result']

function renderResult(result: Result, colour: boolean): string {
  switch (result.kind) {
    case 'identical':
      return paint(
        'tokens' in result
          ? `identical: ${result.tokens} tokens, ${COMPARED[result.by]}`
          : `identical: ${COMPARED[result.by]}; ${result.why}`,
        '32;1',
        colour,
      )
    case 'divergent':
      return paint(
        'divergence' in result
          ? renderDivergence(result.divergence, result.why)
          : `DIVERGENT ${renderDifference(result.difference, result.why)}`,
        '31;1',
        colour,
      )
    case 'other':
      return paint(`not proven: other ${renderDifference(result.difference, result.why)}`, '33;1', colour)
    case 'refused':
      return `${paint(`not replayed: ${result.code}`, '33;1', colour)}\n  ${printable(result.why)}`
    case 'not-compared':
      return `${paint('not compared', '33;1', colour)}\n  ${printable(result.why)}`
  }
}

const MARKS = { same: '✓', other: '✗', 'not-asked': '·' } as const

/** What tools and documents give now, a line each. */
function renderLive(rows: readonly LiveRow[]): string {
  if (rows.length === 0) return '\nasked again: the answer relied on no tools and no documents of the gateway\n'
  const lines = rows.map(({ kind, name, status, detail }) => `  ${MARKS[status]} ${kind} ${name}: ${status}, ${detail}`)
  return `\nasked again, live:\n${lines.map(printable).join('\n')}\n`
}

/** What the archive's own verdict came to, in a line. */
function renderJudged({ verdict, result }: Judged): string {
  if (verdict.ok) return `the archive verifies${verdict.simulated ? ' (simulated)' : ''}: ${printable(result)}`
  return `the archive does NOT verify: ${verdict.code}; countersign verify shows where`
}

/** What came of one run of the command. */
export interface Outcome {
  readonly judged: Judged
  readonly replays: Replays
  /** Undefined where nothing was asked again. */
  readonly live: readonly LiveRow[] | undefined
}

export function renderReplay({ judged, replays, live }: Outcome, colour: boolean): string {
  const banner = judged.verdict.simulated ? `${paint(SIMULATED_BANNER, '33;1', colour)}\n` : ''
  const conditions = renderChecks(replays.at(-1)?.conditions ?? [], { colour })
  const results = replays.map(({ result }, at) => {
    const step = at < replays.length - 1 ? `step ${at + 1}, which asked for tools: ` : ''
    return `${step}${renderResult(result, colour)}`
  })
  return `${renderJudged(judged)}\n\n${conditions}\n\n${banner}${results.join('\n')}\n${live ? renderLive(live) : ''}`
}

export function replayJson({ judged: { verdict, more }, replays, live }: Outcome): string {
  const { ok, simulated } = verdict
  const judged = { verified: ok, ...(verdict.ok ? {} : { code: verdict.code }), simulated, ...more }
  const steps = replays.slice(0, -1)
  return `${JSON.stringify({ archive: judged, ...replays.at(-1), ...(steps.length > 0 && { steps }), ...(live && { live }) })}\n`
}
