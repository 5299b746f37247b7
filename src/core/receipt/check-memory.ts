/** What a receipt says was remembered, against the octets that were put before the client's messages. wire.md section 2. @module */
import { digestUri } from '../crypto/index.ts'
import { insertedElements } from '../transform/element-edits.ts'
import type { Checker } from '../verdict.ts'
import { wasForwarded } from './check-transforms.ts'
import type { Dependencies } from './disclosed.ts'
import type { HeldExchange } from './held.ts'
import type { Receipt } from './receipt.ts'

const NAME = 'memory'
const CODE = 'STATE_CHAIN_BROKEN'

/** Digest of the conversation that the gateway itself remembers; `none` where it does not. */
export function rememberedState(
  dependencies: Dependencies | undefined,
  role: 'memory-before' | 'memory-after',
): string | 'none' {
  const named = dependencies?.[role] ?? 'none'
  const own = named === 'none' ? undefined : named.find(({ annotations }) => annotations.source === 'gateway')
  return own === undefined ? 'none' : `sha256:${own.digest.sha256}`
}

/** Whether what was remembered is what the model was given of it. */
export function checkMemory(
  check: Checker<typeof NAME>,
  { claims, disclosed }: Pick<Receipt, 'claims' | 'disclosed'>,
  held: HeldExchange,
): void {
  const { dependencies, forwarded } = disclosed
  if (!wasForwarded(claims)) {
    check.unchecked(NAME, 'nothing was forwarded')
    return
  }
  if (dependencies === undefined || forwarded === undefined) {
    check.unchecked(NAME, 'disclosure dependencies or forwarded is withheld')
    return
  }
  const before = rememberedState(dependencies, 'memory-before')
  // What is taken out of a request has a role too, and inserts nothing.
  const [spliced, ...more] = forwarded.transforms.filter(
    ({ insert }) => insert.role === 'memory-before' && insert.size > 0,
  )
  check.that(NAME, (before === 'none') === (spliced === undefined), CODE, {
    pass: 'nothing was remembered before it',
    fail:
      before === 'none'
        ? 'a conversation was put before the request, and the dependencies name none'
        : 'the dependencies name a conversation that the model was not given',
  })
  if (spliced === undefined) return
  check.that(NAME, more.length === 0, CODE, { fail: 'more than one conversation was put before the request' })
  const octets = held.replay === 'not-held' ? undefined : held.replay.inserts.get(spliced.insert.digest)
  if (octets === undefined) {
    check.unchecked(NAME, `${before}; the octets are not held`)
    return
  }
  check.that(NAME, digestUri(octets) === spliced.insert.digest, 'TRANSFORM_MISMATCH', {
    fail: 'the octets given are not those that were inserted',
  })
  check.that(NAME, digestUri(insertedElements(octets)) === before, CODE, {
    pass: before,
    fail: `the model was given another conversation than ${before}`,
  })
}
