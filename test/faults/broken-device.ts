/** A device that gives good evidence until it is broken, and again when it is healed. @module */
import { randomBytes } from 'node:crypto'
import type { Quote, Quoter } from '../../src/core/evidence/quoter.ts'

/**
 * `hang` answers late, when the device is well again; `lost` never; `throttle` one call a second; `measurement` is well-signed evidence of
 * other software; `flap` is a different one of all these each time.
 */
export type Breakage = 'error' | 'hang' | 'lost' | 'throttle' | 'garbage' | 'report-data' | 'measurement' | 'flap'

export interface BreakableDevice {
  readonly wrap: (inner: Quoter) => Quoter
  /** @param others a device of the same platform that runs other software */
  breakDown(breakage: Breakage, others: Quoter): void
  heal(): void
}

const THROTTLE_MS = 1_000
const FLAPS = ['error', 'garbage', 'report-data', 'measurement', 'well'] as const
type Mood = Breakage | 'well'

export function breakableDevice(pick: (end: number) => number): BreakableDevice {
  let mood: Mood = 'well'
  let others: Quoter | undefined
  let answeredMs = Number.NEGATIVE_INFINITY
  let heal = (): void => {}
  let healed = Promise.resolve()
  const answer = async (inner: Quoter, reportData: Uint8Array, as: Mood): Promise<Quote> => {
    switch (as) {
      case 'well':
        return inner.quote(reportData)
      case 'error':
        throw new Error('the device gave no report')
      case 'hang':
        await healed
        return inner.quote(reportData)
      case 'lost':
        return new Promise(() => {})
      case 'throttle':
        if (performance.now() - answeredMs < THROTTLE_MS) throw new Error('too many requests')
        answeredMs = performance.now()
        return inner.quote(reportData)
      case 'garbage':
        return garble(await inner.quote(reportData))
      case 'report-data':
        return inner.quote(new Uint8Array(randomBytes(reportData.length)))
      case 'measurement':
        return (others ?? inner).quote(reportData)
      case 'flap':
        return answer(inner, reportData, FLAPS[pick(FLAPS.length)] ?? 'well')
      default:
        return as satisfies never
    }
  }
  return {
    wrap: (inner) => ({ ...inner, quote: (reportData) => answer(inner, reportData, mood) }),
    breakDown(breakage, other) {
      mood = breakage
      others = other
      healed = new Promise((resolve) => {
        heal = resolve
      })
    },
    heal() {
      mood = 'well'
      heal()
    },
  }
}

/** As many octets as before, and no evidence. */
function garble(quote: Quote): Quote {
  return quote.tee === 'snp' ? { ...quote, report: quote.report.map((octet) => octet ^ 0xa5) } : quote
}
