/** Computes what a register holds after the events of a log. @module */
import { sha384 } from '../crypto/index.ts'
import { DIGEST_SIZE, type LoggedEvent, type Register } from './logged-event.ts'

/**
 * The value of a register after every event of the log that names it: `RTMR = SHA-384(RTMR || digest)`, from 48 zero octets.
 *
 * It uses the digests as logged, so it says nothing yet about any text.
 */
export function replay(events: readonly LoggedEvent[], register: Register): Uint8Array {
  let value: Uint8Array = new Uint8Array(DIGEST_SIZE)
  for (const event of events) if (event.register === register) value = sha384(value, event.digest)
  return value
}
