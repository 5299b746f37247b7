/**
 * How fast this machine is just now: targets in microseconds come from another one, and what a shared machine gives varies from minute to
 * minute. The yardstick is jose's compactVerify of an EdDSA token of the size of a receipt, which took 96 to 102 µs there.
 */
import { CompactSign, compactVerify, generateKeyPair } from 'jose'

const THERE_MICROS = 99
const COUNT = 300

/** @returns the yardstick of one process: each call measures it anew, in microseconds */
export async function createYardstick() {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA')
  const payload = new Uint8Array(1_000).fill(0x61)
  const token = await new CompactSign(payload).setProtectedHeader({ alg: 'EdDSA' }).sign(privateKey)
  return async () => {
    const startedAt = performance.now()
    for (let i = 0; i < COUNT; i++) await compactVerify(token, publicKey)
    return ((performance.now() - startedAt) * 1_000) / COUNT
  }
}

/** What `micros` here come to on the machine of the targets. */
export const atTargetSpeed = (micros, yardstickMicros) => (micros * THERE_MICROS) / yardstickMicros
