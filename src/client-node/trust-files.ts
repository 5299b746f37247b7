/** Policy and lock files. @module */
import { readFile } from 'node:fs/promises'
import { decodeLock, type Lock } from '../core/lock.ts'
import { decodePolicy, type Policy } from '../core/policy.ts'
import { CountersignError, MalformedError } from '../errors.ts'

async function readConfigured<T>(file: string, decode: (bytes: Uint8Array) => T): Promise<T> {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(await readFile(file))
  } catch (cause) {
    throw new CountersignError('ERR_CONFIG', `${file} cannot be read`, { cause })
  }
  try {
    return decode(bytes)
  } catch (cause) {
    if (cause instanceof MalformedError)
      throw new CountersignError('ERR_CONFIG', `${file}: ${cause.failure}: ${cause.message}`, { cause })
    throw cause
  }
}

/** Reads `countersign.policy.json`. @throws CountersignError ERR_CONFIG naming the file and the key */
export function readPolicy(file: string): Promise<Policy> {
  return readConfigured(file, decodePolicy)
}

/**
 * Reads `countersign.lock.json`.
 * @param atLeast the newest `revision` that the caller ever held: an older lock is refused (PIN_ROLLBACK)
 * @throws CountersignError ERR_CONFIG naming the file and the key
 */
export function readLock(file: string, { atLeast = 0 }: { readonly atLeast?: number } = {}): Promise<Lock> {
  return readConfigured(file, (bytes) => decodeLock(bytes, { atLeast }))
}
