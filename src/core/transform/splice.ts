/**
 * Byte splices: how the gateway changes a request, and how a verifier replays it. One implementation for both.
 * `at` counts octets of the request; splices ascend and do not overlap; inserted octets are named by digest. wire.md section 2. @module
 */
import { MalformedError } from '../../errors.ts'
import { createHasher, digestUri } from '../crypto/index.ts'
import { concatBytes, encodeHex } from '../encoding/bytes.ts'
import type { JsonValue } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'
import { DIGEST_URI, ROLE } from '../evidence/resource-descriptor.ts'

/** At octet `at`, take out `remove` octets and put `insert` there; `role` names the dependency that `insert` comes from. */
export interface Splice {
  readonly at: number
  readonly remove: number
  readonly insert: Uint8Array
  readonly role: string
}

/** A splice as a receipt shows it. */
export interface SpliceRecord {
  readonly op: 'splice'
  readonly at: number
  readonly remove: number
  readonly insert: { readonly digest: string; readonly size: number; readonly role: string }
}

/** Most splices of one receipt. */
export const MAX_SPLICES: number = 1024

function mismatch(what: string): MalformedError {
  return new MalformedError('TRANSFORM_MISMATCH', what)
}

/** @throws MalformedError with the codes given; the order of splices is checked when they are applied */
export function decodeSpliceRecords(values: readonly JsonValue[], codes: ShapeCodes): readonly SpliceRecord[] {
  if (values.length > MAX_SPLICES) throw new MalformedError(codes.invalid, `more than ${MAX_SPLICES} splices`)
  return values.map((value, i) =>
    new ObjectReader(value, `transforms[${i}]`, codes).whole((reader) => ({
      op: reader.oneOf('op', ['splice']),
      at: reader.integer('at'),
      remove: reader.integer('remove'),
      insert: reader.object('insert').whole((insert) => ({
        digest: insert.string('digest', DIGEST_URI),
        size: insert.integer('size'),
        role: insert.string('role', ROLE),
      })),
    })),
  )
}

/** How a receipt shows a splice. */
export function recordSplice({ at, remove, insert, role }: Splice): SpliceRecord {
  return { op: 'splice', at, remove, insert: { digest: digestUri(insert), size: insert.length, role } }
}

function* splicedParts(request: Uint8Array, splices: Iterable<Splice>): Generator<Uint8Array> {
  let offset = 0
  for (const { at, remove, insert } of splices) {
    if (at < offset || at + remove > request.length) throw mismatch(`a splice at ${at} is out of order or out of range`)
    yield request.subarray(offset, at)
    yield insert
    offset = at + remove
  }
  yield request.subarray(offset)
}

/** @throws MalformedError TRANSFORM_MISMATCH when splices descend, overlap or leave the request */
export function applySplices(request: Uint8Array, splices: readonly Splice[]): Uint8Array {
  return concatBytes(...splicedParts(request, splices))
}

/** Hashes each inserted octets once, however many splices insert them. */
export function* recordedSplices(
  records: readonly SpliceRecord[],
  inserts: ReadonlyMap<string, Uint8Array>,
): Generator<Splice> {
  const known = new Set<string>()
  for (const { at, remove, insert: named } of records) {
    const { digest, size, role } = named
    const insert = inserts.get(digest)
    if (insert === undefined) throw mismatch(`the inserted octets of ${role} at ${at} are not at hand`)
    if (insert.length !== size || (!known.has(digest) && digestUri(insert) !== digest))
      throw mismatch(`the inserted octets of ${role} at ${at} are not those recorded`)
    known.add(digest)
    yield { at, remove, insert, role }
  }
}

/**
 * Replays recorded splices over the request: what the result's octets come to. They are never put together, because a receipt can name
 * the same large octets in each of its splices.
 * @param inserts disclosed octets by digest; each is hashed again here, because whoever hands them over may lie
 * @throws MalformedError TRANSFORM_MISMATCH when octets are missing or do not fit
 */
export function replaySplices(
  request: Uint8Array,
  records: readonly SpliceRecord[],
  inserts: ReadonlyMap<string, Uint8Array>,
): { readonly digest: string; readonly size: number } {
  const hasher = createHasher('sha256')
  let size = 0
  for (const part of splicedParts(request, recordedSplices(records, inserts))) {
    hasher.update(part)
    size += part.length
  }
  return { digest: `sha256:${encodeHex(hasher.digest())}`, size }
}
