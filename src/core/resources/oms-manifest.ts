/**
 * The manifest of a model folder: an in-toto Statement of OpenSSF Model Signing v1, method `files`. Its subject digest covers the digests of
 * the files and not their names, so receipts name `root`: SHA-256 over JCS of the predicate, which a rename or a changed mode changes too.
 * @module
 */
import { MalformedError } from '../../errors.ts'
import { digestUri, sha256 } from '../crypto/index.ts'
import { concatBytes, decodeHex, encodeHex } from '../encoding/bytes.ts'
import { encodeJcs } from '../encoding/jcs.ts'
import { decodeJson, type JsonValue } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'
import { SHA256_HEX } from '../evidence/resource-descriptor.ts'
import { assertRelativeName, compareNames } from './oms-manifest-names.ts'

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
const PREDICATE_TYPE = 'https://model_signing/signature/v1.0'
const CODES: ShapeCodes = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' }
/** A hundred thousand files with names of ordinary length. */
const MAX_SIZE = 16 * 1024 * 1024

export interface OmsResource {
  /** Relative POSIX path. */
  readonly name: string
  /** Lower-case hexadecimal SHA-256 of the file's octets. */
  readonly digest: string
  /** Stands where somebody may execute the file; not in manifests of others, who leave modes out. */
  readonly executable?: true
}

export interface OmsManifest {
  /** Of the model, for people: no digest covers it. */
  readonly name: string
  readonly allowSymlinks: boolean
  /** Paths below the folder that were left out; older manifests of others do not say. */
  readonly ignorePaths?: readonly string[]
  /** In the order of their names, each name once. */
  readonly resources: readonly OmsResource[]
}

/** A manifest of regular files, in whatever order they are given. @throws MalformedError PARSE_INVALID */
export function createOmsManifest(
  name: string,
  resources: readonly OmsResource[],
  ignorePaths: readonly string[],
): OmsManifest {
  const sorted = [...resources].sort((a, b) => compareNames(a.name, b.name))
  assertResources(sorted)
  return { name, allowSymlinks: false, ignorePaths, resources: sorted }
}

function assertResources(resources: readonly OmsResource[]): void {
  if (resources.length === 0) throw new MalformedError('PARSE_INVALID', 'a manifest names at least one file')
  resources.forEach(({ name }, i) => {
    assertRelativeName(name)
    const previous = resources[i - 1]
    if (previous !== undefined && compareNames(previous.name, name) >= 0)
      throw new MalformedError('PARSE_INVALID', `${JSON.stringify(name.slice(0, 64))} is twice or out of order`)
  })
}

function predicateOf({ allowSymlinks, ignorePaths, resources }: OmsManifest): JsonValue {
  return {
    serialization: {
      method: 'files',
      hash_type: 'sha256',
      allow_symlinks: allowSymlinks,
      ...(ignorePaths === undefined ? {} : { ignore_paths: ignorePaths }),
    },
    resources: resources.map((resource) => ({ ...resource, algorithm: 'sha256' })),
  }
}

/** What receipts name, scheme `oms-v1`: changes with every octet, name and executable bit. */
export function omsRoot(manifest: OmsManifest): string {
  return digestUri(encodeJcs(predicateOf(manifest)))
}

function subjectHex(resources: readonly OmsResource[]): string {
  return encodeHex(sha256(concatBytes(...resources.map(({ digest }) => decodeHex(digest)))))
}

/** What signatures of publishers name: SHA-256 over the digests of the files, in order. Names are not covered. */
export function omsSubject(manifest: OmsManifest): string {
  return `sha256:${subjectHex(manifest.resources)}`
}

/** The octets of the statement, canonical. */
export function encodeOmsManifest(manifest: OmsManifest): Uint8Array {
  return encodeJcs({
    _type: STATEMENT_TYPE,
    subject: [{ name: manifest.name, digest: { sha256: subjectHex(manifest.resources) } }],
    predicateType: PREDICATE_TYPE,
    predicate: predicateOf(manifest),
  })
}

function decodeResource(value: JsonValue): OmsResource {
  const reader = new ObjectReader(value, 'resource', CODES)
  const name = reader.string('name')
  reader.oneOf('algorithm', ['sha256'])
  const digest = reader.string('digest', SHA256_HEX)
  const marked = reader.has('executable')
  // One spelling for each manifest: `false` would be another root for the same files.
  if (marked && !reader.boolean('executable')) throw reader.invalid('executable', 'must be true or left out')
  reader.end()
  return { name, digest, ...(marked ? { executable: true } : {}) }
}

function decodeSerialization(reader: ObjectReader): Omit<OmsManifest, 'name' | 'resources'> {
  reader.oneOf('method', ['files'])
  reader.oneOf('hash_type', ['sha256'])
  const allowSymlinks = reader.boolean('allow_symlinks')
  const ignorePaths = reader.has('ignore_paths') ? { ignorePaths: reader.strings('ignore_paths') } : {}
  reader.end()
  return { allowSymlinks, ...ignorePaths }
}

function decodeSubject(values: readonly JsonValue[]): { readonly name: string; readonly sha256: string } {
  if (values.length !== 1) throw new MalformedError('PARSE_INVALID', 'statement.subject must hold one model')
  const subject = new ObjectReader(values[0], 'subject', CODES)
  const name = subject.string('name')
  const digest = subject.object('digest')
  const hex = digest.string('sha256', SHA256_HEX)
  digest.end()
  subject.end()
  return { name, sha256: hex }
}

/**
 * Strict: every field known, names relative, in order and once each, the subject that of the files.
 * @param octets of whoever wrote the manifest or signed it
 * @throws MalformedError PARSE_INVALID, JSON_*, UTF8_INVALID, EVIDENCE_TOO_LARGE
 */
export function decodeOmsManifest(octets: Uint8Array): OmsManifest {
  const statement = new ObjectReader(decodeJson(octets, { maxSize: MAX_SIZE }), 'statement', CODES)
  statement.oneOf('_type', [STATEMENT_TYPE])
  statement.oneOf('predicateType', [PREDICATE_TYPE])
  const subject = decodeSubject(statement.array('subject'))
  const predicate = statement.object('predicate')
  const serialization = decodeSerialization(predicate.object('serialization'))
  const resources = predicate.array('resources').map(decodeResource)
  predicate.end()
  statement.end()
  assertResources(resources)
  if (subjectHex(resources) !== subject.sha256)
    throw new MalformedError('PARSE_INVALID', 'the subject is not the digest of the files that are listed')
  return { name: subject.name, ...serialization, resources }
}
