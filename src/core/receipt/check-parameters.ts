/** Whether the answer was made with the sampling parameters that were asked for. docs/formats.md, Sampling parameters. @module */
import { MalformedError } from '../../errors.ts'
import { digestUri } from '../crypto/index.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import type { JsonObject, JsonValue } from '../encoding/json.ts'
import { decodeUtf8 } from '../encoding/utf8.ts'
import type { ResourceDescriptor } from '../evidence/resource-descriptor.ts'
import { findMembers, type Member } from '../transform/json-span.ts'
import { applySplices, recordedSplices, type SpliceRecord } from '../transform/splice.ts'
import type { Checker } from '../verdict.ts'
import { MAX_GIVEN, wasForwarded } from './check-transforms.ts'
import type { Forwarded } from './disclosed.ts'
import type { HeldExchange } from './held.ts'
import { LENGTH_LIMITS, SAMPLING_MEMBERS, shownParameters } from './parameters.ts'
import type { Receipt } from './receipt.ts'

type Check = Checker<'parameters'>
const ROLE = 'sampling-parameters'

/** One member of the request, and where it stands. */
interface Asked {
  readonly name: string
  readonly value: JsonValue
  readonly member: Member
}

/** Null stands for absent. @returns undefined for what is no JSON object */
function askedFor(request: Uint8Array): readonly Asked[] | undefined {
  try {
    const members = findMembers(request)
    return SAMPLING_MEMBERS.flatMap((name) => {
      const member = members.get(name)
      if (member === undefined) return []
      const value: JsonValue = JSON.parse(decodeUtf8(request.subarray(member.start, member.end)))
      return value === null ? [] : [{ name, value, member }]
    })
  } catch (error) {
    if (error instanceof MalformedError || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** What the model was given, under whatever role it came in; undefined where that is not at hand, or cannot be read. */
function givenTo(
  { size, transforms }: Forwarded,
  { request, inserts }: Exclude<HeldExchange['replay'], 'not-held'>,
): readonly Asked[] | undefined {
  if (size > MAX_GIVEN) return undefined
  try {
    return askedFor(applySplices(request, [...recordedSplices(transforms, inserts)]))
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** A change that takes nothing of a member out leaves what was asked for as it was: it is held against the receipt all the same. */
function changes({ at, remove }: SpliceRecord, { member }: Asked): boolean {
  return at < member.end && at + remove > member.keyStart && remove > 0
}

/** What the receipt shows in the place of one parameter; undefined where that is what was asked for. */
function otherThan({ name, value }: Asked, shown: ReadonlyMap<string, string>): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'boolean') return undefined
  const names = LENGTH_LIMITS.includes(name) ? LENGTH_LIMITS : [name]
  const found = names.flatMap((one) => shown.get(one) ?? [])
  return found.includes(`${value}`) ? undefined : (found[0] ?? 'none')
}

interface Compared {
  readonly named: ResourceDescriptor | undefined
  readonly listed: readonly SpliceRecord[]
  readonly given: readonly Asked[] | undefined
}

function compare(check: Check, asked: readonly Asked[], { named, listed, given }: Compared): void {
  const shown = named === undefined ? new Map<string, string>() : shownParameters(named.name)
  if (shown === undefined) check.fail('parameters', 'PARAMS_MISMATCH', 'the receipt does not show the values used')
  const changed = asked.filter((one) => listed.some((splice) => changes(splice, one)))
  for (const one of asked) {
    const other = changed.includes(one) ? undefined : otherThan(one, shown)
    check.that('parameters', other === undefined, 'PARAMS_MISMATCH', {
      fail: `asked for ${one.name}=${one.value}, the receipt shows ${other}`,
    })
  }
  for (const one of given ?? []) {
    const other = named === undefined ? 'none' : otherThan(one, shown)
    check.that('parameters', other === undefined, 'PARAMS_MISMATCH', {
      fail: `the model was given ${one.name}, the receipt shows ${other}`,
    })
  }
  // Text and lists are shown by size alone: where nothing was filled in, the digest covers them.
  if (named?.annotations.source === 'client' && (given !== undefined || listed.length === 0)) {
    const values: JsonObject = Object.fromEntries((given ?? asked).map(({ name, value }) => [name, value]))
    const digest = check.decode('parameters', () => digestUri(encodeJcs(values)))
    check.that('parameters', digest === `sha256:${named.digest.sha256}`, 'PARAMS_MISMATCH', {
      fail: `said to be the client's own, whose digest is ${digest}`,
    })
  }
  const names = changed.map(({ name }) => name).join(', ')
  check.pass('parameters', `${named?.name ?? 'none'}${names === '' ? '' : `; changed as listed: ${names}`}`)
}

/** Whoever runs the model could draw tokens in another way than was asked for: hotter, or from a seed of its own choice. */
export function checkParameters(check: Check, { claims, disclosed }: Receipt, { replay }: HeldExchange): void {
  const { request, forwarded, dependencies } = disclosed
  const named = dependencies?.[ROLE] === 'none' ? [] : dependencies?.[ROLE]
  if (!wasForwarded(claims)) check.unchecked('parameters', 'nothing was forwarded')
  else if (replay === 'not-held') check.unchecked('parameters', 'octets of the request not held')
  else if (request === undefined || forwarded === undefined || named === undefined)
    check.unchecked('parameters', 'disclosure request, forwarded or dependencies is withheld')
  // An engine that took nothing used nothing.
  else if (named.length === 0 && claims.outcome !== 'complete') check.unchecked('parameters', `none: ${claims.outcome}`)
  else {
    check.that('parameters', digestUri(replay.request) === request.digest, 'REQUEST_DIGEST_MISMATCH', {
      fail: 'the octets held are not the request that was signed',
    })
    check.that('parameters', named.length < 2, 'PARAMS_MISMATCH', { fail: 'parameters are named more than once' })
    const asked = askedFor(replay.request)
    if (asked === undefined) check.unchecked('parameters', 'the request is no JSON object')
    else
      compare(check, asked, {
        named: named[0],
        listed: forwarded.transforms.filter(({ insert }) => insert.role === ROLE),
        given: givenTo(forwarded, replay),
      })
  }
}
