/**
 * The rows of "Figures to beat" with what this run measured. What peers reach, and what the machine can do at best, comes from earlier
 * measurements on two cores and is repeated here; it is no result of this run.
 */

import { nameOf } from './receipts.mjs'

const find = (results, name) => results.find((result) => result.name === name)

const atMost = (value, bound) => ({ missedBy: value / bound })
const atLeast = (value, bound) => ({ missedBy: bound / value })
const number = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))

function requestRows({ requests }) {
  const { cpuMicros, cpuToBare } = find(requests, 'gateway')
  return [
    {
      work: 'request, 1 KB: CPU, with receipt, durable and logged',
      peers: 'Portkey 626 µs; hono + undici 45-63; with hash and signed JWS 91',
      limit: 'hash, hash, sign 23 µs',
      ours: '<= 95 µs',
      measured: `${number(cpuMicros)} µs, ${number(cpuToBare)} times the same stack without receipt`,
      ...atMost(cpuMicros, 95),
    },
  ]
}

function streamRows({ streams }, { openStreams }) {
  const { addedP50Ms, cpuMicros, cpuToReading, residentKiB } = find(streams, 'gateway')
  return [
    {
      work: 'first octet of a stream, added, p50',
      peers: 'Portkey 27 ms; undici 0.14',
      limit: 'direct 0.135 ms',
      ours: '<= 0.35 ms',
      measured: `${number(addedP50Ms)} ms`,
      ...atMost(addedP50Ms, 0.35),
    },
    {
      work: 'CPU per streamed chunk',
      peers: 'Portkey 59 µs; hono 34; undici 16-18; nginx 10.9',
      limit: '',
      ours: '<= 25 µs',
      measured: `${number(cpuMicros)} µs`,
      ...atMost(cpuMicros, 25),
    },
    {
      work: 'CPU per streamed chunk, receipts on to off',
      peers: '',
      limit: '1',
      ours: '<= 1.02',
      measured: number(cpuToReading),
      ...atMost(cpuToReading, 1.02),
    },
    {
      work: `memory per open stream, ${openStreams}`,
      peers: 'Portkey 308 KB; hono 76; undici 59; nginx 17',
      limit: '',
      ours: '<= 60 KB',
      measured: `${number(residentKiB * 1.024)} KB`,
      ...atMost(residentKiB * 1.024, 60),
    },
  ]
}

function verifyRows({ verifying: { results } }) {
  const micros = (name) => find(results, name).micros
  const receipt = micros('receipt under a verified session, proof included')
  return [
    {
      work: 'receipt under a verified session, proof included',
      peers: 'jose compactVerify alone 96-102 µs',
      limit: 'one Ed25519 verification 57 µs',
      ours: '<= 100 µs',
      measured: `${number(receipt)} µs; jose alone ${number(micros('jose compactVerify alone'))} µs`,
      ...atMost(receipt, 100),
    },
  ]
}

const EARLIER = [
  ['verify TDX, warm', 'TDX, another platform each time', 'dcap-qvl JS 5.3 ms, WASM 5.8', '0.53 ms'],
  ['verify TDX, collateral and chain remembered', 'TDX, all remembered but the quote', '', '0.09 ms'],
  ['verify SNP, keys warm', 'SNP, another chip each time', '2.4 ms (tinfoil), 16.5 (lit)', '0.58 ms'],
  ['verify SNP, chain remembered', 'SNP, chain remembered', '', '0.42 ms'],
  ['verify Nitro, keys warm', 'Nitro, nothing remembered but keys', '2.7 ms native, 8.2 JS, 23 WASM', '2.5 ms'],
  ['verify Nitro, chain remembered', 'Nitro, chain remembered', '', '0.43 ms'],
]

