/** `/v1/receipts/{rid}` and its proof: for whoever holds the rid, and the tenant that it was made for. wire.md section 3. @module */
import { ARCHIVE_TYPE } from '../../core/archive/index.ts'
import { RECEIPT_TYPE } from '../../core/receipt/receipt.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { eraseRun, findSteps } from '../recorder/step-receipts.ts'
import { evidenceUnavailable, neverQuoted, notFound, receiptGone, tooManySearches } from './api-error.ts'
import type { FoundReceipt, History } from './history.ts'
import type { GatewayParts } from './parts.ts'
import { boundedWaitMs, type Preferences } from './preferences.ts'
import { archiveReceipt, proveIn } from './receipt-archive.ts'
import { respondError, respondNothing, respondOctets, respondPending, respondText } from './respond.ts'

const PROOF_TYPE = 'text/plain; charset=utf-8'
/** Receipts are their holder's alone, and the best grade there is changes. */
const OWN = { 'cache-control': 'no-store' } as const

export interface Asked {
  readonly parts: GatewayParts
  readonly history: History
  /** As in the path, whatever stood there. */
  readonly rid: string
  readonly caller: Caller
  readonly preferences: Preferences
}

/** Unknown, malformed and foreign rids are answered alike: whether a receipt exists is nobody else's business. */
function find({ history, rid, caller }: Asked): Promise<FoundReceipt | 'busy' | undefined> {
  return history.find({ rid, tenant: caller.tenant })
}

/** Waits for the grade that the client prefers, if it waits at all: what is not reached is answered as it stands. */
async function awaitGrade(
  { boot: { attester }, receipt: { index } }: FoundReceipt,
  { parts, preferences: { grade, wait } }: Asked,
): Promise<void> {
  if (attester === undefined || grade === 'signed' || (grade === undefined && wait === undefined)) return
  const waitMs = boundedWaitMs(parts.config, wait)
  if (grade === 'witnessed') await attester.witnessed(index, waitMs)
  else await attester.quoted(index, waitMs)
}

/** @param accept header of that name */
export async function showReceipt(asked: Asked, accept: string): Promise<Response> {
  const found = await find(asked)
  if (found === undefined) return respondError(notFound())
  if (found === 'busy') return respondError(tooManySearches())
  const { boot, receipt } = found
  if (receipt.state !== 'kept') return respondError(receiptGone(receipt.state))
  const { grade } = asked.preferences
  await awaitGrade(found, asked)
  if (!accept.includes(ARCHIVE_TYPE)) return respondText(RECEIPT_TYPE, receipt.token, OWN)
  const steps = await findSteps(boot, { rid: asked.rid, tenant: asked.caller.tenant }, receipt)
  const archive = await archiveReceipt(
    boot,
    { ...receipt, ...(steps && { steps }) },
    {
      grade: grade === 'quoted' ? 'quoted' : 'witnessed',
      nowSeconds: asked.parts.clock.seconds(),
    },
  )
  if (archive === undefined) return respondError(evidenceUnavailable('none of the session of this receipt is kept'))
  const applied = grade === undefined ? {} : { 'preference-applied': `receipt=${archive.grade}` }
  return respondOctets(ARCHIVE_TYPE, archive.octets, { ...OWN, ...applied })
}

/** Of erased receipts too: the leaf is still there, and whoever holds the token can still prove it. */
export async function showProof(asked: Asked): Promise<Response> {
  const found = await find(asked)
  if (found === undefined) return respondError(notFound())
  if (found === 'busy') return respondError(tooManySearches())
  const { boot, receipt } = found
  if (boot.attester !== undefined) await boot.attester.quoted(receipt.index, proofWaitMs(asked))
  const evidence = await boot.evidence()
  const covering = await evidence.earliest(receipt.index)
  if (covering === undefined) return boot.attester === undefined ? respondError(neverQuoted()) : respondPending(1)
  return respondText(PROOF_TYPE, await proveIn(boot.log, receipt.index, covering.checkpoint), OWN)
}

function proofWaitMs({ parts, preferences: { wait } }: Asked): number {
  return wait === undefined ? 0 : boundedWaitMs(parts.config, wait)
}

/** Disclosures, salts and inserted octets go, those of the steps with them; the leaves stay. */
export async function deleteReceipt(asked: Asked): Promise<Response> {
  const found = await find(asked)
  if (found === undefined) return respondError(notFound())
  if (found === 'busy') return respondError(tooManySearches())
  const { rid, caller } = asked
  if (found.receipt.state === 'kept') await eraseRun(found.boot, { rid, tenant: caller.tenant }, found.receipt)
  return respondNothing()
}
