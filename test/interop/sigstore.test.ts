/** Inclusion proofs from our tiles, judged by the Merkle code of @sigstore/verify. It has none for consistency: see go.test.ts. @module */
import { LogCheckpoint } from '@sigstore/verify/dist/tlog/checkpoint.js'
import { verifyMerkleInclusion } from '@sigstore/verify/dist/tlog/merkle.js'
import { describe, expect, test } from 'vitest'
import { proveInclusion } from '../../src/core/log/index.ts'
import { publishLog } from './published-log.ts'

type Entry = Parameters<typeof verifyMerkleInclusion>[0]

/** A transparency log entry of Sigstore, of which the Merkle code reads index, hashes and body. */
function entryOf(body: Uint8Array, index: number, hashes: readonly Uint8Array[]): Entry {
  return {
    logIndex: `${index}`,
    logId: { keyId: Buffer.alloc(0) },
    kindVersion: { kind: 'countersign', version: '1' },
    integratedTime: '0',
    inclusionPromise: undefined,
    inclusionProof: {
      logIndex: `${index}`,
      rootHash: Buffer.alloc(0),
      treeSize: '0',
      hashes: hashes.map((hash) => Buffer.from(hash)),
      checkpoint: { envelope: '' },
    },
    canonicalizedBody: Buffer.from(body),
  }
}

describe('@sigstore/verify', () => {
  test.each([1, 2, 255, 256, 257, 700])('accepts our inclusion proofs in a log of %i leaves', async (size) => {
    const log = publishLog(size)
    const text = Buffer.from(log.files.get('checkpoint') ?? []).toString()
    const checkpoint = LogCheckpoint.fromString(text.slice(0, text.indexOf('\n\n') + 1))
    expect([checkpoint.origin, checkpoint.logSize]).toEqual([log.origin, BigInt(size)])
    expect(new Uint8Array(checkpoint.logHash)).toEqual(log.root)
    for (const [index, entry] of log.entries.entries()) {
      const hashes = await proveInclusion(log, index, size)
      verifyMerkleInclusion(entryOf(entry, index, hashes), checkpoint)
    }
  })

  test('refuses our proof for another leaf', async () => {
    const log = publishLog(300)
    const checkpoint = new LogCheckpoint(log.origin, 300n, Buffer.from(log.root), [])
    const hashes = await proveInclusion(log, 7, 300)
    expect(() => verifyMerkleInclusion(entryOf(Buffer.from('other'), 7, hashes), checkpoint)).toThrow('root hash')
  })
})
