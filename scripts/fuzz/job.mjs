// A part of the inputs of one target, and what came of them. The inputs follow from seed, target and part alone.
import { allocationOf, MAX_ALLOCATION, tryDecoder, tryVerifier } from './attempt.mjs'
import { mutate, putLength } from './mutate.mjs'
import { createRandom } from './random.mjs'

const MAX_FAILURES = 20
const HUGE = [0xffff_ffffn, 0x0fff_ffffn, 0x7fff_ffffn, 0x100_0000n]

function createTally() {
  return { inputs: 0, ms: 0, slowest: 0, largest: 0, codes: {}, failures: [] }
}

function count(tally, { code = 'failure', fault, ms }, bytes) {
  tally.inputs += 1
  tally.slowest = Math.max(tally.slowest, ms)
  tally.codes[code] = (tally.codes[code] ?? 0) + 1
  if (fault !== undefined) fail(tally, fault, bytes)
}

function fail(tally, fault, bytes) {
  if (tally.failures.length < MAX_FAILURES) tally.failures.push({ fault, hex: Buffer.from(bytes).toString('hex') })
  else tally.failures.push({ fault })
}

async function each(target, inputs) {
  const tally = createTally()
  const started = performance.now()
  if (target.decode !== undefined) for (const bytes of inputs) count(tally, tryDecoder(target, bytes), bytes)
  else {
    const good = await target.prepare()
    for (const bytes of inputs) count(tally, await tryVerifier(target, good, bytes), bytes)
  }
  tally.ms = performance.now() - started
  return tally
}

function* mutations({ name, samples }, { seed, part, count: size }) {
  const random = createRandom(`${seed} ${name} ${part}`)
  for (let at = 0; at < size; at++) yield mutate(samples, random)
}

/** Every proper head of every sample, or every `step`-th. */
function* heads({ samples }, { step }) {
  for (const sample of samples) for (let size = 0; size < sample.length; size += step) yield sample.slice(0, size)
}

/** Numbers far beyond the input wherever one may stand. */
function* claims({ samples }, { step }) {
  for (const sample of samples)
    for (let at = 0; at < sample.length; at += step)
      for (const [index, value] of HUGE.entries())
        yield putLength(Uint8Array.from(sample), { at, width: 4, value, little: index % 2 === 0 })
  for (const head of ['9b', 'bb', '5b', '7b', '30', '84'])
    for (const size of ['0000000fffffffff', '00000000ffffffff', 'ffffffffffffffff'])
      yield new Uint8Array(Buffer.from(`${head}${size}`, 'hex'))
}

function measureClaims(target, options) {
  const tally = createTally()
  const started = performance.now()
  for (const bytes of claims(target, options)) {
    const size = allocationOf(target, bytes)
    tally.inputs += 1
    tally.largest = Math.max(tally.largest, size)
    if (size > MAX_ALLOCATION) fail(tally, `${size} octets allocated`, bytes)
  }
  tally.ms = performance.now() - started
  return tally
}

/** @param job `{ kind: 'mutations' | 'heads' | 'claims', … }` */
export async function perform(target, job) {
  switch (job.kind) {
    case 'mutations':
      return await each(target, mutations(target, job))
    case 'heads':
      return await each(target, heads(target, job))
    case 'claims':
      return measureClaims(target, job)
    default:
      throw new TypeError(`no job ${job.kind}`)
  }
}

/** One stored input again. */
export async function replay(target, bytes) {
  return await each(target, [bytes])
}
