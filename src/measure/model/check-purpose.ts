/** Whether weights serve the purpose for which they are about to be used. @module */
import { judge, type Verdict } from '../../core/verdict.ts'
import type { ModelDescription, ModelPurpose } from './types.ts'

const CHECKS = ['purpose'] as const

/**
 * Refuses an adapter, a draft model or a projector in place of the model, and each in place of another. Weights of which nothing can be
 * told serve no purpose. A description by the maker of the files keeps accidents out; who swaps on purpose is caught by the digest.
 */
export function checkPurpose(
  description: ModelDescription,
  wanted: Exclude<ModelPurpose, 'unknown'>,
): Promise<Verdict<ModelDescription>> {
  return judge(CHECKS, async (check) => {
    check.that('purpose', description.purpose === wanted, 'ARTIFACT_PURPOSE', { seen: description.purpose, wanted })
    check.assume('The files say truly what they are for.')
    return { ...description }
  })
}
