/** What a policy pins of an answer's dependencies and engine: their form in the file, not the judgement. wire.md sections 2, 7. @module */
import type { JsonValue } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'
import { DIGEST_OR_NONE } from '../evidence/resource-descriptor.ts'
import { DETERMINISM, type Determinism } from './claims.ts'
import { DEPENDENCY_ROLES, type DependencyRole } from './disclosed.ts'

/** By role the digests (`sha256:…`) that may stand there; `none` admits that the role does not apply. A role that is absent is not pinned. */
export type DependencyPins = Readonly<Partial<Record<DependencyRole, readonly string[]>>>

/** An engine that may answer, by what the receipt claims of it. */
export interface EnginePin {
  readonly name: string
  readonly version: string
  readonly determinism: Determinism | 'unchecked'
}

/** @throws MalformedError for a role that does not exist, a list that is empty or holds one thing twice */
export function readDependencyPins(reader: ObjectReader): DependencyPins {
  const pins: Partial<Record<DependencyRole, readonly string[]>> = {}
  for (const role of DEPENDENCY_ROLES) {
    if (!reader.has(role)) continue
    const digests = reader.strings(role, DIGEST_OR_NONE)
    if (digests.length === 0) throw reader.invalid(role, 'must not be empty: leave the role out, or spell "none"')
    if (new Set(digests).size !== digests.length) throw reader.invalid(role, 'must not name one thing twice')
    pins[role] = digests
  }
  reader.end()
  return pins
}

/** @throws MalformedError for a pin with other members, or out of form */
export function readEnginePin(value: JsonValue, path: string, codes: ShapeCodes): EnginePin {
  return new ObjectReader(value, path, codes).whole((reader) => ({
    name: reader.string('name'),
    version: reader.string('version'),
    determinism: reader.unlessUnchecked('determinism', () => reader.oneOf('determinism', DETERMINISM)),
  }))
}
