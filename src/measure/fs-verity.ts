/**
 * The digest with which Linux names a file of fs-verity (Documentation/filesystems/fsverity.rst: Merkle tree, fs-verity descriptor): SHA-256,
 * blocks of 4096 octets, no salt. The kernel holds each page of such a file against its tree, so the digest that is measured before is the one
 * that is served after. @module
 */
import { sha256 } from '../core/crypto/index.ts'
import { encodeHex } from '../core/encoding/bytes.ts'

export const VERITY_BLOCK_SIZE = 4_096
const DIGEST_SIZE = 32

/** One level up: the digests of a level fill blocks, the last of them up with zeros, and each block has a digest. */
function levelAbove(level: Uint8Array): Uint8Array {
  const blocks = Math.ceil(level.length / VERITY_BLOCK_SIZE)
  const above = new Uint8Array(blocks * DIGEST_SIZE)
  for (let i = 0; i < blocks; i++) {
    const block = new Uint8Array(VERITY_BLOCK_SIZE)
    block.set(level.subarray(i * VERITY_BLOCK_SIZE, (i + 1) * VERITY_BLOCK_SIZE))
    above.set(sha256(block), i * DIGEST_SIZE)
  }
  return above
}

/**
 * @param size of the file in octets
 * @param leaves the SHA-256 of each of its blocks, one behind the other; nothing for an empty file, whose root is zeros
 * @returns `sha256:…`
 */
export function fsVerityDigest(size: number, leaves: Uint8Array): string {
  let level = leaves
  while (level.length > DIGEST_SIZE) level = levelAbove(level)
  const descriptor = new Uint8Array(256)
  const view = new DataView(descriptor.buffer)
  view.setUint8(0, 1) // version
  view.setUint8(1, 1) // hash_algorithm: SHA-256
  view.setUint8(2, 12) // log_blocksize
  view.setBigUint64(8, BigInt(size), true) // data_size
  descriptor.set(level, 16) // root_hash
  return `sha256:${encodeHex(sha256(descriptor))}`
}