function platformRows({ platforms: { results, cold } }) {
  const rows = EARLIER.map(([work, name, peers, limit]) => {
    const { micros, limitMicros, toFloor, peerTimes } = find(results, name)
    const peer = peerTimes === undefined ? '' : `; the peer ${number(peerTimes)} times that`
    return {
      work,
      peers,
      limit,
      ours: `<= ${limitMicros / 1000} ms`,
      measured: `${number(micros / 1000)} ms, ${number(toFloor)} times its signatures${peer}`,
      ...atMost(micros, limitMicros),
    }
  })
  const { verdictMs, processMs, cpuMs } = find(cold, 'countersign')
  const start = {
    work: 'import and first TDX verdict of a fresh process',
    peers: '',
    limit: '',
    ours: '<= 40 ms',
    measured: `${number(verdictMs)} ms, ${number(cpuMs)} ms of CPU; ${number(processMs)} ms from the start of the process`,
    ...atMost(verdictMs, 40),
  }
  return [...rows, start]
}

function logRows({ receipts }) {
  const { perSecond, p50Ms, p99Ms, rateToOneByOne } = find(receipts, 'log alone')
  const disk = find(receipts, 'fdatasync one by one')
  const [built, durable] = ['built', 'durable'].map((stage) => find(receipts, nameOf(stage, { isRun: true })))
  return [
    {
      work: 'building a receipt with 8 dependencies, 8 splices and 4 calls of tools',
      peers: '',
      limit: '',
      ours: '<= 300 µs',
      measured: `${number(built.cpuMicros)} µs of CPU; sealed and durable ${number(durable.cpuMicros)} µs`,
      ...atMost(built.cpuMicros, 300),
    },
    {
      work: 'durable appends, 64 waiting',
      peers: 'sqlite WAL 6.7 k/s',
      limit: 'one by one 7.0 k/s; grouped 141 k/s, 20 times',
      ours: '>= 100 k/s',
      measured: `${number(perSecond / 1000)} k/s, ${number(rateToOneByOne)} times one by one`,
      ...atLeast(perSecond, 100_000),
    },
    {
      work: 'durable append, added p50',
      peers: '',
      limit: '',
      ours: '<= 0.5 ms',
      measured: `${number(p50Ms)} ms; one fdatasync alone ${number(disk.p50Ms)} ms`,
      ...atMost(p50Ms, 0.5),
    },
    {
      work: 'durable append, added p99',
      peers: '',
      limit: '',
      ours: '<= 15 ms',
      measured: `${number(p99Ms)} ms`,
      ...atMost(p99Ms, 15),
    },
  ]
}

function quotingRows({ quoting: { devices, cost } }) {
  const [steady] = devices
  return [
    {
      work: 'every answer quoted, one quote a second at 1,000 answers a second',
      peers: '',
      limit: '',
      ours: '<= 2 s',
      measured: `${number(steady.maxMs / 1000)} s at most, ${steady.unquoted} left unquoted`,
      ...(steady.unquoted > 0 ? { missedBy: Number.POSITIVE_INFINITY } : atMost(steady.maxMs, 2_000)),
    },
    {
      work: 'throughput with one quote a second, to without',
      peers: '',
      limit: '1',
      ours: '>= 0.97',
      measured: `${cost.throughputToWithout.toFixed(3)}; ${number(cost.receiptsPerQuote)} receipts a quote`,
      ...atLeast(cost.throughputToWithout, 0.97),
    },
  ]
}

function historyRows({ history: { proofs, opened, growing } }) {
  return [
    {
      work: `opening a log of ${opened.leaves} leaves`,
      peers: '',
      limit: '',
      ours: '<= 2 s',
      measured: `${number(opened.openMs)} ms, ${number(opened.openMiB)} MiB; first proof ${number(opened.firstProofMs)} ms`,
      ...atMost(opened.openMs, 2_000),
    },
    {
      work: `memory of a log at ${growing.manyLeaves} leaves, to ${growing.leaves}`,
      peers: '',
      limit: '1',
      ours: '<= 1.1',
      measured: number(growing.atManyMiB / growing.atFewMiB),
      ...atMost(growing.atManyMiB / growing.atFewMiB, 1.1),
    },
    {
      work: `proof at ${proofs.leaves} leaves`,
      peers: '',
      limit: '',
      ours: 'no target',
      measured: `${proofs.proofHashes} hashes, ${number(proofs.proofOctets)} octets, verified in ${number(proofs.verifyMicros)} µs`,
    },
  ]
}

