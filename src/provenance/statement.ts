/** The in-toto statement inside a bundle: what it is about, by digest. in-toto Attestation Framework, Statement v1. @module */
import { decodeJson, isJsonObject, type JsonValue } from '../core/encoding/json.ts'
import { MalformedError } from '../errors.ts'

export interface Statement {
  /** A URI that says what kind of claim it is. */
  readonly predicateType: string
  /** `sha256:…` of each artefact; artefacts with other digests alone cannot be compared and are refused. */
  readonly subjects: readonly string[]
  /** The claim itself; read by nobody but who knows its type. */
  readonly predicate: JsonValue
}

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
const SHA256 = /^[0-9a-f]{64}$/
/** A release has a handful of artefacts. */
const MAX_SUBJECTS = 1_024
const MAX_SIZE = 4 * 1024 * 1024

function refuse(why: string): MalformedError {
  return new MalformedError('PROVENANCE_FORMAT', why)
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function subjectOf(value: JsonValue): string {
  const digest = member(member(value, 'digest'), 'sha256')
  if (typeof digest !== 'string' || !SHA256.test(digest)) throw refuse('a subject has no SHA-256')
  return `sha256:${digest}`
}

/** @throws MalformedError PROVENANCE_FORMAT, JSON_*, UTF8_INVALID, PARSE_*, EVIDENCE_TOO_LARGE */
export function decodeStatement(payload: Uint8Array): Statement {
  const json = decodeJson(payload, { maxSize: MAX_SIZE })
  if (member(json, '_type') !== STATEMENT_TYPE) throw refuse('it is no in-toto statement of version 1')
  const predicateType = member(json, 'predicateType')
  if (typeof predicateType !== 'string') throw refuse('the statement names no type of predicate')
  const subjects = member(json, 'subject')
  if (!Array.isArray(subjects) || subjects.length === 0) throw refuse('the statement is about nothing')
  if (subjects.length > MAX_SUBJECTS) throw refuse('the statement has too many subjects')
  return { predicateType, subjects: subjects.map(subjectOf), predicate: member(json, 'predicate') ?? null }
}
