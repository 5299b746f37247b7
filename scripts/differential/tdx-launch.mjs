// What TDX launches measure: launches beside the answers of the field's calculators, which are frozen in attestation-fixtures, and logs of
// boots beside the field's reader of them, genuine ones through the command and what is made of them through what it calls.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../prepare.mjs'
import { changedByChance, madeOf } from './ccel-cases.mjs'
import { askCcelPeer, CCEL_PEER, makeCcelPeer } from './ccel-peer.mjs'
import { launchOf } from './tdx-launches.mjs'

const FROZEN = join(root, 'attestation-fixtures/measurement/tdx/launches.json')

/**
 * Why one of the two refuses what the other reads, by the words of whoever refuses. None of them gives a log two values: a register that both
 * give is the same.
 */
const REFUSED_HERE = [
  ['a text that is not that of its digest', /its text does not hash to/],
  ['an event of MRTD or of no register, or octets behind the padding', /register index \d+; 1 to 4 are due/],
  ['padding of other octets than its first', /^EVENT_LOG_MALFORMED: .*(needs \d+ bytes|has \d+ digests)/],
  ['a first record with a digest', /digest of the Spec ID event/],
  ['a list of algorithms that is not read one way', /is listed twice or has digests|\d+ algorithms, at most 8/],
  ['an event with two digests of one algorithm', /has (\d+ digests, \d+ are known|a second or unknown digest)/],
  ['more octets or events than the limit', /^EVENT_LOG_TOO_LARGE/],
]
const REFUSED_THERE = [
  ['padding that ends within an event head', /^(unexpected )?EOF$/],
  ['another version beside the same signature of the first record', /invalid spec (major|minor) version/],
]

const nameOf = (rules, refused) => rules.find(([, words]) => words.test(refused))?.[0]

/** @returns `{ value }`, or `{ refused }` with the code */
function attempt(read) {
  try {
    return { value: read() }
  } catch (error) {
    if (error.failure === undefined) throw error
    return { refused: `${error.failure}: ${error.message}` }
  }
}

/** All four as verifiers replay them; refused where the command refuses a text. */
function readingOf({ eventLog, tdxLog }, octets) {
  const read = attempt(() => eventLog.listEvents({ format: 'ccel', octets: new Uint8Array(octets) }))
  if (read.refused !== undefined) return read
  const registers = [0, 1, 2, 3].map((register) => Buffer.from(eventLog.replay(read.value, register)).toString('hex'))
  const boot = attempt(() => tdxLog.replayBoot(read.value, { known: [], given: [], firmware: 'none' }).measurements)
  if (boot.refused !== undefined) return { registers, refused: boot.refused }
  const { rtMr0, rtMr1, rtMr2 } = boot.value
  return { registers: [rtMr0, rtMr1, rtMr2, registers[3]] }
}

/** What `measure tdx --ccel` prints of a file. */
async function registersPrinted(command, file) {
  const printed = []
  const io = {
    out: (text) => printed.push(text),
    err() {},
    colour: false,
    progress: false,
    env: {},
    now: () => new Date(0),
  }
  await command.run(['tdx', '--ccel', file, '--json'], io)
  const { rtMr0, rtMr1, rtMr2 } = JSON.parse(printed.join('')).measurements
  return [rtMr0, rtMr1, rtMr2]
}

/** @returns `{ difference }`, `{ explained }` with a name, or neither where both say the same */
function judge(name, ours, theirs) {
  const shown = `${name}: ${JSON.stringify({ ours, theirs })}`
  if (ours.refused !== undefined && theirs.refused !== undefined) return {}
  const both = ours.registers !== undefined && theirs.registers !== undefined
  if (both && (ours.registers.join() !== theirs.registers.join() || theirs.verified !== 'yes'))
    return { difference: shown }
  if (ours.refused !== undefined) {
    const explained = nameOf(REFUSED_HERE, ours.refused)
    return explained === undefined ? { difference: shown } : { explained: `refused here alone: ${explained}` }
  }
  if (theirs.refused !== undefined) {
    const explained = nameOf(REFUSED_THERE, theirs.refused)
    return explained === undefined ? { difference: shown } : { explained: `refused there alone: ${explained}` }
  }
  return {}
}

