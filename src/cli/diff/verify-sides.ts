/** Both sides of a comparison under a policy: whether what they say is true. @module */
import type { Trust } from '../../core/evidence/attestation.ts'
import type { Verdict } from '../../core/verdict.ts'
import { UsageError } from '../command.ts'
import { judgeArchive } from '../evidence/judge-archive.ts'
import { verdictWords } from '../output.ts'
import type { ReadSide, SideName } from './read-side.ts'

export interface SideVerdict {
  readonly name: SideName
  readonly verdict: Verdict<object>
  /** What was verified, or the code and the check that failed. */
  readonly words: string
}

/** @throws UsageError for a receipt alone */
export async function verifySides(
  sides: readonly ReadSide[],
  { trust, now }: { readonly trust: Trust; readonly now: Date },
): Promise<readonly SideVerdict[]> {
  const verdicts: SideVerdict[] = []
  for (const { name, file, archive } of sides) {
    if (archive === undefined)
      throw new UsageError(
        `${file} is a receipt alone, which does not verify`,
        'Give its archive: countersign receipts export, or GET /v1/receipts/<id> with Accept: application/cmw+json.',
      )
    const held = { trust, now, at: undefined, request: undefined, response: undefined }
    const { verdict, result } = await judgeArchive(archive, held)
    verdicts.push({ name, verdict, words: verdictWords(verdict, result) })
  }
  return verdicts
}
