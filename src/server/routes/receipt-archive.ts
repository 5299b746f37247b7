/** One file with a receipt and everything that verifies it offline, at the best grade there is. wire.md section 6. @module */

import { encodeTlogProof } from '../../core/log/index.ts'
import type { Grade } from '../../core/policy.ts'
import { decodeReceipt } from '../../core/receipt/receipt.ts'
import { type ArchiveParts, type CoveringEvidence, type CoveringWish, exportArchive } from '../evidence-store/index.ts'
import type { PublishedLog } from '../log/index.ts'
import type { StoredReceipt } from '../recorder/sealed-store.ts'
import type { PastBoot } from './history.ts'

type KeptReceipt = Extract<StoredReceipt, { state: 'kept' }> & {
  /** Tokens of the model calls before, the first first. */
  readonly steps?: readonly string[]
}

export interface ReceiptArchive {
  readonly octets: Uint8Array
  readonly grade: Grade
}

/** C2SP tlog-proof of a leaf in exactly the quoted checkpoint. */
export async function proveIn(
  log: PublishedLog,
  index: number,
  checkpoint: { readonly size: number; readonly note: string },
): Promise<string> {
  const hashes = await log.inclusionProof(index, checkpoint.size)
  return encodeTlogProof({ index, hashes, checkpoint: checkpoint.note })
}

/** That witnesses saw the quote: its own leaf in a checkpoint that they cosigned, and the way there from the quoted one. */
async function witnessParts(
  log: PublishedLog,
  { place, witnessed }: CoveringEvidence,
): Promise<Pick<ArchiveParts, 'quoteProof' | 'consistency'>> {
  if (witnessed === undefined || place.quoteIndex === undefined) return {}
  const [quoteProof, consistency] = await Promise.all([
    proveIn(log, place.quoteIndex, witnessed),
    log.consistencyProof(place.size, witnessed.size),
  ])
  return { quoteProof, consistency }
}

async function genesisParts(
  log: PublishedLog,
  { checkpoint }: CoveringEvidence,
): Promise<Pick<ArchiveParts, 'genesis' | 'genesisProof'>> {
  const genesis = await log.readFile('genesis')
  return genesis === undefined ? {} : { genesis, genesisProof: await proveIn(log, 0, checkpoint) }
}

/**
 * @param wish which evidence, where several cover the receipt
 * @returns undefined when no evidence of the receipt's session is there
 */
export async function archiveReceipt(
  { log, evidence }: PastBoot,
  { token, inserts, index, steps }: KeptReceipt,
  wish: CoveringWish,
): Promise<ReceiptArchive | undefined> {
  const { session } = decodeReceipt(token).claims
  const store = await evidence()
  const covering = await store.covering(index, session, wish)
  const given = { receipt: token, inserts, ...(steps && { steps }) }
  if (covering === undefined) {
    const newest = await store.newest(session)
    return newest && { octets: exportArchive(newest, given), grade: 'signed' }
  }
  const parts: ArchiveParts = {
    ...given,
    proof: await proveIn(log, index, covering.checkpoint),
    ...(await witnessParts(log, covering)),
    ...(await genesisParts(log, covering)),
  }
  return {
    octets: exportArchive(covering, parts),
    grade: parts.quoteProof === undefined ? 'quoted' : 'witnessed',
  }
}
