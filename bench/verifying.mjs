/** Part 5: what verifying costs: a hardware report, and a receipt with its proof under a verified session. */
import { createPublicKey, verify } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { compactVerify, importJWK } from 'jose'
import { request } from 'undici'
import { trialLock, trialPolicy } from '../dist/cli/trial-policy.js'
import { decodeArchive } from '../dist/core/archive/index.js'
import { verifyAttestation } from '../dist/core/evidence/attestation.js'
import { decodeLock } from '../dist/core/lock.js'
import { decodePolicy } from '../dist/core/policy.js'
import { verifyQuoted } from '../dist/core/receipt/grade.js'
import { holdOctets, verifyReceipt } from '../dist/core/receipt/verify.js'
import { createSnpRoots } from '../dist/core/snp/index.js'
import { verifySnpReport } from '../dist/core/snp/verify.js'
import { assertVerified } from '../dist/core/verdict.js'
import { createSimulatedSnp, importPki } from '../dist/simulator/index.js'
import { withRoles } from './child.mjs'
import { ask, closedLoop, connect, wholeTime } from './load.mjs'
import { chatRequest, MODELS, wholeAnswer } from './payloads.mjs'
import { interleave, median, ratio } from './statistics.mjs'

/** More chips than the verifier remembers chains of, so that going round them finds none remembered. */
const CHIPS = 70
/** Leaves beside the receipt's, so that its proof has a length. */
const OTHER_ANSWERS = 1_000

/** Reports of one chip, or of ever another: its certificate chain is remembered, or verified anew. */
export async function createReports({ pki: exported }) {
  const pki = importPki(exported)
  const reportData = new Uint8Array(64).fill(7)
  const machine = async (_, chip) => {
    const snp = await createSimulatedSnp({ pki, fields: { chipId: new Uint8Array(64).fill(chip + 1) } })
    return { endorsements: snp.endorsements, report: snp.report(reportData), snp }
  }
  const machines = await Promise.all(Array.from({ length: CHIPS }, machine))
  const { rootFingerprint, measurement } = machines[0].snp
  const policy = decodePolicy(trialPolicy({ rootFingerprint, host: 'localhost' }))
  const roots = createSnpRoots({ roots: policy.roots, simulated: [rootFingerprint] })
  const expectations = { at: new Date(), reportData, measurements: [measurement], roots }
  const judge = async ({ report, endorsements }) =>
    assertVerified(await verifySnpReport({ report }, endorsements, policy.snp, expectations))
  let turn = 0
  return { anew: () => judge(machines[turn++ % CHIPS]), remembered: () => judge(machines[0]) }
}

async function fetchQuoted({ origin }, rid) {
  for (;;) {
    const headers = { accept: 'application/cmw+json' }
    const { body } = await request(`${origin}/v1/receipts/${rid}`, { headers })
    const archive = decodeArchive(await body.bytes())
    if (archive.proof !== undefined) return archive
    await wait(20)
  }
}

/** One answer of a gateway with the archive of its receipt, quoted among many others. */
function issueReceipt({ pki, scratch, plan }) {
  return withRoles(async (start) => {
    const { origin: upstream } = await start('upstream', {})
    const dataDir = join(scratch, 'verifying')
    const how = { upstream, pki, latencyMs: plan.device.latencyMs, intervalMs: 100, dataDir }
    const gateway = await start('gateway', how)
    const pool = connect(gateway, 16)
    const body = chatRequest(MODELS.whole)
    await closedLoop(pool, { lanes: 16, least: OTHER_ANSWERS, time: wholeTime(body) })
    const { headers } = await ask(pool, body)
    const archive = await fetchQuoted(gateway, headers['inference-receipt-id'])
    await pool.destroy()
    return { archive, body, references: gateway.references }
  })
}

async function createReceiptWork(bench) {
  const { archive, body, references } = await issueReceipt(bench)
  const trust = { policy: decodePolicy(trialPolicy(references)), lock: decodeLock(trialLock(references)) }
  const time = { source: 'as-given', at: new Date() }
  const attestation = assertVerified(await verifyAttestation(archive, trust, time))
  const held = {
    nonce: 'unchecked',
    request: holdOctets(body),
    response: holdOctets(wholeAnswer),
    outcome: 'complete',
    replay: { request: body, inserts: new Map() },
    channel: 'not-observed',
    prev: 'unchecked',
  }
  const receipt = async () => {
    const verdict = await verifyReceipt(archive.receipt, attestation, { ...held, seen: new Set() }, trust)
    assertVerified(await verifyQuoted(assertVerified(verdict), attestation, archive.proof))
  }
  const { receipt: jwk } = attestation.session.keys
  const issuerJws = archive.receipt.slice(0, archive.receipt.indexOf('~'))
  const key = await importJWK(jwk, 'Ed25519')
  const signed = Buffer.from(issuerJws.slice(0, issuerJws.lastIndexOf('.')))
  const signature = Buffer.from(issuerJws.slice(issuerJws.lastIndexOf('.') + 1), 'base64url')
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
  return {
    receipt,
    jose: () => compactVerify(issuerJws, key),
    floor: async () => verify(null, signed, publicKey, signature),
    leaves: attestation.checkpoint.size,
  }
}

async function measure({ run, count }) {
  const startedAt = performance.now()
  for (let i = 0; i < count; i++) await run()
  return ((performance.now() - startedAt) * 1000) / count
}

export async function benchVerifying(bench) {
  const { rounds, reports, receipts } = bench.plan.verifying
  bench.progress('verifying: making chips and a receipt')
  const { anew, remembered } = await createReports(bench)
  const { receipt, jose, floor, leaves } = await createReceiptWork(bench)
  const works = {
    'Ed25519 verification, the floor': { run: floor, count: receipts },
    'jose compactVerify alone': { run: jose, count: receipts },
    'receipt under a verified session, proof included': { run: receipt, count: receipts },
    'SNP report, keys warm': { run: anew, count: reports },
    'SNP report, chain remembered': { run: remembered, count: reports },
  }
  const once = (work, name) => {
    bench.progress(`verifying: ${name}`)
    return measure(work)
  }
  await interleave(works, Math.ceil(rounds / 3), once)
  const micros = await interleave(works, rounds, once)
  const [floorName] = Object.keys(works)
  return {
    leaves,
    results: Object.keys(works).map((name) => ({
      name,
      micros: median(micros[name]),
      toFloor: ratio(micros[name], micros[floorName]),
    })),
  }
}
