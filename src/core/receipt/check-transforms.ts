/** Whether the forwarded octets follow from the request by nothing but the listed splices. wire.md section 2. @module */
import { digestUri } from '../crypto/index.ts'
import type { Trust } from '../evidence/attestation.ts'
import { applySplices, recordedSplices, replaySplices, type SpliceRecord } from '../transform/splice.ts'
import type { Checker } from '../verdict.ts'
import { assertGiven } from './check-given.ts'
import type { ReceiptClaims } from './claims.ts'
import type { Octets } from './disclosed.ts'
import type { HeldExchange, HeldOctets } from './held.ts'
import type { Receipt } from './receipt.ts'

type Check = Checker<'transforms'>

/** Octets that are put together to be read. A receipt can name the same large octets in each of its splices. */
export const MAX_GIVEN: number = 64 << 20

/** Nothing was forwarded when the gateway refused or failed before it asked the model. */
export function wasForwarded({ outcome }: ReceiptClaims): boolean {
  return outcome !== 'refused' && outcome !== 'error'
}

function listed(transforms: readonly SpliceRecord[]): string {
  return `${transforms.length} replayed: ${transforms.map(({ insert }) => insert.role).join(', ')}`
}

/** What the listed splices make of the request; undefined when what that needs is not at hand. */
function replayed(
  check: Check,
  signed: Octets,
  transforms: readonly SpliceRecord[],
  held: HeldExchange,
): HeldOctets | undefined {
  if (held.replay === 'not-held') {
    check.missing(
      'transforms',
      `${transforms.length} changes are listed; replaying them needs the request and the inserted octets`,
    )
    return undefined
  }
  const { request, inserts } = held.replay
  // The replay must begin at the request that was signed, not at one that happens to lead to the forwarded octets.
  if (digestUri(request) !== signed.digest)
    check.fail(
      'transforms',
      'REQUEST_DIGEST_MISMATCH',
      'the octets given for the replay are not the request that was signed',
    )
  return check.decode('transforms', () => replaySplices(request, transforms, inserts))
}

/** Replays the listed changes over the request: what they give must be what the model was given. */
export function checkTransforms(
  check: Check,
  { claims, disclosed }: Receipt,
  held: HeldExchange,
  { policy }: Trust,
): void {
  const { request, forwarded } = disclosed
  if (policy.transforms === 'unchecked') check.unchecked('transforms')
  else if (!wasForwarded(claims)) check.unchecked('transforms', 'nothing was forwarded')
  else if (forwarded === undefined || request === undefined)
    check.missing('transforms', 'disclosure request or forwarded is withheld')
  else if (forwarded.transforms.length === 0) {
    check.that(
      'transforms',
      forwarded.digest === request.digest && forwarded.size === request.size,
      'TRANSFORM_MISMATCH',
      {
        pass: 'the model got your octets unchanged',
        fail: 'no change is listed, yet the model got other octets',
      },
    )
  } else {
    const result = replayed(check, request, forwarded.transforms, held)
    if (result === undefined) return
    check.that(
      'transforms',
      result.size === forwarded.size && result.digest === forwarded.digest,
      'TRANSFORM_MISMATCH',
      {
        pass: listed(forwarded.transforms),
        fail: 'replaying the changes gives other octets',
      },
    )
  }
}

/** That the octets are those listed does not say that each of them is what its role says. Where what they are has a check of its own, that goes first. */
export function checkGiven(
  check: Check,
  { claims, disclosed: { request, forwarded, dependencies } }: Receipt,
  { replay }: HeldExchange,
  { policy }: Trust,
): void {
  if (policy.transforms === 'unchecked' || replay === 'not-held' || !wasForwarded(claims)) return
  // Nothing was replayed where the request is withheld: a pass here would hide that.
  if (request === undefined || forwarded === undefined || forwarded.transforms.length === 0) return
  if (forwarded.size > MAX_GIVEN)
    check.incomplete('transforms', `the model was given ${forwarded.size} octets, more than are read here`)
  check.decode(
    'transforms',
    () => {
      const splices = [...recordedSplices(forwarded.transforms, replay.inserts)]
      const octets = applySplices(replay.request, splices)
      assertGiven(replay.request, octets, { splices, dependencies })
    },
    'TRANSFORM_MISMATCH',
  )
  check.pass('transforms', listed(forwarded.transforms))
}
