/** Shows a part of an archive: disclosures of its receipt, and the octets that go with them. See `receipt/disclose.ts`. @module */
import { MalformedError } from '../../errors.ts'
import { discloseReceipt, type PartialReceipt, type Selection, selectInserts } from '../receipt/disclose.ts'
import type { DisclosureName } from '../receipt/disclosures.ts'
import { decodeReceipt } from '../receipt/receipt.ts'
import type { Archive } from './archive.ts'

export interface PartialArchive extends Omit<PartialReceipt, 'token'> {
  readonly archive: Archive
}

/** What `verifyRun` needs of each step. */
function isRunShown(shown: readonly DisclosureName[]): boolean {
  return shown.includes('request') && shown.includes('exchange')
}

/** No more of a step than of the answer: what it was given holds all that is hidden there. */
function showAlike(step: string, shown: readonly DisclosureName[]): string {
  const { disclosed } = decodeReceipt(step)
  return discloseReceipt(step, { show: shown.filter((name) => disclosed[name] !== undefined) }).token
}

/**
 * Stored request and response go with their disclosures, inserted octets with `forwarded` or when they are named. A result goes too: it was
 * about the fuller archive. Steps of a run show what the receipt shows; where that does not link them, they go too.
 * @param hideInserts roles of splices, or digests (`sha256:…`) of inserted octets
 * @throws MalformedError DISCLOSURE_MISSING when what is named is not there
 */
export function discloseArchive(
  archive: Archive,
  selection: Selection,
  hideInserts: readonly string[] = [],
): PartialArchive {
  const { receipt, steps, request, response, inserts = new Map(), result: _, ...evidence } = archive
  if (receipt === undefined)
    throw new MalformedError('DISCLOSURE_MISSING', 'the archive holds no receipt: it is of a gateway, not of an answer')
  const { token, shown, hidden, guessable } = discloseReceipt(receipt, selection)
  const kept = selectInserts(receipt, inserts, { shown, hide: hideInserts })
  return {
    archive: {
      ...evidence,
      receipt: token,
      ...(steps !== undefined && isRunShown(shown) ? { steps: steps.map((step) => showAlike(step, shown)) } : {}),
      ...(kept.inserts.size === 0 ? {} : { inserts: kept.inserts }),
      ...(request !== undefined && shown.includes('request') ? { request } : {}),
      ...(response !== undefined && shown.includes('response') ? { response } : {}),
    },
    shown,
    hidden,
    guessable: [...guessable, ...kept.guessable],
  }
}
