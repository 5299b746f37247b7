/** Every evidence record that a store holds of a log, judged as a client would, each as of its own time. @module */
import { type Attestation, type Trust, verifyAttestation } from '../../src/core/evidence/attestation.ts'
import { decodeStatement } from '../../src/core/evidence/statement.ts'
import { EvidenceStore } from '../../src/server/evidence-store/index.ts'
import type { ObjectStore } from '../../src/storage/index.ts'

export interface JudgedEvidence {
  /** In the order of their checkpoints. */
  readonly verified: readonly Attestation[]
  /** Why the others did not verify. */
  readonly refused: readonly string[]
}

export async function judgeStoredEvidence(store: ObjectStore, logId: string, trust: Trust): Promise<JudgedEvidence> {
  const refused: string[] = []
  const verified: Attestation[] = []
  const evidence = await EvidenceStore.open(store, logId, (detail) => refused.push(detail))
  for (const size of evidence.sizes) {
    const found = await evidence.at(size)
    if (found === undefined) continue
    const at = new Date(decodeStatement(found.statement).iat * 1_000)
    const verdict = await verifyAttestation(found, trust, { source: 'as-given', at })
    if (verdict.ok) verified.push(verdict.value)
    else refused.push(`${verdict.code} at ${size} leaves`)
  }
  return { verified, refused }
}