/** Whatever the firmware's state is: the field's reader wants one order of events for it, and registers do not. */
const stateOf = ({ name, extracted }) =>
  `genuine ${name}: the same registers${extracted === 'yes' ? '' : `; its reading of the firmware's state stops: ${extracted.split('\n')[0]}`}`

async function compareLogs(built, { count, seed, progress }) {
  const peer = makeCcelPeer()
  if (peer === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'countersign-ccel-'))
  try {
    const genuine = peer.logs.map((log) => ({ ...log, genuine: true }))
    const made = peer.logs.flatMap(madeOf)
    const chance = Array.from({ length: count }, (_, index) => changedByChance(peer.logs, { seed, index }))
    const cases = [...genuine, ...made, ...chance].map((one, index) => ({ ...one, file: join(folder, String(index)) }))
    const ours = cases.map(({ octets, file }, index) => {
      if (index % 50 === 0) progress(`event logs: ${index} of ${cases.length}`)
      writeFileSync(file, octets)
      return readingOf(built, octets)
    })
    const theirs = askCcelPeer(
      peer,
      cases.map(({ file, genuine: extract = false }, i) => ({
        log: file,
        registers: ours[i].registers ?? null,
        extract,
      })),
    )
    const judged = cases.map(({ name }, i) => judge(name, ours[i], theirs[i]))
    for (const [i, { name, file }] of genuine.map((_, at) => [at, cases[at]])) {
      const printed = await registersPrinted(built.measure, file)
      if (printed.join() !== theirs[i].registers.slice(0, 3).join())
        judged.push({ difference: `${name}: printed ${printed}` })
    }
    const states = genuine.map(({ name }, i) => stateOf({ name, ...theirs[i] }))
    return { genuine: genuine.length, made: made.length, cases: cases.length, judged, states }
  } finally {
    progress('')
    rmSync(folder, { recursive: true })
  }
}

function compareFrozen({ tdx }) {
  const { vectors, reference } = JSON.parse(readFileSync(FROZEN, 'utf8'))
  const differences = vectors.flatMap(({ launch, expected }) => {
    const ours = tdx.tdxMeasurements(launchOf(launch))
    return Object.entries(expected)
      .filter(([register, value]) => ours[register] !== value)
      .map(([register, value]) => `${launch.name}, ${register}: countersign ${ours[register]}, frozen ${value}`)
  })
  return { cases: vectors.length, reference, differences }
}

function counted(names) {
  const counts = new Map()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => `${count} ${name}`)
}

/**
 * @param built `tdx` and `eventLog` of the core, `tdxLog` and `measure` of the command
 * @returns `{ title, cases, differences }`, launches alone where the field's reader of logs cannot be had
 */
export async function compareTdxLaunches(built, options) {
  const frozen = compareFrozen(built)
  const logs = await compareLogs(built, options)
  const title = `tdx-launch: ${frozen.cases} launches against frozen answers of ${frozen.reference}`
  if (logs === undefined) return { title, cases: frozen.cases, differences: frozen.differences }
  const explained = counted(logs.judged.flatMap(({ explained: name }) => (name === undefined ? [] : [name])))
  const beside = `${logs.cases} event logs beside ${CCEL_PEER.name} ${CCEL_PEER.version}: ${logs.genuine} genuine, ${logs.made} made of them, ${options.count} changed by chance (seed ${options.seed})`
  return {
    title: [`${title}; ${beside}`, ...logs.states.map((one) => `  ${one}`), ...explained.map((one) => `  ${one}`)].join(
      '\n',
    ),
    cases: frozen.cases + logs.cases,
    differences: [
      ...frozen.differences,
      ...logs.judged.flatMap(({ difference }) => (difference === undefined ? [] : [difference])),
    ],
  }
}
