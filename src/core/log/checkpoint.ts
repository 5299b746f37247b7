/**
 * C2SP checkpoints (c2sp.org/tlog-checkpoint) in the narrow form that this profile allows, and origins that certify their key.
 *
 * ```
 * <host>/log/<base64url of the log's 32 raw public octets> LF      the origin, also the key name
 * <tree size, decimal> LF
 * <root hash, base64> LF                                           no extension lines
 * ```
 * @module
 */
import { CountersignError, MalformedError } from '../../errors.ts'
import { decodeBase64Url, encodeBase64, encodeBase64Url } from '../encoding/base64.ts'
import { sameBytes } from '../encoding/bytes.ts'
import { decodeDecimal, decodeHash, decodeText, refuseAs } from './lines.ts'
import { type NoteSigner, signNote } from './note.ts'
import { isKeyName } from './verifier-key.ts'

const MAX_BODY_SIZE = 1_024
// A host in lower case, maybe with a port or as an IPv6 literal: one spelling for each log.
const HOST = /^[a-z0-9.:[\]-]{1,255}$/

/** A tree head under the name of its log. Decoded, not verified. */
export interface Checkpoint {
  readonly origin: string
  /** Leaves, 0 to 2^53 - 1. */
  readonly size: number
  /** 32 octets. */
  readonly root: Uint8Array
}

/** A checkpoint with the texts it was read from or written to. */
export interface SignedCheckpoint extends Checkpoint {
  /** The signed text, verbatim, with its final line feed: what a statement quotes. */
  readonly body: string
  /** Body and signature lines, verbatim. */
  readonly note: string
}

/** The body, with its final line feed. */
export function encodeCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isKeyName(origin) || !Number.isSafeInteger(size) || size < 0 || root.length !== 32)
    throw new CountersignError('ERR_USAGE', 'not a checkpoint: origin, size or root is out of form')
  return `${origin}\n${size}\n${encodeBase64(root)}\n`
}

/**
 * Strict: the text is exactly `encodeCheckpoint` of what it decodes to.
 * @throws MalformedError CHECKPOINT_FORMAT
 */
export function decodeCheckpoint(body: string | Uint8Array): Checkpoint {
  const [origin, size, root, end, ...more] = decodeText(body, MAX_BODY_SIZE, 'CHECKPOINT_FORMAT').split('\n')
  if (origin === undefined || size === undefined || root === undefined || end !== '' || more.length > 0)
    throw new MalformedError('CHECKPOINT_FORMAT', 'a checkpoint is three lines, each ended by a line feed')
  if (!isKeyName(origin)) throw new MalformedError('CHECKPOINT_FORMAT', 'the origin is empty, or holds spaces or +')
  return {
    origin,
    size: decodeDecimal(size, 'the tree size', 'CHECKPOINT_FORMAT'),
    root: decodeHash(root, 'the root', 'CHECKPOINT_FORMAT'),
  }
}

/** Signs a checkpoint under its origin as key name. */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): SignedCheckpoint {
  const body = encodeCheckpoint(checkpoint)
  const { origin, size, root } = checkpoint
  return { origin, size, root, body, note: signNote(body, origin, signer) }
}

/** What an origin says. */
export interface LogOrigin {
  readonly host: string
  /** 32 raw octets of the one key that may sign for this origin. */
  readonly publicKey: Uint8Array
}

/** The origin of the log of `publicKey` (32 raw octets) at `host`: `<host>/log/<base64url>`. */
export function logOrigin(host: string, publicKey: Uint8Array): string {
  if (!HOST.test(host))
    throw new CountersignError('ERR_CONFIG', 'host: must be a host name in lower case, port allowed')
  if (publicKey.length !== 32) throw new CountersignError('ERR_USAGE', 'an Ed25519 public key has 32 octets')
  return `${host}/log/${encodeBase64Url(publicKey)}`
}

/** @throws MalformedError LOG_ORIGIN unless the text is `<host>/log/<base64url of 32 octets>` */
export function decodeLogOrigin(origin: string): LogOrigin {
  const [host, log, id, ...more] = origin.split('/')
  if (host === undefined || !HOST.test(host) || log !== 'log' || id === undefined || more.length > 0)
    throw new MalformedError('LOG_ORIGIN', 'an origin is <host>/log/<id>')
  const publicKey = refuseAs('LOG_ORIGIN', () => decodeBase64Url(id))
  if (publicKey.length !== 32) throw new MalformedError('LOG_ORIGIN', 'the id of a log is a key of 32 octets')
  return { host, publicKey }
}

/**
 * Passes only if the origin certifies this key: nobody can open a second log under it.
 * @throws MalformedError LOG_ORIGIN
 */
export function matchOriginKey(origin: string, publicKey: Uint8Array): void {
  if (!sameBytes(decodeLogOrigin(origin).publicKey, publicKey))
    throw new MalformedError('LOG_ORIGIN', 'the origin certifies another key')
}
