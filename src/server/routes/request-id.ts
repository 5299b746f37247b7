/** Identifies a request in the operator's lines. Independent of the rid, which only the client may know. @module */
import { encodeBase64Url } from '../../core/encoding/base64.ts'
import type { RandomPool } from '../recorder/random-pool.ts'

const ID_SIZE = 12

export function createRequestId(random: RandomPool): string {
  return `req_${encodeBase64Url(random.take(ID_SIZE))}`
}
