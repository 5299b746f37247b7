/**
 * How fast this machine is just now: targets in microseconds come from another one, and what a shared machine gives varies from minute to
 * minute. The yardstick is jose's compactVerify of an EdDSA token of the size of a receipt, which took 96 to 102 µs there.
 */
import { CompactSign, compactVerify, generateKeyPair } from 'jose'

const THERE_MICROS = 99
const COUNT = 300

/**
 * The lesser of the time it takes and of the CPU it takes: other work on the machine lengthens the first, and what is scaled by a yardstick
 * that is too long looks better than it is.
 * @returns the yardstick of one process: each call measures it anew, in microseconds
 */
export async function createYardstick() {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA')
  const payload = new Uint8Array(1_000).fill(0x61)
  const token = await new CompactSign(payload).setProtectedHeader({ alg: 'EdDSA' }).sign(privateKey)
  return async () => {
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    for (let i = 0; i < COUNT; i++) await compactVerify(token, publicKey)
    const micros = (performance.now() - startedAt) * 1_000
    const { user, system } = process.cpuUsage(cpuBefore)
    return Math.min(micros, user + system) / COUNT
  }
}

/** What `micros` here come to on the machine of the targets. */
export const atTargetSpeed = (micros, yardstickMicros) => (micros * THERE_MICROS) / yardstickMicros
