/**
 * Receipts with all their disclosures, on the host's disk, readable only with the client's rid. wire.md section 4.
 *
 * ```
 * SEALED   iv (12, random) || AES-256-GCM ciphertext || tag (16)
 * KEY      HKDF-SHA-256(IKM rid, salt boot, info "countersign:store:1" 00 tenant)
 * AAD      boot (16) || seq (u64 LE) || jti (16)
 * RECORD   length of the token (u32 LE) || token, ASCII || { length (u32 LE) || inserted octets of a splice } …
 * GONE     index of the leaf (u64 LE) || HMAC-SHA-256(KEY with info "countersign:gone:1" 00 tenant, jti || index): what an erased
 *          record leaves behind, so that its owner, and nobody else, hears that it was erased
 * ```
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { digestUri } from '../../core/crypto/index.ts'
import { decodeBase64Url } from '../../core/encoding/base64.ts'
import { concatBytes, encodeHex } from '../../core/encoding/bytes.ts'
import { Reader } from '../../core/encoding/reader.ts'
import { decodeAscii } from '../../core/encoding/utf8.ts'
import { receiptJti } from '../../core/receipt/receipt.ts'
import type { ObjectStore } from '../../storage/index.ts'
import type { PublishedLog } from '../log/index.ts'

/** What is kept of a receipt. */
export interface ReceiptRecord {
  /** The token with all disclosures. */
  readonly token: string
  /** Inserted octets of splices, in order. */
  readonly inserts: readonly Uint8Array[]
}

/** Who may read a record: both must be those that it was sealed for. */
export interface RecordOwner {
  readonly rid: Uint8Array
  /** Empty where no API keys are in use. */
  readonly tenant: string
}

/** Where a record stands: moving it elsewhere breaks it. */
export interface RecordPlace {
  readonly boot: Uint8Array
  readonly seq: number
  readonly jti: Uint8Array
}

const CIPHER = 'aes-256-gcm'
const IV_SIZE = 12
const TAG_SIZE = 16
const BOOT_SIZE = 16
const SEQ_SIZE = 8
const JTI_SIZE = 16
const LENGTH_SIZE = 4
const MAC_SIZE = 32
const SEALING = 'countersign:store:1\0'
const GONE = 'countersign:gone:1\0'
const RID = /^[A-Za-z0-9_-]{21}[AQgw]$/

/** RFC 5869 with one block of output: extract, then expand with the counter octet 1. */
function deriveKey({ rid, tenant }: RecordOwner, boot: Uint8Array, info: typeof SEALING | typeof GONE): Uint8Array {
  const pseudorandom = createHmac('sha256', boot).update(rid).digest()
  return createHmac('sha256', pseudorandom).update(`${info}${tenant}\u0001`).digest()
}

