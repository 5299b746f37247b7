/** What a receipt names, against what is here: of the embedded engine and of others alike. @module */
import type { Receipt } from '../core/receipt/receipt.ts'
import type { Checker } from '../core/verdict.ts'

export function checkOutcome(check: Checker<'outcome'>, { claims: { outcome } }: Receipt): void {
  check.that('outcome', outcome === 'complete', 'REPLAY_PRECONDITION', {
    pass: outcome,
    fail: `${outcome}: there is no whole answer of the model to compare with`,
  })
}

/** @param digests each way in which receipts may name the weights that are here */
export function checkWeights(
  check: Checker<'weights'>,
  { claims: { model } }: Receipt,
  digests: readonly string[],
): void {
  if (model.digest === 'none') check.unchecked('weights', 'nobody measured them')
  else
    check.that('weights', digests.includes(model.digest), 'REPLAY_PRECONDITION', {
      pass: model.digest,
      fail: `the answer is of ${model.digest}, here are ${digests.join(' or ')}`,
    })
}

/** One dependency. */
export function checkPart<Role extends 'chat-template' | 'tokenizer' | 'sampling-parameters'>(
  check: Checker<Role>,
  role: Role,
  { disclosed }: Receipt,
  here: string,
): void {
  const { dependencies } = disclosed
  const named = dependencies?.[role]
  if (named === undefined) check.unchecked(role, 'disclosure dependencies is withheld')
  else if (named === 'none') check.unchecked(role, 'the receipt names none')
  else {
    const digests = named.map(({ digest }) => `sha256:${digest.sha256}`)
    check.that(role, digests.includes(here), 'REPLAY_PRECONDITION', {
      pass: here,
      fail: `the answer relied on ${digests.join(', ')}, here it is ${here}`,
    })
  }
}
