/**
 * States of conversations on the host's disk, readable with the client's API key alone: keys of the TEE end with their boot, and a conversation
 * goes on after it. Which client a state is of, or which answer it stands behind, its name does not tell.
 *
 * ```
 * STATE   expires (day since 1970, u32 LE) || iv (12, random) || AES-256-GCM ciphertext || tag (16)
 * KEY     HKDF-SHA-256(IKM API key, salt "countersign:memory:1", info tenant || 00 || purpose), purpose "state" or "name"
 * ID      HMAC-SHA-256(KEY of names, id of the response, UTF-16LE), lower-case hex
 * NAME    private/memory/<first two letters of ID>/<ID>
 * AAD     NAME || expires
 * RECORD  created (seconds since 1970, u64 LE) || turns (u32 LE) || elements (u32 LE) || receipt (32) || octets of the elements
 * ```
 *
 * The host can still bring back an older state of the same name, or remove one. A state that was brought back shows in the receipts: its
 * digest as `memory-before` is not that of `memory-after` of the receipt that the client holds. One that was removed is refused as unknown.
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { concatBytes, decodeHex, encodeHex } from '../../../core/encoding/bytes.ts'
import { Reader } from '../../../core/encoding/reader.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import type { ObjectStore } from '../../../storage/index.ts'

/** Who may read a state: nobody else finds it. */
export interface StateOwner {
  readonly apiKey: string
  readonly tenant: string
}

/** What a conversation has come to. */
export interface ConversationState {
  /** Seconds since 1970. */
  readonly created: number
  /** Answers in it. */
  readonly turns: number
  /** Messages or items in it. */
  readonly elements: number
  /** `sha256:…` of the receipt of its newest answer. */
  readonly receipt: string
  /** The elements as they were written, joined by commas. */
  readonly octets: Uint8Array
}

export interface KeptState {
  readonly state: ConversationState
  /** Day since 1970 from which on it is to be removed. */
  readonly expires: number
  /** 12 random octets, never used before. */
  readonly iv: Uint8Array
}

/** Where states lie, in 256 folders. */
export const STATES = 'private/memory'
/** Of the day, in clear: so that what has lapsed can be removed without any key. */
export const EXPIRES_SIZE = 4
/** Octets of elements at most: no configuration asks for more. */
export const MAX_STATE: number = 4 << 20
export const IV_SIZE = 12

const CIPHER = 'aes-256-gcm'
const SALT = 'countersign:memory:1'
const TAG_SIZE = 16
const RECEIPT_SIZE = 32
const HEAD_SIZE = 8 + 4 + 4 + RECEIPT_SIZE
const MAX_SEALED = EXPIRES_SIZE + IV_SIZE + HEAD_SIZE + MAX_STATE + TAG_SIZE
const SHA256 = 'sha256:'

function deriveKey({ apiKey, tenant }: StateOwner, purpose: 'state' | 'name'): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', apiKey, SALT, `${tenant}\0${purpose}`, 32))
}

/** UTF-16: model servers choose ids, and two that differ must not come to one name, whatever letters they are of. */
function nameOf(owner: StateOwner, responseId: string): string {
  const id = createHmac('sha256', deriveKey(owner, 'name')).update(responseId, 'utf16le').digest('hex')
  return `${STATES}/${id.slice(0, 2)}/${id}`
}

function encodeExpires(day: number): Uint8Array {
  const octets = new Uint8Array(EXPIRES_SIZE)
  new DataView(octets.buffer).setUint32(0, day, true)
  return octets
}

/** Day since 1970; undefined for what is cut short. @param octets of the host: anyone may have written them */
export function readExpires(octets: Uint8Array): number | undefined {
  return octets.length < EXPIRES_SIZE ? undefined : new Reader(octets).u32le('expires')
}

function encodeHead({ created, turns, elements, receipt }: ConversationState): Uint8Array {
  const head = new Uint8Array(HEAD_SIZE)
  const view = new DataView(head.buffer)
  view.setBigUint64(0, BigInt(created), true)
  view.setUint32(8, turns, true)
  view.setUint32(12, elements, true)
  head.set(decodeHex(receipt.slice(SHA256.length)), 16)
  return head
}

/** @throws MalformedError PARSE_* for octets that are none */
export function decodeRecord(bytes: Uint8Array): ConversationState {
  const r = new Reader(bytes)
  const created = Number(r.u64le('created'))
  const turns = r.u32le('turns')
  const elements = r.u32le('elements')
  const receipt = `${SHA256}${encodeHex(r.bytes('receipt', RECEIPT_SIZE))}`
  return { created, turns, elements, receipt, octets: r.bytes('elements', r.remaining) }
}

function seal(owner: StateOwner, name: string, { state, expires, iv }: KeptState): Uint8Array {
  const day = encodeExpires(expires)
  const cipher = createCipheriv(CIPHER, deriveKey(owner, 'state'), iv)
  cipher.setAAD(concatBytes(encodeUtf8(name), day))
  const head = cipher.update(encodeHead(state))
  return concatBytes(day, iv, head, cipher.update(state.octets), cipher.final(), cipher.getAuthTag())
}

/** Undefined for octets that were altered, cut, or sealed under another name, day or key: which of these it is cannot be told. */
function open(owner: StateOwner, name: string, sealed: Uint8Array): ConversationState | undefined {
  if (sealed.length < EXPIRES_SIZE + IV_SIZE + HEAD_SIZE + TAG_SIZE) return undefined
  const iv = sealed.subarray(EXPIRES_SIZE, EXPIRES_SIZE + IV_SIZE)
  const decipher = createDecipheriv(CIPHER, deriveKey(owner, 'state'), iv, { authTagLength: TAG_SIZE })
  decipher.setAAD(concatBytes(encodeUtf8(name), sealed.subarray(0, EXPIRES_SIZE)))
  decipher.setAuthTag(sealed.subarray(-TAG_SIZE))
  const clear = decipher.update(sealed.subarray(EXPIRES_SIZE + IV_SIZE, -TAG_SIZE))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return decodeRecord(clear)
}

/**
 * What was kept behind an answer.
 * @param responseId as a client sent it, whatever that was
 * @returns undefined for an unknown, foreign or damaged one alike
 */
export async function readState(
  store: ObjectStore,
  owner: StateOwner,
  responseId: string,
): Promise<ConversationState | undefined> {
  const name = nameOf(owner, responseId)
  // The host chooses how long a file is: of one too long only the beginning is read, which then does not open.
  const sealed = await store.readRange(name, 0, MAX_SEALED)
  return sealed && open(owner, name, sealed)
}

/** In place of what was kept behind the same id before. Resolves when it is durable. */
export async function writeState(
  store: ObjectStore,
  owner: StateOwner,
  { responseId, ...kept }: KeptState & { readonly responseId: string },
): Promise<void> {
  const name = nameOf(owner, responseId)
  await store.write([{ name, bytes: seal(owner, name, kept) }])
}

/** Of a damaged one too. */
export async function removeState(store: ObjectStore, owner: StateOwner, responseId: string): Promise<void> {
  await store.remove([nameOf(owner, responseId)])
}
