/** The simulated device as a server meets it: slow, throttled and, on request, faulty. @module */
import type { Quote, Quoter } from '../core/evidence/quoter.ts'
import { CountersignError } from '../errors.ts'

/** After `burst` reports the device stalls for `stallMs`, counted from the last of them; then the count begins anew. */
export interface Throttle {
  readonly burst: number
  readonly stallMs: number
}

/**
 * What goes wrong in a call: `error` throws ERR_QUOTE, `hang` never answers (later calls do), `garbage` answers octets of the right
 * number that are no evidence, `wrong-report-data` answers well-signed evidence over other data.
 */
export type Fault = 'none' | 'error' | 'hang' | 'garbage' | 'wrong-report-data'

/** By call, counted from 0: a list (calls behind its end go well) or a function. */
export type Faults = readonly Fault[] | ((call: number) => Fault)

/** What a device of one platform hands out; `Q` is that platform's quote. */
export interface SimulatedQuoter<Q extends Quote> extends Quoter {
  readonly tee: Q['tee']
  quote(reportData: Uint8Array): Promise<Q>
}

export interface SimulatedDeviceDeps<Q extends Quote> {
  readonly tee: Q['tee']
  /** The signed evidence over 64 octets: the one part that a fault alters. */
  readonly evidenceOf: (reportData: Uint8Array) => Uint8Array
  /** What the platform hands out around it. */
  readonly quoteOf: (evidence: Uint8Array) => Q
  readonly latencyMs: number
  readonly throttle: Throttle | 'none'
  readonly faults: Faults
  readonly clock: () => Date
  readonly sleep: (ms: number) => Promise<void>
}

const REPORT_DATA_SIZE = 64
const GARBAGE = 0xa5

/** Makes the quoter. Calls are served one after the other, like the device's. */
export function createSimulatedDevice<Q extends Quote>(deps: SimulatedDeviceDeps<Q>): SimulatedQuoter<Q> {
  const turn = createTurnstile(deps)
  let calls = 0
  return {
    tee: deps.tee,
    simulated: true,
    async quote(reportData) {
      if (reportData.length !== REPORT_DATA_SIZE)
        throw new CountersignError('ERR_USAGE', `report data has ${reportData.length} bytes, not ${REPORT_DATA_SIZE}`)
      const data = reportData.slice()
      const call = calls++
      await turn()
      const { faults } = deps
      return answer(typeof faults === 'function' ? faults(call) : (faults[call] ?? 'none'), data, deps)
    },
  }
}

function answer<Q extends Quote>(
  fault: Fault,
  reportData: Uint8Array,
  { evidenceOf, quoteOf }: Pick<SimulatedDeviceDeps<Q>, 'evidenceOf' | 'quoteOf'>,
): Promise<Q> | Q {
  switch (fault) {
    case 'none':
      return quoteOf(evidenceOf(reportData))
    case 'error':
      throw new CountersignError('ERR_QUOTE', 'simulated fault: the device gave no report')
    case 'hang':
      return new Promise(() => {})
    case 'garbage':
      return quoteOf(evidenceOf(reportData).fill(GARBAGE))
    case 'wrong-report-data':
      return quoteOf(evidenceOf(reportData.map((octet) => octet ^ 0xff)))
    default:
      return fault satisfies never
  }
}

/** Waits for the turn of a call: behind earlier calls, the stall and the latency. */
function createTurnstile({
  latencyMs,
  throttle,
  clock,
  sleep,
}: Pick<SimulatedDeviceDeps<Quote>, 'latencyMs' | 'throttle' | 'clock' | 'sleep'>): () => Promise<void> {
  let last: Promise<void> = Promise.resolve()
  let served = 0
  let stalledUntil = 0
  const pass = async (): Promise<void> => {
    const left = stalledUntil - clock().getTime()
    if (left > 0) await sleep(left)
    if (latencyMs > 0) await sleep(latencyMs)
    if (throttle === 'none') return
    served += 1
    if (served % throttle.burst === 0) stalledUntil = clock().getTime() + throttle.stallMs
  }
  return () => {
    last = last.then(pass, pass)
    return last
  }
}
