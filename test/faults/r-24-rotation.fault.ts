/**
 * The receipt key changes every second under traffic: no request fails, each receipt verifies under exactly one attested session, and at no
 * moment are requests under way that end under more than two keys. @module
 */
import { rmSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { ed25519Spki, verifySignature } from '../../src/core/crypto/index.ts'
import { decodeBase64Url } from '../../src/core/encoding/base64.ts'
import type { Attestation } from '../../src/core/evidence/attestation.ts'
import { decodeReceipt, type Receipt } from '../../src/core/receipt/receipt.ts'
import { createFileStore } from '../../src/storage/index.ts'
import { startFixture } from '../server/gateway/gateway-fixture.ts'
import { type Crowd, type Exchange, startCrowd } from './crowd.ts'
import { type FaultResult, type FaultRun, runFault } from './fault.ts'
import { judgeStoredEvidence } from './stored-evidence.ts'

const EVERY_MS = 1_000
const ROTATIONS = { short: 4, full: 60 }
/** Each of these is tried under every key, the others under all keys that bear their name. */
const SAMPLE = 200
/** About 500 requests a second where the machine gives as much. */
const FULL = { clients: 32, pauseMs: 55 }
const SHORT = { clients: 4, pauseMs: 10 }

interface Keyed extends Exchange {
  readonly decoded: Receipt
}

function isUnder({ decoded }: Keyed, { session }: Attestation): Promise<boolean> {
  const { signature, signingInput } = decoded.jws
  return verifySignature('Ed25519', ed25519Spki(decodeBase64Url(session.keys.receipt.x)), signature, signingInput)
}

/** Receipts that verify under no attested session, or under more than one. */
async function countMisplaced(exchanges: readonly Keyed[], sessions: readonly Attestation[]): Promise<number> {
  let misplaced = 0
  const step = Math.max(1, Math.floor(exchanges.length / SAMPLE))
  for (const [i, exchange] of exchanges.entries()) {
    const named = sessions.filter(({ sessionDigest }) => sessionDigest === exchange.decoded.claims.session)
    const tried = i % step === 0 ? sessions : named
    const found = await Promise.all(tried.map((session) => isUnder(exchange, session)))
    if (named.length !== 1 || found.filter((isItsOwn) => isItsOwn).length !== 1) misplaced++
  }
  return misplaced
}

/** The most keys under which requests ended that were under way at one moment. */
function mostAtOnce(exchanges: readonly Keyed[]): number {
  const spans = new Map<string, { startedMs: number; endedMs: number }>()
  for (const { decoded, startedMs, endedMs } of exchanges) {
    const span = spans.get(decoded.claims.session) ?? { startedMs, endedMs }
    span.startedMs = Math.min(span.startedMs, startedMs)
    span.endedMs = Math.max(span.endedMs, endedMs)
    spans.set(decoded.claims.session, span)
  }
  const all = [...spans.values()]
  return Math.max(
    0,
    ...all.map(
      ({ startedMs }) => all.filter((other) => other.startedMs <= startedMs && startedMs < other.endedMs).length,
    ),
  )
}

/** One of each session. */
function distinct(attestations: readonly Attestation[]): readonly Attestation[] {
  return [...new Map(attestations.map((attestation) => [attestation.sessionDigest, attestation])).values()]
}

function decodedOf({ answered }: Crowd): readonly Keyed[] {
  return answered.map((exchange) => ({ ...exchange, decoded: decodeReceipt(exchange.receipt) }))
}

async function rotate(run: FaultRun): Promise<FaultResult> {
  const traffic = run.short ? SHORT : FULL
  const rotations = run.rounds(ROTATIONS)
  const fixture = await startFixture()
  const crowd = startCrowd(fixture, traffic)
  const fromMs = performance.now()
  let slowestMs = 0
  try {
    for (let rotation = 1; rotation <= rotations; rotation++) {
      const startedMs = performance.now()
      await fixture.gateway.changeEpoch()
      slowestMs = Math.max(slowestMs, performance.now() - startedMs)
      run.progress(`${rotation} of ${rotations} rotations, ${crowd.answered.length} answers`)
      await wait(Math.max(0, EVERY_MS - (performance.now() - startedMs)))
    }
  } finally {
    await crowd.stop()
    await fixture.stop()
  }
  const seconds = (performance.now() - fromMs) / 1_000
  const judged = await judgeStoredEvidence(createFileStore(fixture.dataDir), fixture.gateway.log.id, fixture.trust)
  const sessions = distinct(judged.verified)
  const exchanges = decodedOf(crowd)
  const misplaced = await countMisplaced(exchanges, sessions)
  const used = new Set(exchanges.map(({ decoded }) => decoded.claims.session)).size
  const overlap = mostAtOnce(exchanges)
  const failed = crowd.failed + crowd.refused.length
  rmSync(fixture.dataDir, { recursive: true, force: true })
  return {
    figure: `${rotations} rotations in ${seconds.toFixed(1)} s (slowest ${Math.round(slowestMs)} ms) at ${Math.round(exchanges.length / seconds)} requests/s: ${failed} of ${exchanges.length + failed} failed, ${misplaced} receipts not under exactly one of ${sessions.length} attested sessions (${used} used), at most ${overlap} keys at once, ${judged.refused.length} records do not verify`,
    target: '0 failed, 0 misplaced, at most 2 keys at once, 0 records that do not verify',
    ok:
      failed + misplaced + judged.refused.length === 0 &&
      overlap <= 2 &&
      used > rotations / 2 &&
      sessions.length > rotations,
  }
}

await runFault(rotate)
