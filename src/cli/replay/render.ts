/** How a replay looks on a terminal, and to machines. @module */

import type { Divergence, Replay } from '../../replay/index.ts'
import type { Judged } from '../evidence/judge-archive.ts'
import { paint, printable, renderChecks, renderFields, SIMULATED_BANNER } from '../output.ts'

const COMPARED = { octets: 'every octet of the answer', 'output-digest': 'the digest of its choices' } as const

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

function renderResult({ result }: Replay, colour: boolean): string {
  if (result.kind === 'identical')
    return paint(`identical: ${result.tokens} tokens, ${COMPARED[result.by]}`, '32;1', colour)
  if (result.kind === 'divergent') return paint(renderDivergence(result.divergence, result.why), '31;1', colour)
  const title = result.kind === 'refused' ? `not replayed: ${result.code}` : `not compared: ${result.tokens} tokens`
  return `${paint(title, '33;1', colour)}\n  ${printable(result.why)}`
}

/** What the archive's own verdict came to, in a line. */
function renderJudged({ verdict, result }: Judged): string {
  if (verdict.ok) return `the archive verifies${verdict.simulated ? ' (simulated)' : ''}: ${printable(result)}`
  return `the archive does NOT verify: ${verdict.code}; countersign verify shows where`
}

export function renderReplay(replay: Replay, judged: Judged, colour: boolean): string {
  const banner = judged.verdict.simulated ? `${paint(SIMULATED_BANNER, '33;1', colour)}\n` : ''
  const conditions = renderChecks(replay.conditions, { colour })
  return `${renderJudged(judged)}\n\n${conditions}\n\n${banner}${renderResult(replay, colour)}\n`
}

export function replayJson({ conditions, result }: Replay, { verdict, more }: Judged): string {
  const { ok, simulated } = verdict
  const judged = { verified: ok, ...(verdict.ok ? {} : { code: verdict.code }), simulated, ...more }
  return `${JSON.stringify({ archive: judged, conditions, result })}\n`
}
