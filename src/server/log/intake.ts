/** What callers hand to the log, checked before anything is assigned. These are faults of the gateway, not of a client. @module */
import { ENTRY_SIZE } from '../../core/log/index.ts'
import { CountersignError } from '../../errors.ts'
import { ID_SIZE } from './wal-format.ts'

/** @throws CountersignError ERR_USAGE unless the id has 16 octets */
export function requireId(what: string, id: Uint8Array): void {
  if (id.length !== ID_SIZE) throw misuse(`${what} has ${ID_SIZE} octets`)
}

/** 16 octets as a key of a set: one character each. */
export function idKey(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1')
}

/** Looks at the length and the octet of type alone: this is on the way of every answer. @throws CountersignError ERR_USAGE */
export function requireEntry(entry: Uint8Array, lowestType: number, highestType: number): void {
  const type = entry[0] ?? -1
  if (entry.length !== ENTRY_SIZE || type < lowestType || type > highestType)
    throw misuse('an entry of this type or length does not go this way')
}

export function misuse(message: string): CountersignError {
  return new CountersignError('ERR_USAGE', message)
}
