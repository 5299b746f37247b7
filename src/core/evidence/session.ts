/** The session document: static per boot and epoch; names the keys and everything static. wire.md section 1. @module */

import { MalformedError } from '../../errors.ts'
import { encodeBase64Url } from '../encoding/base64.ts'
import { decodeJson } from '../encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../encoding/shape.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { decodeEd25519Jwk, type Ed25519Jwk } from './jwk.ts'
import { decodeResourceDescriptor, type ResourceDescriptor } from './resource-descriptor.ts'

export const SESSION_PROFILE = 'urn:countersign:session:1'
/** Of a record that holds one. */
export const SESSION_TYPE: string = `application/eat-ucs+json; eat_profile="${SESSION_PROFILE}"`
const MAX_SESSION_SIZE = 64 * 1024
const CODES: ShapeCodes = { missing: 'SESSION_INVALID', unknown: 'SESSION_INVALID', invalid: 'SESSION_INVALID' }

export interface SessionKeys {
  /** Signs receipts. */
  readonly receipt: Ed25519Jwk
  /** C2SP vkey of the log; its name is the log's origin. */
  readonly log: string
  /** SHA-256 of the SubjectPublicKeyInfo of each TLS key made in the TEE, lower-case hex. Empty: no TLS of its own. */
  readonly tls_spki_sha256: readonly string[]
  /** OHTTP key configuration, base64url. */
  readonly ohttp?: string
}

export interface Session {
  readonly eat_profile: typeof SESSION_PROFILE
  /** 16 random octets, base64url. */
  readonly boot: string
  readonly epoch: number
  /** Seconds since 1970, by the host's clock. */
  readonly iat: number
  readonly swname: string
  readonly swversion: readonly [string]
  readonly keys: SessionKeys
  readonly dependencies: readonly ResourceDescriptor[]
}

/** The session's octets. They are kept verbatim from here on: digests cover them, never a re-serialised object. */
export function encodeSession(session: Session): Uint8Array {
  return encodeUtf8(JSON.stringify(session))
}

function decodeKeys(reader: ObjectReader): SessionKeys {
  const receipt = decodeEd25519Jwk(reader.value('receipt'), 'session.keys.receipt', CODES)
  const log = reader.string('log', /^[\x21-\x7e]{1,1024}$/)
  const spkis = reader.strings('tls_spki_sha256', /^[0-9a-f]{64}$/)
  const ohttp = reader.has('ohttp') ? { ohttp: reader.string('ohttp', /^[A-Za-z0-9_-]+$/) } : {}
  return { receipt, log, tls_spki_sha256: spkis, ...ohttp }
}

/** @throws MalformedError SESSION_INVALID, JSON_*, UTF8_INVALID */
export function decodeSession(bytes: Uint8Array): Session {
  const reader = new ObjectReader(decodeJson(bytes, { maxSize: MAX_SESSION_SIZE }), 'session', CODES)
  const eatProfile = reader.oneOf('eat_profile', [SESSION_PROFILE])
  const boot = reader.string('boot', /^[A-Za-z0-9_-]{21}[AQgw]$/)
  const epoch = reader.integer('epoch')
  const iat = reader.seconds('iat')
  const swname = reader.string('swname')
  const [swversion, ...more] = reader.strings('swversion')
  if (swversion === undefined || more.length > 0) throw reader.invalid('swversion', 'must hold one string')
  const keys = reader.object('keys').whole(decodeKeys)
  const dependencies = reader
    .array('dependencies')
    .map((value, i) => decodeResourceDescriptor(value, `session.dependencies[${i}]`, CODES))
  reader.end()
  return { eat_profile: eatProfile, boot, epoch, iat, swname, swversion: [swversion], keys, dependencies }
}

/** The one dependency of a role. @throws MalformedError SESSION_INVALID when the role is absent or doubled */
export function sessionDependency(session: Session, role: string): ResourceDescriptor {
  const [found, ...more] = session.dependencies.filter((dependency) => dependency.annotations.role === role)
  if (found === undefined || more.length > 0)
    throw new MalformedError('SESSION_INVALID', `session must name one dependency of role ${role}`)
  return found
}

/** The `boot` member of 16 random octets. */
export function encodeBoot(random: Uint8Array): string {
  return encodeBase64Url(random)
}
