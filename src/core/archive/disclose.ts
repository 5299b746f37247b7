/** Shows a part of an archive: disclosures of its receipt, and the octets that go with them. See `receipt/disclose.ts`. @module */
import { MalformedError } from '../../errors.ts'
import { discloseReceipt, type PartialReceipt, type Selection, selectInserts } from '../receipt/disclose.ts'
import type { Archive } from './archive.ts'

export interface PartialArchive extends Omit<PartialReceipt, 'token'> {
  readonly archive: Archive
}

/**
 * Stored request and response go with their disclosures, inserted octets with `forwarded` or when they are named. A result goes too: it was
 * about the fuller archive.
 * @param hideInserts roles of splices, or digests (`sha256:…`) of inserted octets
 * @throws MalformedError DISCLOSURE_MISSING when what is named is not there
 */
export function discloseArchive(
  archive: Archive,
  selection: Selection,
  hideInserts: readonly string[] = [],
): PartialArchive {
  const { receipt, request, response, inserts = new Map(), result: _, ...evidence } = archive
  if (receipt === undefined)
    throw new MalformedError('DISCLOSURE_MISSING', 'the archive holds no receipt: it is of a gateway, not of an answer')
  const { token, shown, hidden, guessable } = discloseReceipt(receipt, selection)
  const kept = selectInserts(receipt, inserts, { shown, hide: hideInserts })
  return {
    archive: {
      ...evidence,
      receipt: token,
      ...(kept.inserts.size === 0 ? {} : { inserts: kept.inserts }),
      ...(request !== undefined && shown.includes('request') ? { request } : {}),
      ...(response !== undefined && shown.includes('response') ? { response } : {}),
    },
    shown,
    hidden,
    guessable: [...guessable, ...kept.guessable],
  }
}
