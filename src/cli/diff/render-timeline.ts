/** A timeline for people and for machines: each session, and what changed from the one before it. @module */
import { isChange, type Row, sessionRows } from '../../core/diff/index.ts'
import type { ResourceDescriptor } from '../../core/evidence/resource-descriptor.ts'
import type { Session } from '../../core/evidence/session.ts'
import { printable } from '../output.ts'
import type { TimelineBoot, TimelineSession } from './read-timeline.ts'
import { renderChanges } from './render-rows.ts'

/** What nobody has held against leaves, signatures or hardware. */
export const NOTHING_JUDGED =
  'nothing was verified by timeline: these are the words of the gateway; countersign log audit holds them against log and hardware'

/** A session with its changes; `none` for the first one, `unknown` where the one before it is not there. */
export interface TimelineEntry extends TimelineSession {
  readonly changes: readonly Row[] | 'none' | 'unknown'
}

export interface TimelinePart extends Omit<TimelineBoot, 'sessions'> {
  readonly sessions: readonly TimelineEntry[]
}

/** Over boots too: a gateway that was started again with other weights is what a timeline is for. */
export function compareSessions(boots: readonly TimelineBoot[]): readonly TimelinePart[] {
  let before: Session | 'none' | 'unknown' = 'none'
  return boots.map((boot) => {
    const sessions = boot.sessions.map((entry): TimelineEntry => {
      const { session } = entry
      const last = before
      before = session ?? 'unknown'
      if (last === 'none') return { ...entry, changes: 'none' }
      if (last === 'unknown' || session === undefined) return { ...entry, changes: 'unknown' }
      return { ...entry, changes: sessionRows(last, session).filter(isChange) }
    })
    // What lies behind a fault, or in a log that shows no session, is not known: the next boot is compared with nothing.
    if (boot.faults.length > 0 || boot.sessions.length === 0) before = 'unknown'
    return { ...boot, sessions }
  })
}

function withRole({ dependencies }: Session, role: string): readonly ResourceDescriptor[] {
  return dependencies.filter(({ annotations }) => annotations.role === role)
}

function shortDescriptor({ name, digest, annotations }: ResourceDescriptor): string {
  return `${printable(name)} ${digest.sha256.slice(0, 16)}… (${annotations.source})`
}

function sessionLines({ epoch, digest, session, changes }: TimelineEntry, colour: boolean): string {
  if (session === undefined) return `  epoch ${epoch}  ${digest.slice(0, 23)}…  its session is not there\n`
  const time = new Date(session.iat * 1000).toISOString()
  const facts: readonly (readonly [string, string])[] = [
    [
      'code',
      [
        `${printable(session.swname)} ${printable(session.swversion[0])}`,
        ...withRole(session, 'software').map(shortDescriptor),
      ].join(', '),
    ],
    ['configuration', withRole(session, 'configuration').map(shortDescriptor).join(', ')],
    ['models', withRole(session, 'model').map(shortDescriptor).join(', ') || 'none with a digest'],
  ]
  const head = `  ${time}  epoch ${epoch}  session ${digest.slice(0, 23)}…\n`
  return `${head}${facts.map(([name, text]) => `      ${name.padEnd(13)}  ${text}\n`).join('')}${changeLines(changes, colour)}`
}

function changeLines(changes: TimelineEntry['changes'], colour: boolean): string {
  if (changes === 'none') return ''
  if (changes === 'unknown') return '      what changed cannot be told: the session before it is not there\n'
  if (changes.length === 0) return '      nothing changed but the keys\n'
  return `      changed\n${renderChanges(changes, { colour, indent: '        ' })}`
}

function previousWords(previous: TimelineBoot['previous']): string {
  if (previous === undefined) return ''
  if (previous.source === 'none') return ', names no log before it'
  const { origin, source, recovered, open } = previous
  const carried = `${recovered} receipts carried over, ${open} requests left open`
  return `, after ${printable(origin)} (as found on ${source === 'disk' ? 'disk' : 'a witness'}; ${carried})`
}

export function renderTimeline(parts: readonly TimelinePart[], colour: boolean): string {
  const boots = parts.map((part, i) => {
    const { id, origin, previous, sessions, missing, faults } = part
    const troubles = [...missing, ...faults].map((words) => `  ! ${printable(words)}\n`).join('')
    const head = `\nboot ${i + 1}  ${printable(origin ?? `log ${id}`)}${previousWords(previous)}\n`
    return `${head}${sessions.map((entry) => sessionLines(entry, colour)).join('')}${troubles}`
  })
  return `${NOTHING_JUDGED}\n${boots.join('')}${boots.length === 0 ? '\nno log is there\n' : ''}`
}

export function timelineJson(parts: readonly TimelinePart[]): string {
  const boots = parts.map(({ id, origin, previous, sessions, missing, faults }) => ({
    log: origin ?? null,
    id,
    previous: previous ?? null,
    missing,
    faults,
    sessions: sessions.map(({ epoch, digest, session, changes }) => ({
      epoch,
      session: digest,
      iat: session?.iat ?? null,
      code: session === undefined ? null : { swname: session.swname, swversion: session.swversion },
      dependencies: session?.dependencies ?? null,
      changes,
    })),
  }))
  return `${JSON.stringify({ note: NOTHING_JUDGED, boots })}\n`
}
