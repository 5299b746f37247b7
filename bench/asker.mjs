/** A client under test, a process of its own: the platform's fetch as it is, or one that verifies, with or without a bound channel. */
import { trialLock, trialPolicy } from '../dist/cli/trial-policy.js'
import { createOhttpChannel } from '../dist/client-ohttp/index.js'
import { decodeArchive } from '../dist/core/archive/index.js'
import { encodeBase64Url } from '../dist/core/encoding/base64.js'
import { challengeAnchor, verifyAttestation } from '../dist/core/evidence/attestation.js'
import { decodeLock } from '../dist/core/lock.js'
import { decodePolicy } from '../dist/core/policy.js'
import { assertVerified } from '../dist/core/verdict.js'
import { createAttestedFetch, receiptOf } from '../dist/index.js'
import { CHAT_PATH, chatRequest } from './payloads.mjs'
import { serveRole } from './role.mjs'

const HEADERS = { 'content-type': 'application/json' }
/** Not "client" alone: what the verifying ones do beyond it is what is measured. */
const FETCHES = {
  plain: () => globalThis.fetch,
  attested: (trust) => createAttestedFetch(trust),
  ohttp: (trust) => createAttestedFetch({ ...trust, channel: createOhttpChannel() }),
}

let url
let fetch
let isAttested
let trust

function start({ kind, origin, references }) {
  url = `${origin}${CHAT_PATH}`
  trust = { policy: decodePolicy(trialPolicy(references)), lock: decodeLock(trialLock(references)) }
  fetch = FETCHES[kind](trust)
  isAttested = kind !== 'plain'
  return {}
}

/** One answer read to its end, portion by portion as applications do, and its receipt where there is one. */
async function ask(model) {
  const response = await fetch(url, { method: 'POST', headers: HEADERS, body: chatRequest(model) })
  let portions = 0
  const reader = response.body.getReader()
  while (!(await reader.read()).done) portions++
  if (isAttested) await receiptOf(response)
  return portions
}

/** @returns milliseconds of each answer, and portions read in all */
async function askMany({ model, lanes, count }) {
  const times = []
  let portions = 0
  const lane = async () => {
    for (let i = 0; i < count / lanes; i++) {
      const from = performance.now()
      // Not `portions += await …`: lanes take turns, and each would add to what it read before its turn.
      const read = await ask(model)
      portions += read
      times.push(performance.now() - from)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return { times, portions }
}

/** Verifies a gateway for the first time in this process: collateral comes with the evidence, the wait for its quote is not counted. */
async function firstVerification({ origin }) {
  const nonce = globalThis.crypto.getRandomValues(new Uint8Array(32))
  const noncedAt = new Date()
  const shown = await globalThis.fetch(`${origin}/v1/attestation?nonce=${encodeBase64Url(nonce)}&wait=10`)
  const octets = new Uint8Array(await shown.arrayBuffer())
  const from = performance.now()
  const archive = decodeArchive(octets)
  const anchor = challengeAnchor({ nonce, noncedAt, at: new Date(), proof: archive.proof })
  assertVerified(await verifyAttestation(archive, trust, anchor))
  return performance.now() - from
}

serveRole({ start, askMany, firstVerification })
