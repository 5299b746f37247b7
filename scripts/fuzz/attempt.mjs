// One input: what came of it, how long it took, and how much it made.
import { getHeapStatistics } from 'node:v8'
import { MalformedError } from '../../src/errors.ts'

/** Milliseconds of a processor that no single input may take: a busy machine is not the input's doing. */
export const MAX_MS = 50
/** Octets that a length that is only claimed may cost. */
export const MAX_ALLOCATION = 1 << 20

/** @returns the code of a refusal, `accepted`, or a fault */
function decodeOnce(decode, bytes) {
  try {
    decode(bytes)
    return { code: 'accepted' }
  } catch (error) {
    return error instanceof MalformedError ? { code: error.failure } : { fault: faultOf(error) }
  }
}

const faultOf = (error) =>
  `untyped exception: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`

async function verifyOnce({ verify }, good, bytes) {
  try {
    const { accepted, code } = await verify(bytes, good)
    return accepted ? { fault: 'accepted with other signed octets' } : { code }
  } catch (error) {
    return { fault: faultOf(error) }
  }
}

/** Those that this process took so far. */
function processorMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Compiling and collecting garbage count too: only what is slow three times is slow. */
function isSlow(ms, again) {
  return ms > MAX_MS && again() > MAX_MS && again() > MAX_MS
}

export function tryDecoder({ decode }, bytes) {
  const timed = () => {
    const started = processorMs()
    const outcome = decodeOnce(decode, bytes)
    return { outcome, ms: processorMs() - started }
  }
  const { outcome, ms } = timed()
  if (ms <= MAX_MS) return { ...outcome, ms }
  const slow = isSlow(ms, () => timed().ms)
  return { ...outcome, ms: slow ? ms : Math.min(timed().ms, ms), ...(slow && { fault: `${ms.toFixed(0)} ms` }) }
}

export async function tryVerifier(verifier, good, bytes) {
  const times = []
  let outcome
  do {
    const started = processorMs()
    outcome = await verifyOnce(verifier, good, bytes)
    times.push(processorMs() - started)
  } while (times.at(-1) > MAX_MS && times.length < 3)
  const ms = Math.min(...times)
  return { ...outcome, ms, ...(ms > MAX_MS && { fault: `${ms.toFixed(0)} ms` }) }
}

function allocated() {
  const { used_heap_size: heap, external_memory: external, malloced_memory: malloced } = getHeapStatistics()
  return heap + external + malloced
}

/** Octets that decoding makes; the least of three, as collecting garbage and compiling blur one. */
export function allocationOf({ decode }, bytes) {
  const sizes = []
  do {
    const before = allocated()
    decodeOnce(decode, bytes)
    sizes.push(Math.max(0, allocated() - before))
  } while (sizes.at(-1) > MAX_ALLOCATION / 16 && sizes.length < 3)
  return Math.min(...sizes)
}
