/** Part 7: what history costs: proofs at a million leaves, opening and proving in a log of ten million, and memory while it grows. */
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  assertConsistency,
  assertInclusion,
  encodeTlogProof,
  hashLeaf,
  verifyInclusion,
} from '../dist/core/log/index.js'
import { createReceiptLog, openStoredLog } from '../dist/server/log/index.js'
import { createLogKey } from '../dist/server/session/keys.js'
import { createFileStore } from '../dist/storage/index.js'
import { median } from './statistics.mjs'

const PORTION = 10_000
const PROOFS = 200
const MEBI = 1 << 20

/** Entries that look like quotes' and are made without chance: their order alone decides them. */
function entryAt(index) {
  const entry = createHash('sha256').update(`leaf ${index}`).digest()
  return Uint8Array.from([2, ...entry])
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

/** What is in use, buffers included. */
function heapMiB() {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / MEBI
}

async function grow(log, leaves, progress) {
  for (let at = log.size; at < leaves; at += PORTION) {
    const entries = Array.from({ length: Math.min(PORTION, leaves - at) }, (_, i) => entryAt(at + i))
    await log.appendEntries(entries).durable
    if ((at / PORTION) % 20 === 0) await log.checkpoint()
    progress(`history: ${at + entries.length} of ${leaves} leaves`)
  }
  return log.checkpoint()
}

async function createLog(directory) {
  await mkdir(directory, { recursive: true })
  const store = createFileStore(directory)
  const log = await createReceiptLog(
    { store, host: 'localhost', signer: createLogKey() },
    new TextEncoder().encode('{}'),
  )
  return { store, log }
}

const medianMs = async (count, task) => {
  const spent = []
  for (let i = 0; i < count; i++) {
    const from = performance.now()
    await task(i)
    spent.push(performance.now() - from)
  }
  return median(spent)
}

async function measureProofs({ log, leaves }) {
  const { size, root, note } = await log.checkpoint()
  // Spread over the log, and each in another tile.
  const places = Array.from({ length: PROOFS }, (_, i) => 1 + Math.floor(((i + 0.5) * (leaves - 2)) / PROOFS))
  const proofs = []
  const proveMs = await medianMs(PROOFS, async (i) => {
    proofs.push(await log.inclusionProof(places[i], size))
  })
  const texts = proofs.map((hashes, i) => encodeTlogProof({ index: places[i], hashes, checkpoint: note }))
  const leafOf = (i) => hashLeaf(entryAt(places[i]))
  const verifyMs = await medianMs(PROOFS, (i) =>
    assertInclusion({ leafHash: leafOf(i), index: places[i], size, proof: proofs[i] }, root),
  )
  const wholeMs = await medianMs(PROOFS, async (i) => {
    const verdict = await verifyInclusion({
      proof: texts[i],
      entry: entryAt(places[i]),
      vkey: log.vkey,
      origin: log.origin,
    })
    if (!verdict.ok) throw new Error(`a proof did not verify: ${verdict.code}`)
  })
  const older = Math.floor(size / 3)
  const consistency = await log.consistencyProof(older, size)
  const heads = [
    { size: older, root: await log.rootAt(older) },
    { size, root },
  ]
  const consistencyMs = await medianMs(PROOFS, () => assertConsistency(...heads, consistency))
  return {
    leaves,
    proofHashes: median(proofs.map(({ length }) => length)),
    proofOctets: median(texts.map(({ length }) => length)),
    proveMs,
    verifyMicros: verifyMs * 1000,
    wholeMicros: wholeMs * 1000,
    consistencyMicros: consistencyMs * 1000,
  }
}

export async function benchHistory({ plan, scratch, progress }) {
  const { leaves, manyLeaves } = plan.history
  const { store, log } = await createLog(join(scratch, 'history'))
  await grow(log, leaves, progress)
  const atFewMiB = heapMiB()
  const proofs = await measureProofs({ log, leaves })
  const startedAt = performance.now()
  await grow(log, manyLeaves, progress)
  const appendedPerSecond = (manyLeaves - leaves) / ((performance.now() - startedAt) / 1000)
  const atManyMiB = heapMiB()
  await log.close()
  const before = heapMiB()
  progress('history: opening')
  const openedAt = performance.now()
  const stored = await openStoredLog(store, log.id)
  const openMs = performance.now() - openedAt
  const { size } = stored.checkpoint
  const firstProofFrom = performance.now()
  await stored.inclusionProof(Math.floor(size / 2), size)
  const firstProofMs = performance.now() - firstProofFrom
  const opened = { leaves: size, openMs, firstProofMs, openMiB: heapMiB() - before }
  return { proofs, opened, growing: { appendedPerSecond, atFewMiB, atManyMiB, leaves, manyLeaves } }
}
