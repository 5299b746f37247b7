/**
 * What a receipt says of a search in which an embedding model took part: a descriptor beside that of the index. It is spelt out in the
 * `uri`, whose octets the digest is of: a policy that pins the role `retrieval-index` pins it, and another model is another digest.
 * @module
 */
import { sha256 } from '../../../core/crypto/index.ts'
import { encodeHex } from '../../../core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import type { ResourceDescriptor } from '../../../core/evidence/resource-descriptor.ts'
import { FUSION_K } from '../../../retrieval/index.ts'
import { shortName } from '../../upstream/dependencies.ts'
import type { ServedModel } from '../../upstream/types.ts'

/** RFC 8141: what follows is the q-component. */
const RANKING = 'urn:countersign:ranking:1?='

/** @param collection its id */
export function describeRanking(collection: string, { id, claim, upstream }: ServedModel): ResourceDescriptor {
  // Names of models in a configuration hold neither & nor =, nor anything else that would have to be encoded here.
  const model = `model=${id}&name=${claim.name}&digest=${claim.digest}&upstream=${upstream}`
  const uri = `${RANKING}method=bm25,cosine&rrf=${FUSION_K}&${model}`
  return {
    name: shortName(`${collection} ranking`),
    uri,
    digest: { sha256: encodeHex(sha256(encodeUtf8(uri))) },
    annotations: { scheme: 'raw', role: 'retrieval-index', source: 'gateway' },
  }
}

/** Whether a descriptor of the role `retrieval-index` is of a ranking, and so of no index. */
export function isRanking({ uri }: ResourceDescriptor): boolean {
  return uri?.startsWith(RANKING) === true
}
