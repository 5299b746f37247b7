/** Registers and what goes into them. @module */
import { sha384 } from '../../crypto/index.ts'

/** One extension of a register. */
export interface BootEvent {
  /** For people. */
  readonly name: string
  readonly digest: Uint8Array
}

const REGISTER_SIZE = 48

/** `RTMR = SHA-384(RTMR || digest)`, from zeros. */
export function extendAll(events: readonly BootEvent[]): Uint8Array {
  let value: Uint8Array = new Uint8Array(REGISTER_SIZE)
  for (const { digest } of events) value = sha384(value, digest)
  return value
}