/** Written by hand: a DataView would give each of these few octets memory of its own. */
function writeUint(target: Uint8Array, at: number, { value, size }: { value: number; size: number }): void {
  let rest = value
  for (let i = 0; i < size; i++) {
    target[at + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

function additionalData({ boot, seq, jti }: RecordPlace): Uint8Array {
  const octets = new Uint8Array(BOOT_SIZE + SEQ_SIZE + JTI_SIZE)
  octets.set(boot)
  writeUint(octets, BOOT_SIZE, { value: seq, size: SEQ_SIZE })
  octets.set(jti, BOOT_SIZE + SEQ_SIZE)
  return octets
}

/** In one piece: a cipher that is fed bit by bit costs more for each bit than for what is in it. */
function encodeRecord({ token, inserts }: ReceiptRecord): Uint8Array {
  const size = inserts.reduce((sum, { length }) => sum + LENGTH_SIZE + length, LENGTH_SIZE + token.length)
  const clear = Buffer.alloc(size)
  writeUint(clear, 0, { value: token.length, size: LENGTH_SIZE })
  let at = LENGTH_SIZE + clear.write(token, LENGTH_SIZE, 'latin1')
  for (const insert of inserts) {
    writeUint(clear, at, { value: insert.length, size: LENGTH_SIZE })
    clear.set(insert, at + LENGTH_SIZE)
    at += LENGTH_SIZE + insert.length
  }
  return clear
}

function decodeRecord(bytes: Uint8Array): ReceiptRecord {
  const r = new Reader(bytes)
  const token = decodeAscii(r.bytes('token', r.u32le('length of the token')))
  const inserts: Uint8Array[] = []
  while (r.remaining > 0) inserts.push(r.bytes('insert', r.u32le('length of an insert')))
  return { token, inserts }
}

/** @param iv 12 random octets, never used before */
export function sealRecord(record: ReceiptRecord, owner: RecordOwner, place: RecordPlace, iv: Uint8Array): Uint8Array {
  const cipher = createCipheriv(CIPHER, deriveKey(owner, place.boot, SEALING), iv)
  cipher.setAAD(additionalData(place))
  const sealed = cipher.update(encodeRecord(record))
  return concatBytes(iv, sealed, cipher.final(), cipher.getAuthTag())
}

/** Undefined for another owner, another place, and altered octets: the three cannot be told apart. */
export function openRecord(sealed: Uint8Array, owner: RecordOwner, place: RecordPlace): ReceiptRecord | undefined {
  if (sealed.length < IV_SIZE + TAG_SIZE) return undefined
  const decipher = createDecipheriv(CIPHER, deriveKey(owner, place.boot, SEALING), sealed.subarray(0, IV_SIZE), {
    authTagLength: TAG_SIZE,
  })
  decipher.setAAD(additionalData(place))
  decipher.setAuthTag(sealed.subarray(-TAG_SIZE))
  const clear = decipher.update(sealed.subarray(IV_SIZE, -TAG_SIZE))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return decodeRecord(clear)
}

function encodeGone(owner: RecordOwner, { boot, jti }: Omit<RecordPlace, 'seq'>, index: number): Uint8Array {
  const place = new Uint8Array(SEQ_SIZE)
  writeUint(place, 0, { value: index, size: SEQ_SIZE })
  const mac = createHmac('sha256', deriveKey(owner, boot, GONE))
    .update(jti)
    .update(place)
    .digest()
  return concatBytes(place, mac)
}

/** The index that it holds; undefined for another owner and for altered octets. */
function openGone(gone: Uint8Array, owner: RecordOwner, place: Omit<RecordPlace, 'seq'>): number | undefined {
  if (gone.length !== SEQ_SIZE + MAC_SIZE) return undefined
  const index = Number(new DataView(gone.buffer, gone.byteOffset).getBigUint64(0, true))
  if (!Number.isSafeInteger(index)) return undefined
  return timingSafeEqual(gone, encodeGone(owner, place, index)) ? index : undefined
}

/** Where one boot keeps its receipts. */
export interface ReceiptShelf {
  readonly log: PublishedLog
  /** 16 octets. */
  readonly boot: Uint8Array
  readonly store: ObjectStore
}

/** Who asks, for what. */
export interface ReceiptWish {
  /** As the client sent it, whatever that was. */
  readonly rid: string
  readonly tenant: string
}

/** A receipt that was found again. Erased on request, or lapsed because retention ended: all that is left is its leaf. */
export type StoredReceipt =
  | {
      readonly state: 'kept'
      readonly token: string
      /** By digest. */
      readonly inserts: ReadonlyMap<string, Uint8Array>
      /** Place of its leaf. */
      readonly index: number
    }
  | { readonly state: 'erased' | 'lapsed'; readonly index: number }

interface Capability {
  readonly owner: RecordOwner
  readonly jti: Uint8Array
}

function readCapability({ rid, tenant }: ReceiptWish): Capability | undefined {
  if (!RID.test(rid)) return undefined
  const octets = decodeBase64Url(rid)
  return { owner: { rid: octets, tenant }, jti: decodeBase64Url(receiptJti(octets)) }
}

/** The name of the receipt that `rid` is the capability for; undefined for what is none. */
export function jtiOf(rid: string): Uint8Array | undefined {
  return readCapability({ rid, tenant: '' })?.jti
}

function goneName({ log }: ReceiptShelf, jti: Uint8Array): string {
  return `private/${log.id}/gone/${encodeHex(jti)}`
}

/** What lapsed leaves nothing that tells whose it was: whoever holds its id hears that it did. */
async function findRemains(shelf: ReceiptShelf, { owner, jti }: Capability): Promise<StoredReceipt | undefined> {
  const { log, boot, store } = shelf
  const place = await log.placeOf(jti)
  if (place === undefined) return undefined
  const gone = await store.read(goneName(shelf, jti), SEQ_SIZE + MAC_SIZE)
  if (gone === undefined) return { state: 'lapsed', index: place.index }
  const index = openGone(gone, owner, { boot, jti })
  return index === undefined ? undefined : { state: 'erased', index }
}

/**
 * Finds a receipt by its retrieval capability.
 * @returns undefined for an unknown, malformed or foreign one alike
 */
export async function findReceipt(shelf: ReceiptShelf, wish: ReceiptWish): Promise<StoredReceipt | undefined> {
  const capability = readCapability(wish)
  if (capability === undefined) return undefined
  const { owner, jti } = capability
  const { log, boot } = shelf
  const found = await log.readSealed(jti)
  if (found === undefined) return findRemains(shelf, capability)
  const record = openRecord(found.sealed, owner, { boot, seq: found.seq, jti })
  if (record === undefined) return undefined
  const inserts = new Map(record.inserts.map((insert) => [digestUri(insert), insert]))
  return { state: 'kept', token: record.token, inserts, index: found.index }
}

/** Erases what {@link findReceipt} found: disclosures, salts and inserted octets go, durably; the leaf stays. */
export async function eraseReceipt(shelf: ReceiptShelf, wish: ReceiptWish, { index }: StoredReceipt): Promise<void> {
  const capability = readCapability(wish)
  if (capability === undefined) return
  const { owner, jti } = capability
  // Before the octets go: in between it is there still, and after a crash it can be erased again.
  await shelf.store.write([{ name: goneName(shelf, jti), bytes: encodeGone(owner, { boot: shelf.boot, jti }, index) }])
  await shelf.log.erase(jti)
}
