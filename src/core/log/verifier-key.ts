/** C2SP verifier keys (c2sp.org/signed-note): `name+<key id, hex>+<base64 of type || key>`, for the two types that are Ed25519. @module */
import { CountersignError, MalformedError } from '../../errors.ts'
import { sha256 } from '../crypto/index.ts'
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts'
import { concatBytes, decodeHex, encodeHex, sameBytes } from '../encoding/bytes.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { refuseAs } from './lines.ts'

/** Octets of a key id. */
export const KEY_ID_SIZE = 4
const KEY_SIZE = 32
// Key names hold neither Unicode spaces nor "+". \s lacks U+0085, which Unicode counts as a space.
const KEY_NAME = /^[^\s\u0085+]+$/u
const VKEY = /^([^\s\u0085+]+)\+([0-9a-f]{8})\+(\S+)$/u

/** What the key signs: the text of notes, or cosignatures of checkpoints. */
export const KEY_TYPES = { note: 0x01, cosignature: 0x04 } as const
export type KeyType = keyof typeof KEY_TYPES

export interface VerifierKey {
  readonly name: string
  /** 4 octets, a hint which key signed: an attacker can make a colliding key, and gains a failed signature by it. */
  readonly id: Uint8Array
  /** 32 raw octets (RFC 8032). */
  readonly publicKey: Uint8Array
}

/** Whether `name` may stand in a signature line. */
export function isKeyName(name: string): boolean {
  return KEY_NAME.test(name)
}

/** Its id is SHA-256(name || 0x0A || type || key), first 4 octets. */
export function verifierKey(type: KeyType, name: string, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw new CountersignError('ERR_USAGE', 'a key name holds neither spaces nor +')
  if (publicKey.length !== KEY_SIZE) throw new CountersignError('ERR_USAGE', 'an Ed25519 public key has 32 octets')
  const id = sha256(encodeUtf8(`${name}\n`), Uint8Array.of(KEY_TYPES[type]), publicKey).slice(0, KEY_ID_SIZE)
  return { name, id, publicKey }
}

export function encodeVerifierKey(type: KeyType, { name, id, publicKey }: VerifierKey): string {
  return `${name}+${encodeHex(id)}+${encodeBase64(concatBytes(Uint8Array.of(KEY_TYPES[type]), publicKey))}`
}

/** @throws MalformedError PARSE_INVALID unless the text is the one spelling of an Ed25519 key of this type with its own id */
export function decodeVerifierKey(type: KeyType, text: string): VerifierKey {
  const [, name, hex, base64] = VKEY.exec(text) ?? []
  if (name === undefined || hex === undefined || base64 === undefined)
    throw new MalformedError('PARSE_INVALID', 'not a C2SP verifier key')
  const key = refuseAs('PARSE_INVALID', () => decodeBase64(base64))
  if (key.length !== 1 + KEY_SIZE || key[0] !== KEY_TYPES[type])
    throw new MalformedError('PARSE_INVALID', `not an Ed25519 verifier key of type 0x0${KEY_TYPES[type]}`)
  const decoded = refuseAs('PARSE_INVALID', () => verifierKey(type, checkUnicode(name), key.slice(1)))
  if (!sameBytes(decoded.id, decodeHex(hex))) throw new MalformedError('PARSE_INVALID', 'key id is not that of the key')
  return decoded
}

function checkUnicode(name: string): string {
  encodeUtf8(name)
  return name
}
