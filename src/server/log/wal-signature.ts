/** How far the log key vouches for a write-ahead log: one signature covers all groups in front of it. @module */
import { ed25519Spki, verifySignature } from '../../core/crypto/index.ts'
import { concatBytes } from '../../core/encoding/bytes.ts'
import { decodeLogOrigin } from '../../core/log/index.ts'
import { MalformedError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { SegmentReader } from './segment-reader.ts'
import { layoutOf, SIGNATURE_SIZE, signaturePrefix } from './wal-format.ts'
import { type ScanOptions, scanWal, type WalEnd } from './wal-scan.ts'

/**
 * Walks to the last group that the log key signed. A visitor may see groups behind that one, which are not of the log: they stand at or
 * behind the position that is returned.
 * @throws MalformedError when there is no log, and LOG_ORIGIN when its origin certifies no key or is that of another log
 */
export async function scanSignedWal(
  store: ObjectStore,
  id: string,
  options: Omit<ScanOptions, 'until'>,
): Promise<WalEnd> {
  const end = await scanWal(store, id, options)
  if (end.origin.split('/').at(-1) !== id) throw new MalformedError('LOG_ORIGIN', 'a write-ahead log of another log')
  if (end.lastHead === undefined || (await isSigned(store, id, end))) return end
  // Somebody without the key went on with the chain: up to some group all signatures hold, from there on none does.
  let good = 0
  let bad = end.lastHead.number
  while (good < bad) {
    const middle = Math.floor((good + bad) / 2)
    const part = await scanWal(store, id, { from: options.from, until: middle + 1 })
    if (part.lastHead !== undefined && part.lastHead.number >= middle && !(await isSigned(store, id, part)))
      bad = middle
    else good = middle + 1
  }
  return scanWal(store, id, { from: options.from, until: bad })
}

async function isSigned(store: ObjectStore, id: string, { origin, last, lastHead }: WalEnd): Promise<boolean> {
  if (last === undefined || lastHead === undefined) return false
  const spki = ed25519Spki(decodeLogOrigin(origin).publicKey)
  const reader = await SegmentReader.open(store, id, last.segment)
  if (reader === undefined) return false
  try {
    const { signature } = layoutOf(lastHead)
    const octets = await reader.read(last.offset, signature + SIGNATURE_SIZE)
    const signed = concatBytes(signaturePrefix(origin), octets.subarray(0, signature))
    return await verifySignature('Ed25519', spki, octets.subarray(signature), signed)
  } finally {
    await reader.close()
  }
}
