/** Compares an authentic document with a policy. Called by {@link verifyNitroDocument} once the signature stands. @module */
import { encodeHex, isZero } from '../encoding/bytes.ts'
import type { Checker } from '../verdict.ts'
import type { NitroCheck } from './checks.ts'
import type { NitroDocument } from './payload.ts'
import { type NitroPolicy, registerPins } from './policy.ts'
import { MEASURED_REGISTERS, type NitroMeasurements, nitroMeasurements } from './registers.ts'

/** The hypervisor's clock against the time of judgement: a document from the future was judged too early, an old one may be a replay. */
export function appraiseTime(
  check: Checker<NitroCheck>,
  { timestamp }: NitroDocument,
  { maxAgeSeconds, futureSkewSeconds }: NitroPolicy['time'],
  at: Date,
): void {
  const ageMs = at.getTime() - timestamp
  const seen = new Date(timestamp).toISOString()
  check.that('timestamp', ageMs >= -1000 * futureSkewSeconds, 'NITRO_TIMESTAMP', {
    seen,
    wanted: `at most ${futureSkewSeconds} s after ${at.toISOString()}`,
  })
  if (check.demands('age', maxAgeSeconds, seen))
    check.that('age', ageMs <= 1000 * maxAgeSeconds, 'NITRO_TIMESTAMP', {
      seen,
      wanted: `at most ${maxAgeSeconds} s before ${at.toISOString()}`,
    })
}

const DEBUG_REGISTERS = [0, 1, 2] as const

/**
 * A debug enclave's document is genuine and has zeros in PCR0, 1 and 2, while its parent reads its console; PCR4 stays set.
 *
 * NitroTPM has no such mode, but firmware measures into PCR0 to 7 before anything runs (TCG PC Client Platform Firmware Profile, PCR usage),
 * so there zeros say that nothing was measured: refused alike. A register that is not there counts as zero.
 */
export function appraiseDebug(check: Checker<NitroCheck>, { pcrs }: NitroDocument): void {
  const measured = DEBUG_REGISTERS.some((index) => !isZero(pcrs.get(index) ?? new Uint8Array()))
  check.that('debug', measured, 'NITRO_DEBUG', {
    pass: 'off',
    fail: 'PCR0, PCR1 and PCR2 are zero',
  })
}

/** What runs. A row matches as a whole: PCR0 of one with PCR1 of another was never built. */
export function appraiseMeasurement(
  check: Checker<NitroCheck>,
  document: NitroDocument,
  rows: readonly NitroMeasurements[] | 'unchecked',
): void {
  const seen = measuredOf(nitroMeasurements(document))
  const shown = MEASURED_REGISTERS[document.kind].map((index, i) => `PCR${index} ${seen[i] || 'absent'}`)
  if (rows === 'unchecked') {
    check.unchecked('measurement', `${shown.join(', ')}; unchecked`)
    return
  }
  const wanted = rows.filter((row) => row.document === document.kind).map(measuredOf)
  // By hand a row may hold an empty text, and so name a register that is absent.
  const matches = wanted.some((row) => row.every((value, i) => value !== '' && value === seen[i]))
  const foreign = shown.filter((_, i) => !wanted.some((row) => row[i] === seen[i]))
  check.that('measurement', matches, 'MEASUREMENT_MISMATCH', {
    pass: shown.join(', '),
    fail: foreign.length > 0 ? `in no row: ${foreign.join(', ')}` : `of several rows: ${shown.join(', ')}`,
    seen: seen.join(' '),
    wanted: wanted.length === 1 ? (wanted[0] ?? []).join(' ') : `one of ${wanted.length} rows`,
  })
}

function measuredOf(row: NitroMeasurements): readonly string[] {
  switch (row.document) {
    case 'enclave':
      return [row.pcr0, row.pcr1, row.pcr2]
    case 'nitrotpm':
      return [row.pcr4, row.pcr7, row.pcr12]
    default:
      return row satisfies never
  }
}

/** A register that policy names and the document lacks was never locked: nothing is known of it, so it fails. */
export function appraiseRegisters(check: Checker<NitroCheck>, { pcrs }: NitroDocument, policy: NitroPolicy): void {
  const pins = registerPins(policy.pcrs)
  if (pins.length === 0) {
    check.unchecked('registers', 'policy names none beside the measured ones: unchecked')
    return
  }
  const rows = pins.map(([index, wanted]) => {
    const content = pcrs.get(index)
    const seen = content === undefined ? 'absent' : encodeHex(content)
    return { seen: `PCR${index} ${seen}`, wanted: `PCR${index} ${wanted.join(' or ')}`, matches: wanted.includes(seen) }
  })
  const wrong = rows.find(({ matches }) => !matches)
  check.that('registers', wrong === undefined, 'MEASUREMENT_MISMATCH', {
    seen: wrong?.seen ?? rows.map(({ seen }) => seen).join(', '),
    wanted: wrong?.wanted ?? rows.map(({ wanted }) => wanted).join(', '),
  })
}
