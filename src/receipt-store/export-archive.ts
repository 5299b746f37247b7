/** One kept answer as one file that `countersign verify` checks offline, years later. @module */
import type { ReceiptStore } from '../client/store.ts'
import { decodeArchive, encodeArchive } from '../core/archive/index.ts'
import { CountersignError } from '../errors.ts'

/**
 * The archive of an answer, with request and response in it: whoever has the file can read both.
 * @throws CountersignError ERR_USAGE for an answer that is not kept, not upgraded yet, or too long for an archive
 */
export async function exportArchive(store: Pick<ReceiptStore, 'get'>, jti: string): Promise<Uint8Array> {
  const answer = await store.get(jti)
  if (answer === undefined) throw new CountersignError('ERR_USAGE', `no answer ${jti} is kept`)
  const { archive, request, response, token } = answer
  if (archive === undefined)
    throw new CountersignError(
      'ERR_USAGE',
      `the receipt ${jti} is only signed: upgrade it while its gateway is there (receipt.upgrade('quoted')), then export`,
    )
  return encodeArchive({
    ...decodeArchive(archive),
    receipt: token,
    request,
    ...(response === undefined ? {} : { response }),
  })
}
