/** Compressed evidence expands within limits, and never beyond. */
import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { compressionOf, decompressEvidence } from '../../src/collateral/decompress-evidence.ts'
import { failureOfAsync } from '../kit/failure-of.ts'

const noise = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * i * 31 + i * 7) & 0xff)
const gzip = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes))

describe('decompressEvidence', () => {
  it('gives back what was compressed, and leaves alone what was not', async () => {
    const report = noise(1184)
    expect(await decompressEvidence(gzip(report))).toEqual(report)
    expect(await decompressEvidence(new Uint8Array(deflateSync(report)))).toEqual(report)
    expect(await decompressEvidence(report)).toBe(report)
  })

  it('takes no report for compressed data by its version', () => {
    for (const version of [2, 3, 4, 5]) expect(compressionOf(Uint8Array.of(version, 0, 0, 0))).toBeUndefined()
    expect(compressionOf(Uint8Array.of(0x84, 0x44))).toBeUndefined()
  })

  it('[F8] rejects what expands beyond 1 MiB', async () => {
    const big = noise((1 << 20) + 1)
    for (let i = 0; i < big.length; i += 3) big[i] = (big[i] ?? 0) ^ (i >> 8)
    expect(gzip(big).length * 20).toBeGreaterThan(big.length)
    expect(await failureOfAsync(() => decompressEvidence(gzip(big)))).toBe('DECOMPRESSION_LIMIT')
  })

  it('[F8] rejects what expands to more than 20 times its size', async () => {
    const zeros = new Uint8Array(100_000)
    expect(await failureOfAsync(() => decompressEvidence(gzip(zeros)))).toBe('DECOMPRESSION_LIMIT')
    expect(await failureOfAsync(() => decompressEvidence(new Uint8Array(deflateSync(zeros))))).toBe(
      'DECOMPRESSION_LIMIT',
    )
  })

  it('stops a bomb of 256 MiB before it is expanded', async () => {
    const bomb = gzip(new Uint8Array(1 << 28))
    const before = process.memoryUsage().arrayBuffers
    expect(await failureOfAsync(() => decompressEvidence(bomb))).toBe('DECOMPRESSION_LIMIT')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20)
  })

  it('rejects data that are cut or followed by others', async () => {
    const whole = gzip(noise(1184))
    expect(await failureOfAsync(() => decompressEvidence(whole.subarray(0, -9)))).toBe('PARSE_INVALID')
    expect(await failureOfAsync(() => decompressEvidence(Uint8Array.of(...whole, 1)))).toBe('PARSE_INVALID')
  })
})
