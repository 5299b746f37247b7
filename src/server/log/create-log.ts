/** Begins the log of a boot: genesis, first segment, first group. @module */
import { encodeBase64Url } from '../../core/encoding/base64.ts'
import { createEntry, logOrigin } from '../../core/log/index.ts'
import { StateError } from '../../errors.ts'
import { FailureLatch } from './failure-latch.ts'
import { resolveOptions, systemClock, systemTimers } from './log-options.ts'
import { publishedName } from './names.ts'
import { StoredReceiptLog } from './receipt-log.ts'
import type { LogDeps, ReceiptLog } from './types.ts'

/**
 * Begins the log of this boot and makes its genesis entry durable.
 *
 * @param genesis JCS octets of the genesis record: the preimage of entry 0
 * @throws CountersignError ERR_LOG_APPEND when the store cannot be written or another process writes this log; ERR_CONFIG for the host
 * @example
 * const log = await createReceiptLog({ store: createFileStore('/var/lib/countersign'), host: 'gw.example.com', signer }, genesis)
 * await log.recordIntent(intent)
 * const { index, durable } = log.appendReceipt({ entry, jti, sealed, intent })
 * await durable
 */
export async function createReceiptLog(deps: LogDeps, genesis: Uint8Array): Promise<ReceiptLog> {
  const { store, host, signer, onFailure = () => {} } = deps
  const { fence = async () => {}, clock = systemClock, timers = systemTimers } = deps
  const origin = logOrigin(host, signer.publicKey)
  const latch = new FailureLatch(onFailure)
  try {
    const name = publishedName(encodeBase64Url(signer.publicKey), 'genesis')
    if (!(await store.create(name, genesis))) throw new StateError('LOG_FENCED', 'this log was begun before')
    const options = resolveOptions(deps.options ?? {})
    const log = new StoredReceiptLog({ store, origin, signer, latch, fence, clock, timers, options })
    await log.begin(createEntry('genesis', genesis))
    return log
  } catch (cause) {
    throw latch.trip(cause)
  }
}
