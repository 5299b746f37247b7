/** What a run measured as tables that read well on a terminal and in Markdown. */

const digits = (value, unit = '') =>
  `${Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2)}${unit}`
const times = (value) => `${value.toFixed(2)} x`
const optional = (value, format) => (value === undefined ? '' : format(value))

/** @param rows cells by column, the first of each to the left and the others to the right */
function table(heads, rows) {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i].length)))
  const pad = (text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))
  const line = (cells) => `| ${cells.map(pad).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(heads), rule, ...rows.map(line)].join('\n')
}

function requestTable(requests) {
  const heads = [
    'requests of 1 KB',
    'a second',
    'to the gateway',
    'CPU each',
    'to the bare stack',
    'added p50',
    'added p99',
  ]
  const rows = requests.map((result) => [
    result.name,
    digits(result.perSecond),
    times(result.throughputToGateway),
    digits(result.cpuMicros, ' µs'),
    times(result.cpuToBare),
    digits(result.addedP50Ms, ' ms'),
    digits(result.addedP99Ms, ' ms'),
  ])
  return table(heads, rows)
}

function streamTable(streams) {
  const heads = [
    'streams',
    'first octet',
    'added p50',
    'added p99',
    'CPU each event',
    'to the bare stack',
    'to the reading stack',
    'open: resident',
    'open: heap',
  ]
  const rows = streams.map((result) => [
    result.name,
    digits(result.firstByteP50Ms, ' ms'),
    digits(result.addedP50Ms, ' ms'),
    digits(result.addedP99Ms, ' ms'),
    optional(result.cpuMicros, (value) => digits(value, ' µs')),
    optional(result.cpuToBare, times),
    optional(result.cpuToReading, times),
    optional(result.residentKiB, (value) => digits(value, ' KiB')),
    optional(result.heapKiB, (value) => digits(value, ' KiB')),
  ])
  return table(heads, rows)
}

function receiptTable(receipts) {
  const heads = [
    'within the process',
    'CPU each',
    'at the speed of the targets',
    'to the floor',
    'a second',
    'to one by one',
    'p50',
    'p99',
  ]
  const rows = receipts.map((result) => [
    result.name,
    digits(result.cpuMicros, ' µs'),
    optional(result.cpuAtTargetSpeed, (value) => digits(value, ' µs')),
    optional(result.cpuToFloor, times),
    optional(result.perSecond, digits),
    optional(result.rateToOneByOne, times),
    optional(result.p50Ms, (value) => digits(value, ' ms')),
    optional(result.p99Ms, (value) => digits(value, ' ms')),
  ])
  return table(heads, rows)
}

function quotingTable({ devices, cost }) {
  const heads = [
    'device',
    'answers a second',
    'answers',
    'quotes',
    'a quote takes',
    'until quoted p50',
    'p99',
    'max',
    'device allows',
    'left unquoted',
  ]
  const rows = devices.map((result) => [
    result.name,
    digits(result.perSecond),
    String(result.answers),
    String(result.quotes),
    digits(result.quoteP50Ms, ' ms'),
    digits(result.p50Ms, ' ms'),
    digits(result.p99Ms, ' ms'),
    digits(result.maxMs, ' ms'),
    digits(result.allowedMs, ' ms'),
    String(result.unquoted),
  ])
  const spent = [
    'one quote a second',
    digits(cost.perSecond),
    digits(cost.withoutPerSecond),
    times(cost.throughputToWithout),
    digits(cost.receiptsPerQuote),
  ]
  const costHeads = ['64 lanes, closed loop', 'answers a second', 'without quoting', 'to without', 'receipts a quote']
  return [table(heads, rows), table(costHeads, [spent])].join('\n\n')
}

function historyTables({ proofs, opened, growing }) {
  const proofRow = [
    String(proofs.leaves),
    String(proofs.proofHashes),
    digits(proofs.proofOctets),
    digits(proofs.proveMs, ' ms'),
    digits(proofs.verifyMicros, ' µs'),
    digits(proofs.wholeMicros, ' µs'),
    digits(proofs.consistencyMicros, ' µs'),
  ]
  const proofHeads = [
    'leaves',
    'hashes',
    'octets of the proof',
    'proving',
    'inclusion alone',
    'with its checkpoint',
    'consistency',
  ]
  const openRow = [
    String(opened.leaves),
    digits(opened.openMs, ' ms'),
    digits(opened.firstProofMs, ' ms'),
    digits(opened.openMiB, ' MiB'),
    digits(growing.appendedPerSecond),
    digits(growing.atFewMiB, ' MiB'),
    digits(growing.atManyMiB, ' MiB'),
  ]
  const openHeads = [
    'leaves',
    'opening',
    'first proof',
    'memory to open',
    'appended a second',
    `memory at ${growing.leaves}`,
    `at ${growing.manyLeaves}`,
  ]
  return [table(proofHeads, [proofRow]), table(openHeads, [openRow])].join('\n\n')
}

function clientTable({ results }) {
  const heads = [
    'clients',
    'CPU each event',
    'added',
    'to fetch',
    'portions an event',
    'CPU each answer',
    'added',
    'answer p50',
    'added',
  ]
  return table(
    heads,
    results.map((result) => [
      result.name,
      digits(result.eventMicros, ' µs'),
      digits(result.eventAddedMicros, ' µs'),
      times(result.eventToPlain),
      digits(result.portionsPerEvent),
      digits(result.answerMicros, ' µs'),
      digits(result.answerAddedMicros, ' µs'),
      digits(result.answerP50Ms, ' ms'),
      digits(result.answerAddedMs, ' ms'),
    ]),
  )
}

function launchTable({ files, one, several, hashAloneMs, hashInNodeMs, memory }) {
  const heads = ['measuring launches', 'countersign', 'sev-snp-measure', 'ratio']
  const speeds = [one, several].map(({ shapes, ms, toolMs, faster }) => [
    `${files}: ${shapes} ${shapes === 1 ? 'shape' : 'shapes'}`,
    digits(ms, ' ms'),
    optional(toolMs, (value) => digits(value, ' ms')),
    optional(faster, times),
  ])
  const peaks =
    memory === undefined
      ? []
      : [
          ['peak memory', digits(memory.whole, ' MiB'), optional(memory.tool, (value) => digits(value, ' MiB')), ''],
          ['peak memory, above that of its --help', digits(memory.added, ' MiB'), '', ''],
        ]
  const floors = [
    ['SHA-256 of both files, a bare Node process', digits(hashInNodeMs, ' ms'), '', ''],
    ['SHA-256 of both files alone', digits(hashAloneMs, ' ms'), '', ''],
  ]
  return table(heads, [...speeds, ...floors, ...peaks])
}

function measuringTable({ several, large }) {
  const heads = ['measuring weights', 'takes', 'MiB a second', 'sha256sum takes']
  return table(
    heads,
    [...several, ...large].map(({ files, name, ms, mebibytesPerSecond, toSum }) => [
      `${files}: ${name}`,
      digits(ms, ' ms'),
      digits(mebibytesPerSecond),
      times(toSum),
    ]),
  )
}

function verifyTable({ results, leaves }) {
  const heads = [`verifying, log of ${leaves} leaves`, 'each', 'to the floor']
  return table(
    heads,
    results.map(({ name, micros, toFloor }) => [name, digits(micros, ' µs'), times(toFloor)]),
  )
}

/** Each work with its floor, the peer's time and the target; fresh processes below it. */
function platformTables({ results, cold, evidence }) {
  const target = ({ limitMicros, times: least }) =>
    limitMicros === undefined ? '' : `<= ${limitMicros} µs${least === undefined ? '' : `, ${least} x`}`
  const met = ({ micros, limitMicros, peerTimes, times: least }) => {
    if (limitMicros === undefined) return ''
    const inTime = verdictOf(micros / limitMicros)
    return least === undefined ? inTime : `${inTime}; ${verdictOf(least / peerTimes)}`
  }
  const rows = results.map((result) => [
    result.name,
    digits(result.micros, ' µs'),
    digits(result.leastMicros, ' µs'),
    optional(result.toFloor, times),
    result.floor ?? '',
    optional(result.peerTimes, times),
    target(result),
    met(result),
  ])
  const starts = cold.map(({ name, processMs, importMs, verdictMs, cpuMs }) => [
    name,
    digits(processMs, ' ms'),
    digits(importMs, ' ms'),
    digits(verdictMs, ' ms'),
    digits(cpuMs, ' ms'),
  ])
  return [
    `TDX evidence: ${evidence.tdx}. Nitro evidence: ${evidence.nitro}. SNP evidence and all that is judged anew: simulated.`,
    table(['judging evidence', 'CPU each', 'least', 'to its floor', 'floor', 'the peer takes', 'target', ''], rows),
    table(['a fresh process, one TDX quote', 'start to verdict', 'import', 'import to verdict', 'CPU of that'], starts),
  ].join('\n\n')
}

function verdictOf(missedBy) {
  if (missedBy === undefined) return ''
  return missedBy <= 1 ? 'met' : `missed ${missedBy.toFixed(2)} x`
}

function figureTable(figures) {
  const heads = ['figure to beat', 'peers (earlier)', 'limit (earlier)', 'ours to be', 'measured', '']
  return table(
    heads,
    figures.map(({ work, peers, limit, ours, measured, missedBy }) => [
      work,
      peers,
      limit,
      ours,
      measured,
      verdictOf(missedBy),
    ]),
  )
}

const TABLES = {
  requests: requestTable,
  streams: streamTable,
  receipts: receiptTable,
  quoting: quotingTable,
  verifying: verifyTable,
  platforms: platformTables,
  history: historyTables,
  client: clientTable,
  measuring: measuringTable,
  launch: launchTable,
}

/** The whole report, of the parts that ran. */
export function formatReport({ machine, parts, figures }) {
  return [
    `Node ${machine.node}, ${machine.cores} cores, load ${machine.load.toFixed(1)} before the run. All ratios are of this one run, taken round by round.`,
    ...Object.keys(TABLES)
      .filter((name) => parts[name] !== undefined)
      .map((name) => TABLES[name](parts[name])),
    ...(figures.length === 0 ? [] : [figureTable(figures)]),
  ].join('\n\n')
}
