/**
 * The key of a witness as a file of one line, spelled like its verifier key:
 *
 * ```
 * PRIVATE+KEY+<name>+<key id, hex>+<base64 of 0x04 || seed (32)> LF
 * ```
 * @module
 */
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import { open } from 'node:fs/promises'
import { decodeBase64, decodeBase64Url, encodeBase64 } from '../core/encoding/base64.ts'
import { concatBytes, encodeHex } from '../core/encoding/bytes.ts'
import { encodeWitnessVkey, type NoteSigner, witnessKey } from '../core/log/index.ts'
import { CountersignError } from '../errors.ts'

/** What a witness signs with. The private key stays in a closure: nothing hands it out. */
export interface WitnessSigner {
  readonly name: string
  /** C2SP verifier key of type 0x04: what others put into their policy. */
  readonly vkey: string
  readonly signer: NoteSigner
}

const SEED_SIZE = 32
const COSIGNATURE_ED25519 = 0x04
// RFC 8410: PrivateKeyInfo of an Ed25519 seed.
const PKCS8_PREFIX = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20)
const KEY_LINE = /^PRIVATE\+KEY\+([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\n$/

/** The text of a key file. @throws CountersignError ERR_USAGE for a name with spaces or + */
export function encodeKeyFile(name: string, seed: Uint8Array): string {
  const { id } = witnessKey(name, publicKeyOf(privateKeyOf(seed)))
  return `PRIVATE+KEY+${name}+${encodeHex(id)}+${encodeBase64(concatBytes(Uint8Array.of(COSIGNATURE_ED25519), seed))}\n`
}

/** @throws CountersignError ERR_CONFIG; the text itself is never part of the message */
export function decodeKeyFile(text: string): WitnessSigner {
  const [, name, id, base64] = KEY_LINE.exec(text) ?? []
  if (name === undefined || id === undefined || base64 === undefined) throw notAKey('is not the key of a witness')
  const octets = decodeBase64(base64)
  if (octets.length !== 1 + SEED_SIZE || octets[0] !== COSIGNATURE_ED25519)
    throw notAKey('is not an Ed25519 key for cosignatures')
  const privateKey = privateKeyOf(octets.subarray(1))
  const key = witnessKey(name, publicKeyOf(privateKey))
  if (encodeHex(key.id) !== id) throw notAKey('names another key id than its key has: it was altered')
  const signer: NoteSigner = {
    publicKey: key.publicKey,
    sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)),
  }
  return { name, vkey: encodeWitnessVkey(key), signer }
}

/** Makes a key and its file, readable by its owner alone. @throws CountersignError ERR_CONFIG when there is one: it is never replaced */
export async function createKeyFile(path: string, name: string): Promise<WitnessSigner> {
  const text = encodeKeyFile(name, new Uint8Array(randomBytes(SEED_SIZE)))
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    throw exists ? notAKey(`${path} is there already, and a key is never replaced`) : cause
  })
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  return decodeKeyFile(text)
}

/** @throws CountersignError ERR_CONFIG: no such file, one that others may read, or not a key */
export async function readKeyFile(path: string): Promise<WitnessSigner> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new CountersignError('ERR_CONFIG', `${path} cannot be read; countersign witness init makes it`, { cause })
  })
  try {
    const { mode } = await file.stat()
    if ((mode & 0o077) !== 0) throw notAKey(`${path} may be read by others: chmod 600 it`)
    return decodeKeyFile(await file.readFile('utf8'))
  } finally {
    await file.close()
  }
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(concatBytes(PKCS8_PREFIX, seed)), format: 'der', type: 'pkcs8' })
}

function publicKeyOf(privateKey: KeyObject): Uint8Array {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (x === undefined) throw new CountersignError('ERR_USAGE', 'an Ed25519 key without x')
  return decodeBase64Url(x)
}

function notAKey(what: string): CountersignError {
  return new CountersignError('ERR_CONFIG', `key file: ${what}`)
}
