/**
 * The octets that an engine was given, made again from the request and what was inserted. Whoever hands octets over may lie: nothing goes to
 * an engine that does not come to what was signed. @module
 */
import { digestUri } from '../core/crypto/index.ts'
import type { Forwarded } from '../core/receipt/disclosed.ts'
import { applySplices, recordedSplices } from '../core/transform/splice.ts'
import type { Checker } from '../core/verdict.ts'
import { MalformedError } from '../errors.ts'
import type { RecordedAnswer } from './recorded.ts'

type Check = Checker<'request' | 'forwarded'>

/** Splices can name the same large octets again and again: what no context has room for is not put together. */
const MAX_FORWARDED = 1 << 24

export function rebuildForwarded(check: Check, { receipt, request, inserts }: RecordedAnswer): Uint8Array {
  const { disclosed } = receipt
  if (request === 'not-held')
    check.incomplete('request', 'the octets of the request are not at hand; they are not in the archive')
  if (disclosed.request === undefined) check.unchecked('request', 'disclosure request is withheld')
  else
    check.that('request', digestUri(request) === disclosed.request.digest, 'REPLAY_PRECONDITION', {
      pass: disclosed.request.digest,
      fail: `signed is ${disclosed.request.digest}, the octets at hand are ${digestUri(request)}`,
    })
  if (disclosed.forwarded === undefined)
    check.incomplete('forwarded', 'disclosure forwarded is withheld: what the engine was given is not known')
  return forward(check, request, { forwarded: disclosed.forwarded, inserts })
}

function forward(
  check: Check,
  request: Uint8Array,
  { forwarded, inserts }: { readonly forwarded: Forwarded; readonly inserts: RecordedAnswer['inserts'] },
): Uint8Array {
  const { digest, size, transforms } = forwarded
  const missing = transforms.find(({ insert }) => !inserts.has(insert.digest))
  if (missing !== undefined)
    check.incomplete(
      'forwarded',
      `the inserted octets of ${missing.insert.role} are not at hand: ${missing.insert.digest}`,
    )
  const due = transforms.reduce((sum, { remove, insert }) => sum - remove + insert.size, request.length)
  check.that('forwarded', due === size && size <= MAX_FORWARDED, 'REPLAY_PRECONDITION', {
    fail: `signed are ${size} octets; request and changes give ${due}, and at most ${MAX_FORWARDED} are put together`,
  })
  try {
    const octets = applySplices(request, [...recordedSplices(transforms, inserts)])
    check.that('forwarded', octets.length === size && digestUri(octets) === digest, 'REPLAY_PRECONDITION', {
      pass: `${digest}, ${transforms.length} changes`,
      fail: `signed is ${digest}; request and changes give ${digestUri(octets)}`,
    })
    return octets
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return check.fail('forwarded', 'REPLAY_PRECONDITION', error.message)
  }
}
