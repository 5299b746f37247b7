/** The values behind disclosures: what was asked, forwarded, answered, relied on, and the exchange around it. @module */

import { MalformedError } from '../../errors.ts'
import type { JsonObject, JsonValue } from '../encoding/json.ts'
import { isJsonObject } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'
import { DIGEST_URI, decodeResourceDescriptor, type ResourceDescriptor } from '../evidence/resource-descriptor.ts'
import { decodeSpliceRecords, type SpliceRecord } from '../transform/splice.ts'

/** Exact content octets, by digest. */
export interface Octets {
  readonly digest: string
  /** Count of the octets covered. */
  readonly size: number
  readonly media_type: string
  /** SHA-256 over JCS of the merged choices, where the gateway computed it. */
  readonly output_digest?: string
}

/** The octets that the engine was given, and how they come from the request. */
export interface Forwarded {
  readonly digest: string
  readonly size: number
  readonly transforms: readonly SpliceRecord[]
}

/** Everything that an answer may rely on; a role that does not apply is `none`, so that leaving one out shows. */
export const DEPENDENCY_ROLES = [
  'prompt-template',
  'chat-template',
  'system-prompt',
  'tokenizer',
  'sampling-parameters',
  'tool-definitions',
  'tool-call',
  'retrieval-index',
  'retrieval-result',
  'memory-before',
  'memory-after',
] as const
export type DependencyRole = (typeof DEPENDENCY_ROLES)[number]
export type Dependencies = Readonly<Record<DependencyRole, readonly ResourceDescriptor[] | 'none'>>

export interface Disclosed {
  readonly request?: Octets
  readonly forwarded?: Forwarded
  readonly response?: Octets
  readonly dependencies?: Dependencies
  /** `{http, gen_ai, upstream, retry_count, …}`: descriptive; no check rests on it but those that name it. */
  readonly exchange?: JsonObject
}

const CODES: ShapeCodes = { missing: 'CLAIM_MISSING', unknown: 'DISCLOSURE_INVALID', invalid: 'DISCLOSURE_INVALID' }

/** @throws MalformedError CLAIM_MISSING, DISCLOSURE_INVALID */
export function decodeOctets(value: JsonValue, path: string): Octets {
  return new ObjectReader(value, path, CODES).whole((reader) => ({
    digest: reader.string('digest', DIGEST_URI),
    size: reader.integer('size'),
    media_type: reader.string('media_type'),
    ...(reader.has('output_digest') && { output_digest: reader.string('output_digest', DIGEST_URI) }),
  }))
}

/** @throws MalformedError CLAIM_MISSING, DISCLOSURE_INVALID */
export function decodeForwarded(value: JsonValue): Forwarded {
  return new ObjectReader(value, 'forwarded', CODES).whole((reader) => ({
    digest: reader.string('digest', DIGEST_URI),
    size: reader.integer('size'),
    transforms: decodeSpliceRecords(reader.array('transforms'), CODES),
  }))
}

/** @throws MalformedError CLAIM_MISSING when a role is neither given nor `none`; DISCLOSURE_INVALID */
export function decodeDependencies(value: JsonValue): Dependencies {
  return new ObjectReader(value, 'dependencies', CODES).whole((reader) => {
    const read = (role: DependencyRole): readonly ResourceDescriptor[] | 'none' => decodeRole(reader, role)
    return {
      'prompt-template': read('prompt-template'),
      'chat-template': read('chat-template'),
      'system-prompt': read('system-prompt'),
      tokenizer: read('tokenizer'),
      'sampling-parameters': read('sampling-parameters'),
      'tool-definitions': read('tool-definitions'),
      'tool-call': read('tool-call'),
      'retrieval-index': read('retrieval-index'),
      'retrieval-result': read('retrieval-result'),
      'memory-before': read('memory-before'),
      'memory-after': read('memory-after'),
    }
  })
}

function decodeRole(reader: ObjectReader, role: DependencyRole): readonly ResourceDescriptor[] | 'none' {
  if (reader.value(role) === 'none') return 'none'
  const list = reader.array(role).map((item, i) => decodeResourceDescriptor(item, `dependencies.${role}[${i}]`, CODES))
  if (list.length === 0) throw reader.invalid(role, 'must not be empty: spell "none"')
  if (list.some((item) => item.annotations.role !== role))
    throw reader.invalid(role, 'holds a descriptor of another role')
  return list
}

/** @throws MalformedError DISCLOSURE_INVALID unless it is an object */
export function decodeExchange(value: JsonValue): JsonObject {
  if (!isJsonObject(value)) throw new MalformedError('DISCLOSURE_INVALID', 'exchange must be an object')
  return value
}
