/**
 * The newest evidence of an earlier log that verifies again: from there on its write-ahead log is read. The store is the host's, so a
 * record counts only as far as the hardware's signature, the session's digest and the key in the origin hold it together. @module
 */

import { encodeBase64Url } from '../../core/encoding/base64.ts'
import { type Attestation, verifyAttestation } from '../../core/evidence/attestation.ts'
import { decodeStatement } from '../../core/evidence/statement.ts'
import { MalformedError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { type CoveringEvidence, EvidenceStore } from '../evidence-store/index.ts'
import { selfTrust } from '../session/self-policy.ts'

export interface QuotedTail {
  readonly record: CoveringEvidence
  readonly attestation: Attestation
  /** Of the newest cosigned checkpoint that is kept; 0 for none. */
  readonly witnessed: number
}

/** Records that are looked at, newest first: a few may be damaged. */
const MAX_TRIES = 8

/** @param simulated whether this gateway's own device is software: only then may the evidence be */
export async function findQuotedTail(
  store: ObjectStore,
  id: string,
  simulated: boolean,
): Promise<QuotedTail | undefined> {
  const evidence = await EvidenceStore.open(store, id)
  try {
    const witnessed = evidence.witnessedSizes.at(-1) ?? 0
    for (const size of [...evidence.sizes].reverse().slice(0, MAX_TRIES)) {
      const record = await evidence.at(size)
      const attestation = record === undefined ? undefined : await verifyRecord(record, id, simulated)
      if (record !== undefined && attestation !== undefined) return { record, attestation, witnessed }
    }
    return undefined
  } finally {
    await evidence.close()
  }
}

/** Judged at the time that the statement names: whether it is in force still does not matter, only that hardware vouched for it. */
async function verifyRecord(
  { session, statement, quote }: CoveringEvidence,
  id: string,
  simulated: boolean,
): Promise<Attestation | undefined> {
  try {
    const at = new Date(decodeStatement(statement).iat * 1000)
    const verdict = await verifyAttestation({ session, statement, quote }, selfTrust(quote, simulated), {
      source: 'as-given',
      at,
    })
    if (!verdict.ok) return undefined
    return encodeBase64Url(verdict.value.logKey.publicKey) === id ? verdict.value : undefined
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