function clientRows({ client: { results, firstMs, yardstickMicros } }) {
  const attested = results.find(({ kind }) => kind === 'attested')
  const { eventAddedMicros, eventApartMicros, eventToPlain, eventAddedAtTargetSpeed, answerAddedMs } = attested
  return [
    {
      work: 'client CPU per streamed event, added by verifying',
      peers: '',
      limit: '',
      ours: '<= 5 µs',
      measured: `${number(eventAddedMicros)} µs, ${number(eventToPlain)} times the platform's fetch`,
      ...atMost(eventAddedMicros, 5),
    },
    {
      work: "the same without the stream's receipt, which is one of the later answers below",
      peers: '',
      limit: '',
      ours: '<= 5 µs',
      measured: `${number(eventApartMicros)} µs`,
      ...atMost(eventApartMicros, 5),
    },
    {
      work: 'the same with it, at the speed of the machine of the targets',
      peers: 'jose compactVerify alone 96-102 µs',
      limit: '',
      ours: '<= 5 µs',
      measured: `${number(eventAddedAtTargetSpeed)} µs; jose alone ${number(yardstickMicros)} µs here`,
      ...atMost(eventAddedAtTargetSpeed, 5),
    },
    {
      work: 'first verification of a gateway, collateral at hand',
      peers: '',
      limit: '',
      ours: '<= 50 ms',
      measured: `${number(firstMs)} ms in a fresh process`,
      ...atMost(firstMs, 50),
    },
    {
      work: 'later answers, added by verifying, p50',
      peers: '',
      limit: '',
      ours: '<= 1 ms',
      measured: `${number(answerAddedMs)} ms`,
      ...atMost(answerAddedMs, 1),
    },
  ]
}

function measuringRows({ measuring: { several, large, totalMebibytes } }) {
  const all = find(several, 'countersign')
  const one = find(large, 'countersign')
  const seconds = (ms) => `${number(ms / 1000)} s`
  return [
    {
      work: `measuring ${number(totalMebibytes / 1024)} GiB of weights`,
      peers: 'sha256sum 3.99 s',
      limit: '0.62 s',
      ours: '>= 6 times sha256sum',
      measured: `${number(all.toSum)} times, ${seconds(all.ms)}`,
      ...atLeast(all.toSum, 6),
    },
    {
      work: 'the same in one file, which one thread must read alone',
      peers: 'openssl 1.25 s',
      limit: 'one thread',
      ours: 'no target',
      measured: `${number(one.toSum)} times, ${seconds(one.ms)}; one thread alone ${number(find(large, 'one thread').toSum)} times`,
    },
  ]
}

/** SHA-256 of one file is sequential for everybody, and with one launch there is little else; several shapes in one call need it once. */
function launchRows({ launch: { one, several, memory } }) {
  const rows = [one, several].flatMap(({ shapes, ms, toolMs, faster }) =>
    faster === undefined
      ? []
      : [
          {
            work: `launch digests, initrd of 200 MiB, ${shapes} ${shapes === 1 ? 'shape' : 'shapes'}`,
            peers: `sev-snp-measure ${number(toolMs)} ms`,
            limit: '',
            ours: '>= 5 times sev-snp-measure',
            measured: `${number(faster)} times, ${number(ms)} ms`,
            ...atLeast(faster, 5),
          },
        ],
  )
  if (memory !== undefined)
    rows.push({
      work: 'peak memory of measuring the launch',
      peers: memory.tool === undefined ? '' : `sev-snp-measure ${number(memory.tool)} MiB in all`,
      limit: '',
      ours: '<= 64 MiB',
      measured: `${number(memory.whole)} MiB, ${number(memory.added)} above that of its --help`,
      ...atMost(memory.whole, 64),
    })
  return rows
}

/** @returns one row for each figure of a part that ran; `missedBy` is above one where the target is missed, and absent where nothing was measured */
export function compareFigures(parts, plan) {
  const rows = {
    requests: requestRows,
    streams: (all) => streamRows(all, plan.streams),
    platforms: platformRows,
    verifying: verifyRows,
    receipts: logRows,
    quoting: quotingRows,
    history: historyRows,
    client: clientRows,
    measuring: measuringRows,
    launch: launchRows,
  }
  return Object.keys(rows).flatMap((name) => (parts[name] === undefined ? [] : rows[name](parts)))
}
