/** What a verdict takes for granted about the model server: whose word the weights and the engine are. wire.md section 2, `source`. @module */
import { sha256 } from '../crypto/index.ts'
import { encodeHex } from '../encoding/bytes.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import type { DigestSource } from '../evidence/resource-descriptor.ts'
import type { Session } from '../evidence/session.ts'
import type { ReceiptClaims } from './claims.ts'

/** What is looked at of a receipt's claims. */
type ServerClaims = Pick<ReceiptClaims, 'model' | 'engine' | 'upstream'>
type Named = Pick<Session, 'dependencies'>

/** Who vouches for a digest in the session: the weakest word counts, since it may stand there twice. */
function vouchedBy(session: Named, role: string, sha256Hex: string): DigestSource | undefined {
  const sources = session.dependencies
    .filter(({ annotations, digest }) => annotations.role === role && digest.sha256 === sha256Hex)
    .map(({ annotations }) => annotations.source)
  return sources.find((source) => source !== 'gateway') ?? sources[0]
}

function weightsAssumption({ model, upstream }: ServerClaims, session: Named): readonly string[] {
  if (model.digest === 'none' || upstream.kind === 'embedded') return []
  if (vouchedBy(session, 'model', model.digest.slice('sha256:'.length)) === 'gateway')
    return ['The weights were measured where they lie: that the model server loaded them is the word of the operator.']
  return ['The digest of the weights is the word of the operator: nobody measured them here.']
}

function engineAssumption({ engine: { name, version, determinism } }: ServerClaims, session: Named): readonly string[] {
  if (!session.dependencies.some(({ annotations }) => annotations.role === 'engine')) return []
  const digest = encodeHex(sha256(encodeJcs({ name, version, determinism })))
  if (vouchedBy(session, 'engine', digest) === undefined) return []
  return ['Name, version and determinism of the engine are the word of the operator.']
}

/** Sentences for the verdict on an answer that was forwarded. */
export function upstreamAssumptions(claims: ServerClaims, session: Named): readonly string[] {
  const { kind } = claims.upstream
  return [
    ...(kind === 'remote' ? ['The upstream model server is not attested: its answer is its word.'] : []),
    ...(kind === 'local' ? ['The local model server is trusted as part of the measured machine.'] : []),
    ...weightsAssumption(claims, session),
    ...engineAssumption(claims, session),
  ]
}
