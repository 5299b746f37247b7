/** `GET /v1/receipts/{rid}` and its proof: for whoever holds the rid, and the tenant that it was made for. wire.md section 3. @module */
import { ARCHIVE_TYPE, encodeArchive } from '../../core/archive/index.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { findReceipt, type StoredReceipt } from '../recorder/sealed-store.ts'
import { evidenceUnavailable, notFound } from './api-error.ts'
import { proveLeaf } from './attestation.ts'
import type { GatewayParts } from './parts.ts'
import { respondError, respondOctets, respondPending, respondText } from './respond.ts'

const RECEIPT_TYPE = 'application/eat+jwt'
const PROOF_TYPE = 'text/plain; charset=utf-8'

interface Wanted {
  /** As in the path, whatever stood there. */
  readonly rid: string
  readonly caller: Caller
}

/** Unknown, malformed and foreign rids are answered alike: whether a receipt exists is nobody else's business. */
function find({ boot }: GatewayParts, { rid, caller }: Wanted): Promise<StoredReceipt | undefined> {
  return findReceipt(boot.log, boot.octets, { rid, tenant: caller.tenant })
}

/** @param accept header of that name */
export async function showReceipt(parts: GatewayParts, wanted: Wanted, accept: string): Promise<Response> {
  const found = await find(parts, wanted)
  if (found === undefined) return respondError(notFound())
  if (!accept.includes(ARCHIVE_TYPE)) return respondText(RECEIPT_TYPE, found.token)
  const evidence = parts.attester.newest
  if (evidence === undefined) return respondError(evidenceUnavailable(parts.attester.reason))
  const isQuoted = found.index < evidence.checkpoint.size
  const archive = encodeArchive({
    ...evidence,
    receipt: found.token,
    ...(isQuoted ? { proof: await proveLeaf(parts, found.index, evidence) } : {}),
    inserts: found.inserts,
  })
  return respondOctets(ARCHIVE_TYPE, archive)
}

export async function showProof(parts: GatewayParts, wanted: Wanted): Promise<Response> {
  const found = await find(parts, wanted)
  if (found === undefined) return respondError(notFound())
  const evidence = await parts.attester.quoted(found.index, 0)
  if (evidence === undefined) return respondPending(1)
  return respondText(PROOF_TYPE, await proveLeaf(parts, found.index, evidence))
}
